//go:build unix

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// firstPassed is the descriptor of the first socket passed: those of standard
// input, output and error come before it.
const firstPassed = 3

// passedSockets returns the listeners that a service manager opened for this
// process, by name; none if there is no such manager. It is systemd's protocol,
// sd_listen_fds(3): forty lines, so no module is needed for it. The environment
// that tells of them is removed, so that nobody takes them twice.
//
// One socket under a name of its own, or without one, is the relay's. Of
// several, each has to be named relay, redirect or admin.
func passedSockets(env lookupEnv) (map[string][]net.Listener, error) {
	pid, _ := env("LISTEN_PID")
	count, _ := env("LISTEN_FDS")
	names, named := env("LISTEN_FDNAMES")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"} {
		if err := os.Unsetenv(name); err != nil {
			return nil, fmt.Errorf("take sockets: %w", err)
		}
	}
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil // meant for another process, or for none
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > 64 {
		return nil, fmt.Errorf("take sockets: LISTEN_FDS is %q", count)
	}
	list := strings.Split(names, ":")
	if !named {
		list = make([]string, n)
	}
	if named && len(list) != n {
		return nil, fmt.Errorf("take sockets: LISTEN_FDNAMES has %d names for %d sockets", len(list), n)
	}
	passed := make(map[string][]net.Listener)
	for i := range n {
		name := list[i]
		l, err := listenerOf(firstPassed + i)
		switch {
		case err != nil:
			return nil, fmt.Errorf("take socket %d of the service manager: %w", i, err)
		case name == socketRelay || name == socketRedirect || name == socketAdmin:
		case n == 1:
			name = socketRelay
		default:
			return nil, fmt.Errorf("take socket %d of the service manager: its name %q is none of %s, %s, %s",
				i, name, socketRelay, socketRedirect, socketAdmin)
		}
		passed[name] = append(passed[name], l)
	}
	return passed, nil
}

// listenerOf makes a listener of a descriptor and closes that.
func listenerOf(fd int) (net.Listener, error) {
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close() //nolint:errcheck // the listener has one of its own
	l, err := net.FileListener(f)
	if err != nil {
		return nil, errors.New("it is not a socket that listens")
	}
	if l.Addr().Network() != "tcp" {
		// Allowances per address need addresses.
		return nil, fmt.Errorf("it is of the kind %q, not tcp", l.Addr().Network())
	}
	return l, nil
}
