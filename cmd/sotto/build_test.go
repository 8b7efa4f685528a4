package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built is the program as its users have it, without the race detector: made
// once, for whichever tests need it.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// buildProgram returns the program's file.
func buildProgram(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "sotto-test-"); built.err != nil {
			return
		}
		if out, err := exec.Command("go", "build", "-o", built.dir, ".").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "sotto")
}

// tests removes what was built.
type tests struct{ *testing.M }

func (m tests) Run() int {
	code := m.M.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir) // in a temporary folder
	}
	return code
}
