package main

import (
	"os"
	"strings"
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

// A signal by which Go prints all stacks does not: one that asks for that is an
// orderly end, and a fault, which is not, ends the process without a word.
func TestNoDumpByASignal(t *testing.T) {
	for sig, wantExit := range map[syscall.Signal]int{
		syscall.SIGQUIT: 0, syscall.SIGABRT: 0, syscall.SIGSEGV: 2, syscall.SIGTRAP: 2, syscall.SIGSYS: 2,
	} {
		t.Run(sig.String(), func(t *testing.T) {
			c := startChild(t, nil)
			c.join(t, strings.Repeat("5", 64), 'a')
			before := c.err.String()
			if err := c.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = c.cmd.Wait()
			if got := c.cmd.ProcessState.ExitCode(); got != wantExit {
				t.Errorf("exit code %d; want %d", got, wantExit)
			}
			said := strings.TrimPrefix(c.err.String(), before)
			if wantExit == 0 != strings.Contains(said, "relay stopped") || strings.Contains(said, "goroutine") || wantExit != 0 && said != "" {
				t.Errorf("it said %.500s", said)
			}
		})
	}
}
