//go:build !linux

package tun

import (
	"fmt"
	"net/netip"
	"os/exec"
	"runtime"

	"sotto/loadtest"
)

// Net is there on Linux only: elsewhere there is none.
type Net struct {
	loadtest.Network
	place
}

type place interface {
	Close()
	Host() netip.Addr
	InRelay(f func() error) error
}

// Open fails with ErrUnavailable.
func Open() (*Net, error) {
	return nil, fmt.Errorf("%w: it needs Linux, and this is %s", ErrUnavailable, runtime.GOOS)
}

// Again reports that it does not help.
func Again(*exec.Cmd) bool { return false }
