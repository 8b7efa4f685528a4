package relay

import (
	"net"
	"sync"
	"time"
)

// ConnReserve is how many connections a relay's listeners take beside
// Config.MaxConns, so that a newcomer can be told that there are that many sockets.
const ConnReserve = 96

// Closing a flood of connections at once would keep a processor busy. So the
// listener pauses after some time of it, and closes about ten thousand a second;
// the others wait in the kernel's queue.
const (
	turnAwayWork  = 100 * time.Microsecond
	turnAwayPause = 500 * time.Microsecond
)

// Listener returns l with limits for connections, which cost memory before
// anything is known of them, in a TLS handshake or with half a request:
//   - In all, over all listeners of the relay, there are Config.MaxConns and 96
//     more. The next waits in the kernel's queue until one ends.
//   - An address has Config.MaxConnsPerAddress. Its next is closed at once.
//   - Connections from addresses that were answered 429 too often, half of
//     Config.UpgradeRate in a minute, are closed until some of that allowance has
//     come back: an answer costs more than closing.
//
// Trusted proxies, which connect for many clients, and peers without an address
// are bound by the first limit only. What a connection may cost is for the http.Server to say:
// without a ReadHeaderTimeout and a small MaxHeaderBytes (sotto has 5 s and 4 KiB)
// half a request is kept for as long, and is as large, as its sender likes.
//
// It is for a listener that has nothing else behind it, as it closes connections
// whatever they are for; TLS and the PROXY protocol go on top. Its methods are
// safe for concurrent use, and its errors are l's.
func (rl *Relay) Listener(l net.Listener) net.Listener {
	return &limitedListener{Listener: l, relay: rl, closed: make(chan struct{})}
}

// connCounts are the connections that listeners have let in. It is safe for
// concurrent use.
type connCounts struct {
	places chan struct{} // one for each connection; nil: no limit

	mu sync.Mutex
	// guarded by mu
	open  int
	byNet tally
}

func newConnCounts(maxConns int) *connCounts {
	v := &connCounts{byNet: make(tally)}
	if maxConns > 0 {
		v.places = make(chan struct{}, maxConns+ConnReserve)
	}
	return v
}

// enter counts a connection, unless its address has most already.
func (v *connCounts) enter(k addrKey, most int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.byNet.add(k, most) {
		return false
	}
	v.open++
	return true
}

func (v *connCounts) leave(k addrKey) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.byNet.remove(k)
	v.open--
}

// release gives back a place.
func (v *connCounts) release() {
	if v.places != nil {
		<-v.places
	}
}

func (v *connCounts) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.open
}

type limitedListener struct {
	net.Listener
	relay *Relay
	once  sync.Once
	// closed is closed by Close.
	closed chan struct{}
}

// Accept waits for a place, then for a connection that may come in.
func (d *limitedListener) Accept() (net.Conn, error) {
	v := d.relay.counts
	if v.places != nil {
		select {
		case v.places <- struct{}{}:
		case <-d.closed:
			return nil, net.ErrClosed
		}
	}
	var begun time.Time // closing connections at once
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			v.release()
			return nil, err
		}
		k, refusal := d.relay.letIn(conn.RemoteAddr())
		if refusal == "" {
			return &countedConn{Conn: conn, counts: v, key: k}, nil
		}
		if begun.IsZero() {
			begun = time.Now()
		}
		d.relay.metrics.rateLimited.WithLabelValues(refusal).Inc()
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // or the kernel remembers each for a minute
		}
		_ = conn.Close()
		if time.Since(begun) > turnAwayWork {
			<-time.After(turnAwayPause)
			begun = time.Time{}
		}
	}
}

// Close ends Accept; connections stay.
func (d *limitedListener) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Listener.Close()
}

// letIn counts a connection, or says at which limit it is refused.
func (rl *Relay) letIn(peer net.Addr) (k addrKey, refusal string) {
	if addr := hostAddr(peer.String()); !rl.trusts(&addr) {
		k = rl.limits.key(&addr)
	}
	switch {
	case !rl.limits.mayConnect(k):
		return k, limitKnocks
	case !rl.counts.enter(k, rl.cfg.MaxConnsPerAddress):
		return k, limitConnsPerAddress
	}
	return k, ""
}

// countedConn is a connection that is counted until it is closed.
type countedConn struct {
	net.Conn
	counts *connCounts
	key    addrKey
	once   sync.Once
}

func (c *countedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.counts.leave(c.key)
		c.counts.release()
	})
	return err
}

// CloseWrite is how net/http lets a client read the last answer before it
// breaks the connection.
func (c *countedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
