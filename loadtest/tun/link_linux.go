package tun

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"

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
	if !l.emulation.begin() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: net.ErrClosed}
	}
	defer l.emulation.dials.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(l.emulation.ctx, cancel) // callers may not wait for their dials, package http does not
	defer stop()
	l.Dialling()
	tcp, err := l.dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: tcp, tcp: tcp, link: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c, nil
}

func (l *Link) dial(ctx context.Context, addr string) (tcp *net.TCPConn, err error) {
	if _, err := netip.ParseAddrPort(addr); err != nil {
		return nil, err
	}
	d := net.Dialer{
		LocalAddr: &net.TCPAddr{IP: l.addr.AsSlice()},
		KeepAlive: -1, // it would wake radios that nobody needs
		Control: func(_, _ string, c syscall.RawConn) error { // or a ghost's port might come again at once
			var err error
			return cmp.Or(c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) }), err)
		},
	}
	// A socket stays in the namespace it was made in, whoever uses it.
	err = l.emulation.net.phones.do(func() error {
		c, err := d.DialContext(ctx, "tcp4", addr)
		if err == nil {
			tcp = c.(*net.TCPConn) //nolint:errcheck // as the network is
		}
		return err
	})
	return tcp, err
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
