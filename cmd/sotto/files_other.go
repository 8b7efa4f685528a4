//go:build !unix

package main

import (
	"io"
	"syscall"
)

// drainSignal is none here.
const drainSignal = syscall.Signal(-1)

// fileLimit is not known here.
func fileLimit() (uint64, bool) { return 0, false }

// withoutCrashes does nothing here: a crash shows its stacks.
func withoutCrashes(stderr io.Writer) (io.Writer, error) { return stderr, nil }
