package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sotto/internal/program"
)

// child is the program as a process of its own, in its sandbox.
type child struct {
	*program.Process
	addr   string // host:port of the relay
	scheme string
	admin  string
}

// startChild starts the program, behind wrapper if one is given, on free ports
// unless args have some, and waits until it serves.
func startChild(t *testing.T, wrapper []string, args ...string) *child {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the program as a process")
	}
	line := slices.Concat(wrapper, []string{buildProgram(t)}, args)
	for _, usual := range [][]string{{"--listen", "127.0.0.1:0"}, {"--admin-listen", "127.0.0.1:0"}, {"--join-floor", "off"}} {
		if !slices.Contains(args, usual[0]) {
			line = append(line, usual...)
		}
	}
	c := runChild(t, exec.Command(line[0], line[1:]...))
	c.scheme = await(t, c, `Open (https?)://\S+`)
	c.addr = await(t, c, `Open https?://(\S+)`)
	c.admin = await(t, c, `admin=(\S+)`)
	await(t, c, `sandbox is (on|off)`)
	if err := c.Answers("http://"+c.admin+"/readyz", http.StatusOK); err != nil {
		t.Fatal(err)
	}
	return c
}

// runChild starts a command that is the program until the test ends.
func runChild(t *testing.T, cmd *exec.Cmd) *child {
	t.Helper()
	// What it says goes into a pipe: the sandbox lets no file grow.
	p, err := program.Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Process: p}
	t.Cleanup(func() { c.stop(t) })
	return c
}

func (c *child) stop(t *testing.T) {
	t.Helper()
	if c.Ended() {
		return
	}
	if err := syscall.Kill(c.PID(), syscall.SIGINT); err != nil {
		t.Error(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("the relay ended with %v: %s", err, c)
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
