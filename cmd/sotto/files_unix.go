//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// drainSignal asks for a drain.
const drainSignal = syscall.SIGUSR1

// fileLimit returns how many files this process may open.
func fileLimit() (uint64, bool) {
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		return 0, false
	}
	return uint64(lim.Cur), true //nolint:unconvert // signed on some systems
}

// withoutCrashes returns the standard error under another descriptor, and points
// its own to nowhere. Go prints the stacks of a program that crashes there, with
// words of memory in them, and lets nobody turn that off: for a fatal error of
// the runtime, or a signal such as SIGSEGV, GOTRACEBACK=none has no effect, and
// debug.SetTraceback only ever asks for more. Any other writer is left as it is.
func withoutCrashes(stderr io.Writer) (io.Writer, error) {
	if stderr != os.Stderr {
		return stderr, nil
	}
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return stderr, fmt.Errorf("turn off stack dumps: %w", err)
	}
	defer nowhere.Close() //nolint:errcheck // nothing was written
	fd, err := unix.FcntlInt(os.Stderr.Fd(), unix.F_DUPFD_CLOEXEC, syscall.Stderr+1)
	if err != nil {
		return stderr, fmt.Errorf("turn off stack dumps: %w", err)
	}
	if err := unix.Dup2(int(nowhere.Fd()), syscall.Stderr); err != nil {
		return stderr, fmt.Errorf("turn off stack dumps: %w", err)
	}
	return os.NewFile(uintptr(fd), os.Stderr.Name()), nil
}
