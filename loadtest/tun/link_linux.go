package tun

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sotto/loadtest/link"
)

// defaultWindow is what a phone's kernel keeps for a reader after it was slow, in
// bytes.
const defaultWindow = 64 << 10

// Link is the network of one phone. Its methods are safe for concurrent use.
type Link struct {
	*link.Route
	emulation *emulation
	addr      netip.Addr

	mu    sync.Mutex // guards what follows; taken after the route's
	conns map[*conn]struct{}
}

// DialContext connects from the phone's address, over IPv4, to an address in
// digits.
func (l *Link) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	if !l.emulation.begin() {
		return fail(net.ErrClosed)
	}
	defer l.emulation.dials.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(l.emulation.ctx, cancel) // callers may not wait for their dials, package http does not
	defer stop()
	l.Dialling()
	tcp, err := l.dial(ctx, addr)
	if err != nil {
		return fail(err)
	}
	c := &conn{Conn: tcp, tcp: tcp, link: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c, nil
}

func (l *Link) dial(ctx context.Context, addr string) (*net.TCPConn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// A socket stays in the namespace it was made in, whoever uses it.
	var fd int
	err = l.emulation.net.phones.do(func() error {
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		return os.NewSyscallError("socket", err)
	})
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "socket")
	defer func() { _ = f.Close() }() // FileConn has its own
	if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: l.addr.As4()}); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	if err := connect(ctx, f, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}); err != nil {
		return nil, err
	}
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	tcp := c.(*net.TCPConn) //nolint:errcheck // as the socket is
	// It would wake radios that nobody needs.
	if err := tcp.SetKeepAlive(false); err != nil {
		_ = tcp.Close()
		return nil, err
	}
	return tcp, nil
}

// connect waits until the socket is connected, or not, or ctx ends.
func connect(ctx context.Context, f *os.File, to unix.Sockaddr) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	begun := false
	var met error
	err = raw.Write(func(s uintptr) (done bool) {
		fd := int(s)
		if !begun {
			begun = true
			met = os.NewSyscallError("connect", unix.Connect(fd, to))
			return !errors.Is(met, unix.EINPROGRESS)
		}
		code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			met = os.NewSyscallError("getsockopt", err)
			return true
		}
		if code != 0 {
			met = os.NewSyscallError("connect", syscall.Errno(code))
			return true
		}
		if _, err := unix.Getpeername(fd); err != nil {
			return false // woken too early
		}
		met = nil
		return true
	})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	return met
}

// Slow makes the phone read slowly, with a receive window of that many bytes,
// until it is called with zeroes.
func (l *Link) Slow(bitsPerSecond int64, window int) {
	l.Route.Slow(bitsPerSecond)
	if window == 0 {
		window = defaultWindow
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		_ = c.tcp.SetReadBuffer(window) // of one that has ended
	}
}

// sever ends the phone's connections. Its kernel tells the relay, but the route
// keeps that to itself.
func (l *Link) sever() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.cut.Store(true)
		_ = c.tcp.SetLinger(0)
		_ = c.Conn.Close()
	}
	clear(l.conns)
}
