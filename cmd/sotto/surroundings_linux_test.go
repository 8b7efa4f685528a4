package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

// Whoever reads the log may die; the relay goes on without one.
func TestLogReaderDies(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(buildProgram(t), append(noRates, "--listen", "127.0.0.1:0", "--admin-listen", "off",
		"--join-floor", "off", "--log-level", "debug")...)
	cmd.Stderr = write
	c := runChild(t, cmd)
	_ = write.Close()
	lines := bufio.NewScanner(read)
	for lines.Scan() && !strings.Contains(lines.Text(), "sandbox is") { //nolint:revive // what is waited for
	}
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	base := await(t, c, `Open (http://\S+)`)

	// Each socket has lines of its own at this level.
	for range 3 {
		people := newChat(t, base, 1)
		people.warm()
		for _, p := range people.people {
			_ = p.ws.CloseNow()
		}
		people.talking.Wait()
	}
	people := newChat(t, base, 1)
	people.warm()
	if err := c.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("the relay ended with %v", err)
	}
	people.wantEnd(websocket.StatusServiceRestart)
}
