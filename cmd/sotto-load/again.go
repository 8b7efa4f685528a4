package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"

	"sotto/loadtest/tun"
)

// again runs this command anew where it may make network namespaces, if that was
// what went wrong and there is such a place, and returns how that ended.
func again(ctx context.Context, met error, stdout, stderr io.Writer) (int, error) {
	cmd := exec.CommandContext(ctx, executable(), os.Args[1:]...) //nolint:gosec // this program
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, stderr
	if !errors.Is(met, os.ErrPermission) || !tun.Again(cmd) {
		return 0, usage("%v", met)
	}
	// It reports what there is when it is told to end.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	runtime.LockOSThread() // with which it ends
	defer runtime.UnlockOSThread()
	err := cmd.Start()
	if err != nil {
		return 0, usage("%v; nor in a user namespace: %v", met, err)
	}
	err = cmd.Wait()
	if cmd.ProcessState.Exited() {
		return cmd.ProcessState.ExitCode(), nil
	}
	return 0, err
}

// executable is this program.
func executable() string {
	self, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return self
}
