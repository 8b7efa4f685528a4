//go:build !unix

package screen

import (
	"io"
	"os"
)

// suspendSignals are unknown here: nothing stops a process.
var suspendSignals []os.Signal

func canStop() bool { return false }

// stop is never run.
type stop struct{}

func (stop) Run() error          { return nil }
func (stop) SetStdin(io.Reader)  {}
func (stop) SetStdout(io.Writer) {}
func (stop) SetStderr(io.Writer) {}
