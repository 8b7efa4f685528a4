//go:build linux

// Command trial is the test's burglar: it locks itself up in the sandbox, as
// the relay does, and then tries to get out, on many threads. It prints what
// each attempt met, as JSON, and waits for its standard input to end.
//
//	trial LISTENER_TO_CALL FILE_OUTSIDE DIR_ALLOWED [OTHER_LISTENER DIR_TO_WRITE]
//
// With the last two it is allowed to call the other listener and to keep small
// files in that directory.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

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
	if len(os.Args) != 4 && len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: trial LISTENER FILE DIR [LISTENER DIR]")
		os.Exit(2)
	}
	allowance := os.Args[4:]
	if err := try(os.Args[1], os.Args[2], os.Args[3], allowance); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func try(call, file, allowed string, allowance []string) error {
	open, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	policy := sandbox.Policy{ReadDirs: []string{allowed}, LockMemory: true}
	other, keep := call, allowed
	if len(allowance) > 0 {
		other, keep = allowance[0], allowance[1]
		policy.ConnectPorts, policy.WriteDir = []uint16{netip.MustParseAddrPort(other).Port()}, keep
	}
	// Threads that are there before, beside those that come after.
	hold := holdThreads()
	report := sandbox.Enforce(policy)
	close(hold)

	result := Result{Held: report.Held, Missing: make(map[sandbox.Measure]string), Attempts: make(map[string][]string)}
	for m, err := range report.Missing {
		result.Missing[m] = err.Error()
	}
	dir := filepath.Dir(file)
	for name, attempt := range map[string]func() error{
		"create":                      func() error { return touch(filepath.Join(dir, "new"), os.O_CREATE|os.O_WRONLY) },
		"create allowed":              func() error { return touch(filepath.Join(allowed, "new"), os.O_CREATE|os.O_WRONLY) },
		"append":                      func() error { return touch(file, os.O_APPEND|os.O_WRONLY) },
		"truncate":                    func() error { return os.Truncate(file, 0) },
		"rename":                      func() error { return os.Rename(file, file+"2") },
		"remove":                      func() error { return os.Remove(file) },
		"mkdir":                       func() error { return os.Mkdir(filepath.Join(dir, "sub"), 0o700) },
		"write to an open file":       func() error { _, err := open.WriteAt([]byte("x"), 0); return err },
		"read /etc/passwd":            func() error { _, err := os.ReadFile("/etc/passwd"); return err },
		"read outside":                func() error { _, err := os.ReadFile(file); return err },
		"execute":                     func() error { return exec.Command("/bin/true").Run() },
		"read resolv.conf":            func() error { _, err := os.ReadFile("/etc/resolv.conf"); return err },
		"connect out":                 func() error { return dial(call, false) },
		"connect by Multipath TCP":    func() error { return dial(call, true) },
		"make a Multipath TCP socket": func() error { return socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP) },
		"connect where allowed":       func() error { return dial(other, false) },
		"send a datagram":             sendDatagram,
		"ask a name server":           askNameServer,
		"bind a datagram port":        bindDatagram,
		"connect to a file":           func() error { return socket(unix.AF_UNIX, unix.SOCK_STREAM, 0) },
		"talk to the kernel":          func() error { return socket(unix.AF_NETLINK, unix.SOCK_RAW, 0) },
		"make a raw socket":           func() error { return socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP) },
		"set up io_uring":             setUpRing,
		"keep a file":                 func() error { return keepFile(keep, sandbox.WriteSize) },
		"keep a large file":           func() error { return keepFile(keep, sandbox.WriteSize+1) },
		"make a folder to keep":       func() error { return os.Mkdir(filepath.Join(keep, "sub"), 0o700) },
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

// keepFile writes a file of a size, renames it, reads and removes it, as
// autocert's cache does.
func keepFile(dir string, size int) error {
	f, err := os.CreateTemp(dir, "new")
	if err != nil {
		return err
	}
	name := f.Name() + ".kept"
	_, err = f.Write(make([]byte, size))
	err = errors.Join(err, f.Close(), os.Rename(f.Name(), name))
	if _, readErr := os.ReadFile(name); readErr != nil {
		err = errors.Join(err, readErr)
	}
	return errors.Join(err, os.Remove(name))
}

func socket(domain, typ, proto int) error {
	fd, err := unix.Socket(domain, typ, proto)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// setUpRing asks for an io_uring with arguments that no kernel takes.
func setUpRing() error {
	if _, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 0, 0, 0); errno == unix.EACCES {
		return errno
	}
	return nil
}

func bindDatagram() error {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return c.Close()
}

func askNameServer() error {
	c, err := net.Dial("udp", "127.0.0.1:53")
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
