//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto/relay"
)

// patience is for a machine that has much else to do.
const patience = 5 * time.Minute

// program is the client, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "terminal")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "sotto-chat")
	out, err := exec.Command("go", "build", "-o", file, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

func build(t *testing.T) string {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// house has a relay that can be restarted at its address.
type house struct {
	t     *testing.T
	url   string
	relay atomic.Pointer[relay.Relay]
}

func startRelay(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	h.restart()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.relay.Load().ServeHTTP(w, r) }))
	h.url = server.URL
	t.Cleanup(func() {
		_ = h.relay.Load().Close()
		server.Close()
	})
	return h
}

// restart has a new relay take the place of one that tells everybody that it
// goes.
func (h *house) restart() {
	h.t.Helper()
	rl, err := relay.New(relay.Config{JoinFloor: -1})
	if err != nil {
		h.t.Fatal(err)
	}
	if old := h.relay.Swap(rl); old != nil {
		if err := old.Shutdown(h.t.Context()); err != nil {
			h.t.Fatal(err)
		}
	}
}

// terminal is a real one, of tmux, in which a shell runs.
type terminal struct {
	t      *testing.T
	socket string
}

var terminals atomic.Int64

// open opens a terminal with a shell in it, which finds the program by name.
// Settings are tmux's.
func open(t *testing.T, width, height int, settings ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Fatal("tmux is needed: make prerequisites installs it")
	}
	term := &terminal{t: t, socket: fmt.Sprintf("sotto-test-%d-%d", os.Getpid(), terminals.Add(1))}
	config := filepath.Join(t.TempDir(), "tmux.conf")
	text := strings.Join(append(settings, "set -g status off", "set -g escape-time 0"), "\n")
	if err := os.WriteFile(config, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shell := "env PS1='shell: ' PATH=" + filepath.Dir(build(t)) + ":$PATH bash --norc --noprofile -i"
	term.tmux("-f", config, "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), shell)
	t.Cleanup(func() { term.tmux("kill-server") })
	term.sees("shell:")
	return term
}

func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-L", term.socket}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// types presses keys, by tmux's names for them, or else types the text.
func (term *terminal) types(keys ...string) {
	term.t.Helper()
	term.tmux(append([]string{"send-keys"}, keys...)...)
}

// pastes pastes as people do with a mouse, in brackets.
func (term *terminal) pastes(text string) {
	term.t.Helper()
	term.tmux("set-buffer", text)
	term.tmux("paste-buffer", "-p", "-d")
}

// screen is what can be seen, line by line.
func (term *terminal) screen() string {
	term.t.Helper()
	return term.tmux("capture-pane", "-p")
}

// all is what can be seen, and all that can be scrolled back to.
func (term *terminal) all() string {
	term.t.Helper()
	return term.tmux("capture-pane", "-p", "-S", "-")
}

var spaces = regexp.MustCompile(`\s+`)

// sees waits until all texts can be seen, wherever lines break.
func (term *terminal) sees(texts ...string) string {
	term.t.Helper()
	return term.until(fmt.Sprintf("to see %q", texts), func(seen string) bool {
		seen = spaces.ReplaceAllString(seen, " ")
		for _, text := range texts {
			if !strings.Contains(seen, text) {
				return false
			}
		}
		return true
	})
}

// until waits until the screen is as it should be.
func (term *terminal) until(what string, fits func(screen string) bool) string {
	term.t.Helper()
	ctx, cancel := context.WithTimeout(term.t.Context(), patience)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		seen := term.screen()
		if fits(seen) {
			return seen
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			term.t.Fatalf("waited %s; there is:\n%s", what, seen)
		}
	}
}
