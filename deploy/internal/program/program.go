// Package program builds the relay and runs it, and other programs, for the
// tests under deploy.
package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Build builds the relay of the checkout at root into dir and returns the
// program's path.
func Build(ctx context.Context, root, dir string) (string, error) {
	path := filepath.Join(dir, "sotto")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/sotto") //nolint:gosec // what is built is fixed
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build relay: %w: %s", err, out)
	}
	return path, nil
}

// Loopback returns an address of this machine's loopback network that differs
// by n, from 1 to 254, and from what other processes get that call it, so that
// programs can have the ports they have in production.
func Loopback(n int) string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64+pid>>8&0x7f, pid&0xff, n)
}

// Process is a program that runs. Its methods are safe for concurrent use.
type Process struct {
	cmd  *exec.Cmd
	text text
	done chan struct{} // closed when it has ended and err is set
	err  error
}

// Start starts a program. What it writes is kept.
func Start(name string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(name, args...), done: make(chan struct{})} //nolint:gosec // by tests
	p.cmd.Stdout, p.cmd.Stderr = &p.text, &p.text
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with the program, for which Stop waits
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Signal sends the program a signal.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Stop sends a signal, waits until the program has ended and returns what Wait
// of os/exec returns. After two minutes it kills the program.
func (p *Process) Stop(s syscall.Signal) error {
	if err := p.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-time.After(2 * time.Minute):
	}
	_ = p.Signal(syscall.SIGKILL)
	<-p.done
	return errors.New("the program did not end within two minutes")
}

// Output returns what the program has written so far.
func (p *Process) Output() string { return p.text.String() }

// Says waits until the program has written something, like Answers.
func (p *Process) Says(what string) error {
	return p.until(func() error {
		if !strings.Contains(p.Output(), what) {
			return fmt.Errorf("it did not say %q", what)
		}
		return nil
	})
}

// Answers waits until url answers with a status, or returns why it does not:
// the program has ended, or four minutes are over.
func (p *Process) Answers(url string, status int) error {
	client := http.Client{Timeout: 30 * time.Second}
	return p.until(func() error {
		res, err := client.Get(url)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != status {
			return fmt.Errorf("answer %d, not %d", res.StatusCode, status)
		}
		return nil
	})
}

// Listens waits until something listens on a TCP address, like Answers.
func (p *Process) Listens(address string) error {
	return p.until(func() error {
		c, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			return err
		}
		return c.Close()
	})
}

func (p *Process) until(try func() error) error {
	deadline := time.After(4 * time.Minute)
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("the program has ended: %w: %s", p.err, p.Output())
		case <-deadline:
			return fmt.Errorf("within four minutes: %w: %s", err, p.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// text is what a program writes.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
