package check

import (
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
	os.Exit(program.Main("../..", &sotto, func() int {
		address := program.Loopback(1)
		relay = "http://" + address + ":8081"
		p, err := program.Start(sotto, "--listen", address+":8080", "--admin-listen", address+":8081")
		if err == nil {
			defer p.Stop(syscall.SIGKILL) //nolint:errcheck // it was killed
			err = p.Answers(relay+"/readyz", http.StatusOK)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}))
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
