//go:build unix

package screen

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// suspendSignals ask the process to stop.
var suspendSignals = []os.Signal{syscall.SIGTSTP}

// canStop reports whether the shell would come back: who stands between, such as
// go run, has to stop too, and the sandbox lets nobody else be signalled.
func canStop() bool {
	parent := syscall.Getppid()
	group, err := syscall.Getpgid(parent)
	return err != nil || group != syscall.Getpgrp() || syscall.Kill(parent, 0) == nil
}

// settle is for bubbletea: a goroutine of its own stops the ticker that draws, and
// would do so after it was started anew if that came too soon.
const settle = 100 * time.Millisecond

// stop is the program that is run meanwhile: it stops this one, and whoever
// started it for the shell, as ^Z does. Not by the same signal: once a Go program
// has listened to that, it does not stop by it any more.
type stop struct{}

func (stop) Run() error {
	<-time.After(settle)
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	if err := syscall.Kill(0, syscall.SIGSTOP); err != nil {
		return err
	}
	<-goesOn // a signal to a process takes a moment to reach all its threads
	return nil
}

func (stop) SetStdin(io.Reader)  {}
func (stop) SetStdout(io.Writer) {}
func (stop) SetStderr(io.Writer) {}
