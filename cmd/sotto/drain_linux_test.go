package main

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

// noRates lets all people of a test come from one address.
var noRates = []string{"--create-rate", "off", "--upgrade-rate", "off", "--max-conns-per-address", "off"}

// SIGTERM in the middle of conversations: every socket is told 1012, what was
// acknowledged has come, and the process ends with 0.
func TestTerminateUnderLoad(t *testing.T) {
	const rooms = 100
	c := startChild(t, nil, noRates...)
	people := newChat(t, "http://"+c.addr, rooms)
	people.warm()
	p, err := os.FindProcess(c.pid(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the relay ended with %v: %s", err, c.err.String())
	}
	people.wantEnd(websocket.StatusServiceRestart)
}

// The same inside this process, where a goroutine that is left can be seen.
func TestNoGoroutineIsLeft(t *testing.T) {
	before := goleak.IgnoreCurrent()
	const rooms = 10
	p := start(t, append(noRates, "--join-floor", "off")...)
	people := newChat(t, "http://"+await(t, &p.out, `Open http://(\S+)`), rooms)
	people.warm()
	p.stop(t)
	people.wantEnd(websocket.StatusServiceRestart)
	left := goleak.Find(before)
	for deadline := time.Now().Add(patience); left != nil && time.Now().Before(deadline); {
		left = goleak.Find(before) // which waits a little
	}
	if left != nil {
		t.Error(left)
	}
}
