//go:build linux

// Command trial is the test's burglar: it locks itself up in the sandbox, as
// the relay does, and then tries to get out, on many threads. It prints what
// each attempt met, as JSON, and waits for its standard input to end.
//
//	trial LISTENER_TO_CALL FILE_OUTSIDE DIR_ALLOWED
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"sotto/internal/sandbox"
)

// Result is what the trial prints.
type Result struct {
	Held    []sandbox.Measure
	Missing map[sandbox.Measure]string
	// Attempts maps each attempt to the errors its threads met, "" for success.
	Attempts map[string][]string
}

const threads = 8

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: trial LISTENER FILE DIR")
		os.Exit(2)
	}
	if err := try(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func try(call, file, allowed string) error {
	open, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	// Threads that are there before, beside those that come after.
	hold := holdThreads()
	report := sandbox.Enforce(sandbox.Policy{ReadDirs: []string{allowed}, LockMemory: true})
	close(hold)

	result := Result{Held: report.Held, Missing: make(map[sandbox.Measure]string), Attempts: make(map[string][]string)}
	for m, err := range report.Missing {
		result.Missing[m] = err.Error()
	}
	dir := filepath.Dir(file)
	for name, attempt := range map[string]func() error{
		"create":                   func() error { return touch(filepath.Join(dir, "new"), os.O_CREATE|os.O_WRONLY) },
		"create allowed":           func() error { return touch(filepath.Join(allowed, "new"), os.O_CREATE|os.O_WRONLY) },
		"append":                   func() error { return touch(file, os.O_APPEND|os.O_WRONLY) },
		"truncate":                 func() error { return os.Truncate(file, 0) },
		"rename":                   func() error { return os.Rename(file, file+"2") },
		"remove":                   func() error { return os.Remove(file) },
		"mkdir":                    func() error { return os.Mkdir(filepath.Join(dir, "sub"), 0o700) },
		"write to an open file":    func() error { _, err := open.WriteAt([]byte("x"), 0); return err },
		"read /etc/passwd":         func() error { _, err := os.ReadFile("/etc/passwd"); return err },
		"read outside":             func() error { _, err := os.ReadFile(file); return err },
		"execute":                  func() error { return exec.Command("/bin/true").Run() },
		"connect out":              func() error { return dial(call, false) },
		"connect by Multipath TCP": func() error { return dial(call, true) },
		"send a datagram":          sendDatagram,
		"bind a port": func() error {
			l, err := net.Listen("tcp4", "127.0.0.1:0")
			if err == nil {
				_ = l.Close()
			}
			return err
		},
		"read allowed":    func() error { _, err := os.ReadFile(filepath.Join(allowed, "cert")); return err },
		"write to a pipe": writePipe,
	} {
		result.Attempts[name] = onThreads(attempt)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		return err
	}
	_, _ = os.Stdin.Read(make([]byte, 1))
	return nil
}

// holdThreads keeps threads alive until the channel closes.
func holdThreads() chan struct{} {
	release := make(chan struct{})
	var up sync.WaitGroup
	for range threads {
		up.Add(1)
		go func() {
			runtime.LockOSThread() // never unlocked: the thread ends with this
			up.Done()
			<-release
		}()
	}
	up.Wait()
	return release
}

// onThreads makes the attempt on several threads of its own.
func onThreads(attempt func() error) []string {
	met := make([]string, threads)
	var wg sync.WaitGroup
	for i := range met {
		wg.Go(func() {
			runtime.LockOSThread()
			if err := attempt(); err != nil {
				met[i] = err.Error()
			}
		})
	}
	wg.Wait()
	return met
}

func touch(path string, flag int) error {
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func dial(addr string, multipath bool) error {
	d := net.Dialer{Timeout: 5 * time.Second}
	d.SetMultipathTCP(multipath)
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return err
	}
	return c.Close()
}

func sendDatagram() error {
	c, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	_, err = c.Write([]byte("x"))
	return err
}

func writePipe() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	defer func() { _ = w.Close() }()
	_, err = w.Write([]byte("x"))
	return err
}
