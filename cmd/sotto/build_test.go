package main

import (
	"context"
	"os"
	"sync"
	"testing"

	"sotto/internal/program"
)

// built is the program as its users have it, without the race detector: made
// once, for whichever tests need it.
var built struct {
	once      sync.Once
	dir, path string
	err       error
}

// buildProgram returns the program's file.
func buildProgram(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "sotto-test-"); built.err != nil {
			return
		}
		built.path, built.err = program.Build(context.Background(), "../..", built.dir)
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
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
