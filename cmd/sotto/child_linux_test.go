package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// child is the program as a process of its own, in its sandbox.
type child struct {
	cmd      *exec.Cmd
	out, err lockedBuffer
	addr     string // host:port of the relay
	scheme   string
	admin    string
}

// startChild starts the program, behind wrapper if one is given, on free ports
// unless args have some, and waits until it serves.
func startChild(t *testing.T, wrapper []string, args ...string) *child {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the program as a process")
	}
	program := buildProgram(t)
	line := slices.Concat(wrapper, []string{program}, args)
	for _, usual := range [][]string{{"--listen", "127.0.0.1:0"}, {"--admin-listen", "127.0.0.1:0"}, {"--join-floor", "off"}} {
		if !slices.Contains(args, usual[0]) {
			line = append(line, usual...)
		}
	}
	c := &child{cmd: exec.Command(line[0], line[1:]...)}
	// Pipes, not files: the sandbox lets no file grow.
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.err
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.stop(t) })
	c.scheme = await(t, &c.out, `Open (https?)://\S+`)
	c.addr = await(t, &c.out, `Open https?://(\S+)`)
	c.admin = await(t, &c.err, `admin=(\S+)`)
	await(t, &c.err, `sandbox is (on|off)`)
	for deadline := time.Now().Add(patience); status(t, "http://"+c.admin+"/readyz") != http.StatusOK; {
		if time.Now().After(deadline) {
			t.Fatal("the relay never was ready")
		}
	}
	return c
}

// pid is the program's own, also behind a wrapper.
func (c *child) pid(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", c.cmd.Process.Pid, c.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	pid := c.cmd.Process.Pid
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		return c.cmd.Process.Pid // no wrapper
	}
	return pid
}

func (c *child) stop(t *testing.T) {
	t.Helper()
	if c.cmd.ProcessState != nil {
		return
	}
	p, err := os.FindProcess(c.pid(t))
	if err == nil {
		err = p.Signal(os.Interrupt)
	}
	if err != nil {
		t.Error(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the relay ended with %v: %s", err, c.err.String())
	}
}

// url is where the relay is.
func (c *child) url() string { return c.scheme + "://" + c.addr }

// seat is a raw socket that speaks std-1 as a stranger's client would, for a test
// that fails where it is refused.
type seat struct {
	*chatter
	t *testing.T
	// lastID is of this seat's last message.
	lastID any
}

func (c *child) join(t *testing.T, room string, who byte) *seat {
	t.Helper()
	s := c.open(t, room)
	digits := strings.Repeat(string(who), 64)
	s.ask("join", map[string]any{"sender_hash": digits, "access_hash": digits})
	return s
}

// open opens a socket that has not joined.
func (c *child) open(t *testing.T, room string) *seat {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, _, err := openSocket(ctx, t, c.url(), room, 1)
	if err != nil {
		t.Fatal(err)
	}
	return &seat{&chatter{ws: ws}, t, nil}
}

// ask sends a request and reads frames until its answer, which must be ok.
func (s *seat) ask(event string, data map[string]any) (ok map[string]any) {
	s.t.Helper()
	body, err := json.Marshal(data)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	answer, err := s.request(ctx, event, string(body))
	if err != nil {
		s.t.Fatal(err)
	}
	var frame struct{ OK map[string]any }
	if err := json.Unmarshal([]byte(answer), &frame); err != nil || frame.OK == nil {
		s.t.Fatalf("%s was refused: %s, %v", event, answer, err)
	}
	if id := frame.OK["message_id"]; id != nil {
		s.lastID = id
	}
	return frame.OK
}

// fetch reads a page of the child.
func fetch(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url) //nolint:noctx // of the test's own child
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
