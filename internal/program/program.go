// Package program builds the relay and runs it, and other programs, for tests.
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
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Patience is how long anything may take that should come at once.
const Patience = 5 * time.Minute

// Build builds the relay of the checkout at root into dir and returns the
// program's path. env is added to the environment of the build.
func Build(ctx context.Context, root, dir string, env ...string) (string, error) {
	path := filepath.Join(dir, "sotto")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/sotto") //nolint:gosec // what is built is fixed
	build.Dir, build.Env = root, append(os.Environ(), env...)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build relay: %w: %s", err, out)
	}
	return path, nil
}

// Main builds the relay of the checkout at root as Build does, notes its path and
// runs what a TestMain is to run with it. It returns the exit code.
func Main(root string, path *string, run func() int, env ...string) int {
	dir, err := os.MkdirTemp("", "sotto")
	if err == nil {
		defer os.RemoveAll(dir) //nolint:errcheck // of no consequence
		*path, err = Build(context.Background(), root, dir, env...)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

// Loopback returns an address of this machine's loopback network that differs
// by n, from 1 to 254, and from what other processes get that call it, so that
// programs can have the ports they have in production.
func Loopback(n int) string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64+pid>>8&0x7f, pid&0xff, n)
}

// Socket opens a socket that listens, to be handed over by Passing.
func Socket() (addr string, f *os.File, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	defer l.Close()                      //nolint:errcheck // the file has it
	f, err = l.(*net.TCPListener).File() //nolint:errcheck // it is one
	return l.Addr().String(), f, err
}

// Passing is a command that gets files from descriptor 3 on, with their names, as
// systemd would pass them.
func Passing(files []*os.File, names, name string, args ...string) *exec.Cmd {
	// The process that executes the program has the number that it will have.
	cmd := exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, name}, args...)...) //nolint:gosec // by tests
	cmd.Env = append(os.Environ(), "LISTEN_FDS="+strconv.Itoa(len(files)), "LISTEN_FDNAMES="+names)
	cmd.ExtraFiles = files
	return cmd
}

// Process is a program that runs. Its methods are safe for concurrent use.
type Process struct {
	Text // what it has written so far
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and err is set
	err  error
}

// Start starts a program. What it writes is kept.
func Start(name string, args ...string) (*Process, error) {
	return Run(exec.Command(name, args...)) //nolint:gosec // by tests
}

// Run starts a command like Start. What has an output of its own keeps it.
func Run(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, done: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.Text
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &p.Text
	}
	cmd.WaitDelay = 20 * time.Second // for what it may have left running
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with the program, for which Wait waits
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Signal sends the program a signal.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// PID is the number of the program or, where it runs a single other one, of that.
func (p *Process) PID() int {
	own := p.cmd.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", own))
	if err != nil {
		return own
	}
	if child, err := strconv.Atoi(strings.TrimSpace(string(children))); err == nil {
		return child
	}
	return own
}

// Stop sends a signal and waits. Where the program has ended it only returns what
// Wait does.
func (p *Process) Stop(s syscall.Signal) error {
	if err := p.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.Wait()
}

// Wait waits until the program has ended and returns what Wait of os/exec
// returns. When patience is over it kills the program.
func (p *Process) Wait() error {
	select {
	case <-p.done:
		return p.err
	case <-time.After(Patience):
	}
	_ = p.Signal(syscall.SIGKILL)
	<-p.done
	return errors.New("the program did not end")
}

// Ended reports whether the program has.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// ExitCode waits like Wait and returns what the program ended with.
func (p *Process) ExitCode() int {
	_ = p.Wait() // says the same
	return p.cmd.ProcessState.ExitCode()
}

// Await waits until the program has written what matches, and returns the last
// group of that, or why it is not there: the program has ended, or patience has.
func (p *Process) Await(pattern string) (found string, err error) {
	err = until(p.done, func() error {
		var is bool
		if found, is = p.match(pattern); !is {
			return fmt.Errorf("it did not say %q: %s", pattern, p.String())
		}
		return nil
	})
	return found, err
}

// Answers waits until url answers with a status, or returns why it does not, like
// Await.
func (p *Process) Answers(url string, status int) error {
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return until(p.done, func() error {
		res, err := client.Get(url)
		if err != nil {
			return fmt.Errorf("%w: %s", err, p.String())
		}
		_ = res.Body.Close()
		if res.StatusCode != status {
			return fmt.Errorf("%s answers %d, not %d: %s", url, res.StatusCode, status, p.String())
		}
		return nil
	})
}

// Listens waits until something listens on a TCP address, like Await.
func (p *Process) Listens(address string) error {
	return until(p.done, func() error {
		c, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			return fmt.Errorf("%w: %s", err, p.String())
		}
		return c.Close()
	})
}

func until(done <-chan struct{}, try func() error) error {
	deadline := time.After(Patience)
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-done:
			return try() // it may have said it as its last
		case <-deadline:
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Text is what a program writes. It is safe for concurrent use.
type Text struct {
	mu sync.Mutex
	b  strings.Builder // guarded by mu
}

// Write appends to it.
func (t *Text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

// String returns it.
func (t *Text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// Await waits until it matches, like Process.Await.
func (t *Text) Await(pattern string) (found string, err error) {
	err = until(nil, func() error {
		var is bool
		if found, is = t.match(pattern); !is {
			return fmt.Errorf("no %q in %q", pattern, t.String())
		}
		return nil
	})
	return found, err
}

func (t *Text) match(pattern string) (string, bool) {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(t.String()); m != nil {
		return m[len(m)-1], true
	}
	return "", false
}
