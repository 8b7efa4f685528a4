//go:build !linux

package tun

import (
	"fmt"
	"net/netip"
	"os/exec"
	"runtime"
	"time"

	"sotto/loadtest"
)

// Net is there on Linux only.
type Net struct{}

var _ loadtest.Network = (*Net)(nil)

// Open fails with ErrUnavailable.
func Open() (*Net, error) {
	return nil, fmt.Errorf("%w: it needs Linux, and this is %s", ErrUnavailable, runtime.GOOS)
}

// Close is never called, nor are those that follow: there is no Net.
func (*Net) Close() {}

// Host is the relay's address.
func (*Net) Host() netip.Addr { return netip.Addr{} }

// InRelay calls f.
func (*Net) InRelay(f func() error) error { return f() }

// Name is "tun".
func (*Net) Name() string { return "tun" }

// Congestion returns nothing.
func (*Net) Congestion() string { return "" }

// MaxPhones is 0.
func (*Net) MaxPhones() int { return 0 }

// Emulate returns nil.
func (*Net) Emulate(func(time.Duration)) loadtest.Emulation { return nil }

// Again reports that it does not help.
func Again(*exec.Cmd) bool { return false }
