// Package memnet is a network in memory, for tests.
//
// Connections behave like TCP sockets on one machine: each direction has a
// buffer of bounded capacity, so that a peer that stops reading blocks the
// writer only when the buffer is full; deadlines work; after Close the peer
// drains what was written and then reads io.EOF, while its writes fail. Errors
// are *net.OpError and name both addresses, as those of real sockets do, so
// that a test which looks for addresses in logs can find them.
//
// Nothing here starts a goroutine, and whoever waits does so on a channel that
// it made itself. So a listener and connections made inside a testing/synctest
// bubble block durably there, and their deadlines follow the bubble's clock.
package memnet

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
)

// DefaultCapacity is how many bytes one direction of a connection holds when
// no capacity is given.
const DefaultCapacity = 64 << 10

// The listener's own address, and that of clients which do not choose one.
// Both are from the ranges kept for documentation (RFC 5737).
var (
	listenAddr = netip.MustParseAddrPort("192.0.2.1:80")
	clientAddr = netip.MustParseAddr("198.51.100.1")
)

// Listener accepts the connections of its Dialers. Safe for concurrent use.
type Listener struct {
	incoming  chan net.Conn // unbuffered, never closed
	done      chan struct{} // closed by Close
	closeOnce sync.Once
	dialled   atomic.Uint32
}

// Listen returns an open listener.
func Listen() *Listener {
	return &Listener{incoming: make(chan net.Conn), done: make(chan struct{})}
}

// Accept waits for the next dial. After Close it returns an error that is
// net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.incoming:
		return c, nil
	case <-l.done:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
}

// Close ends Accept and every dial under way. Open connections stay. It always
// returns nil.
func (l *Listener) Close() error {
	l.closeOnce.Do(func() { close(l.done) })
	return nil
}

// Addr returns a TCP address, the same for every listener.
func (l *Listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(listenAddr) }

// Dialer dials one listener. Its methods are safe for concurrent use.
type Dialer struct {
	// To is the listener; it must be set.
	To *Listener
	// From is the address the listener sees; the zero Addr is some fixed one.
	// Ports count up.
	From netip.Addr
	// Capacity is what each direction of the connection holds, in bytes.
	// Zero means DefaultCapacity.
	Capacity int
}

// DialContext connects to the listener, whatever network and address say. It
// waits until the connection is accepted: a dial to a listener nobody serves
// ends with ctx. Dialling a closed listener is syscall.ECONNREFUSED.
func (d *Dialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	from := d.From
	if !from.IsValid() {
		from = clientAddr
	}
	const firstPort, ports = 1024, 1<<16 - 1024
	port := uint16(firstPort + d.To.dialled.Add(1)%ports)
	local := net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, port))
	near, far := Pipe(d.Capacity, local, d.To.Addr())

	var err error
	select {
	case <-d.To.done: // looked at first: select alone picks at random
		err = syscall.ECONNREFUSED
	default:
		select {
		case d.To.incoming <- far:
			return near, nil
		case <-d.To.done:
			err = syscall.ECONNREFUSED
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return nil, &net.OpError{Op: "dial", Net: "tcp", Source: local, Addr: d.To.Addr(), Err: err}
}

// HTTPClient returns a client whose every request dials anew. It keeps no
// connection and no goroutine once a response body is closed or, after an
// upgrade, at once.
func (d *Dialer) HTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}
}
