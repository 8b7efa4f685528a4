package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A relay with few files: sockets up to its limit, then strangers who connect
// and say nothing. Newcomers are told to come again, the host still gets at the
// admin listener, the processor rests, and all is well once the strangers have
// gone.
func TestFilesRunOut(t *testing.T) {
	const files, sockets = 256, 256 - spareFiles
	if _, err := exec.LookPath("prlimit"); err != nil {
		t.Fatal("prlimit is needed: util-linux has it")
	}
	args := noRates
	if os.Geteuid() != 0 {
		args = append(args, "--sandbox", "off") // it keeps even its parent from looking
	}
	c := startChild(t, []string{"prlimit", fmt.Sprintf("--nofile=%d:%d", files, files)}, args...)
	var open []*websocket.Conn
	for range sockets {
		ws, status := c.knock(t, len(open))
		if ws == nil {
			t.Fatalf("socket %d was answered %d", len(open), status)
		}
		open = append(open, ws)
	}
	if _, got := c.knock(t, sockets); got != http.StatusServiceUnavailable {
		t.Errorf("at the limit a newcomer was answered %d; want 503", got)
	}

	strangers := make([]net.Conn, 2*files)
	for i := range strangers {
		conn, err := net.Dial("tcp", c.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		strangers[i] = conn
	}
	c.settle(t)
	before, begun := c.cpu(t), time.Now()
	if n := c.files(t); n >= files {
		t.Errorf("strangers have got all %d files", n)
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if got := c.ask(t, path); got != http.StatusOK {
			t.Errorf("%s on the admin listener was answered %d", path, got)
		}
	}
	// Silence for a while: nobody asks for anything.
	timer := time.NewTimer(2 * time.Second)
	<-timer.C
	if used, took := c.cpu(t)-before, time.Since(begun); used > took/2 {
		t.Errorf("the relay used %v of the processor in %v of being asked for nothing", used, took)
	}

	for _, conn := range strangers {
		_ = conn.Close()
	}
	for _, ws := range open[:sockets/2] {
		_ = ws.CloseNow()
	}
	for deadline := time.Now().Add(patience); ; {
		ws, got := c.knock(t, sockets)
		if ws != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a newcomer is still answered %d", got)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	open[sockets-1].CloseRead(ctx)
	if err := open[sockets-1].Ping(ctx); err != nil {
		t.Errorf("a socket that was there before: %v", err)
	}
}

// knock opens a socket and joins a room, so that it is left open, or returns
// the status that it was refused with.
func (c *child) knock(t *testing.T, room int) (*websocket.Conn, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, res, err := openSocket(ctx, t, c.url(), fmt.Sprintf("%064x", room), 1)
	switch {
	case err == nil:
		(&chatter{ws: ws}).join(ctx, t, "a")
		return ws, http.StatusSwitchingProtocols
	case res == nil:
		t.Fatal(err)
	}
	return nil, res.StatusCode
}

// ask asks the admin listener on a connection of its own.
func (c *child) ask(t *testing.T, path string) int {
	t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + c.admin + path)
	if err != nil {
		t.Error(err)
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// settle waits until the child opens no more files.
func (c *child) settle(t *testing.T) {
	t.Helper()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	last, same := 0, 0
	for deadline := time.Now().Add(patience); same < 25; {
		<-pause.C
		if n := c.files(t); n == last {
			same++
		} else {
			last, same = n, 0
		}
		if time.Now().After(deadline) {
			t.Fatal("the relay opens and closes files all the time")
		}
	}
}

// files counts the files that the child has open.
func (c *child) files(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.PID()))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// cpu is the processor time the child has used.
func (c *child) cpu(t *testing.T) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	const utime, stime, tick = 14 - 3, 15 - 3, 10 * time.Millisecond // proc_pid_stat(5); USER_HZ is 100
	user, err1 := strconv.Atoi(fields[utime])
	system, err2 := strconv.Atoi(fields[stime])
	if err1 != nil || err2 != nil {
		t.Fatalf("/proc/pid/stat is %s", stat)
	}
	return time.Duration(user+system) * tick
}
