package check

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"sotto/internal/program"
)

var (
	sotto string // the relay's program
	relay string // the admin listener of one that runs during the tests
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "sotto")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir) //nolint:errcheck // of no consequence
		sotto, err = program.Build(context.Background(), "../..", dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		relay = "http://" + program.Loopback(1) + ":8081"
		p, err := program.Start(sotto, "--listen", program.Loopback(1)+":8080", "--admin-listen", program.Loopback(1)+":8081")
		if err == nil {
			defer p.Stop(syscall.SIGKILL) //nolint:errcheck // it was killed
			err = p.Answers(relay+"/readyz", http.StatusOK)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
