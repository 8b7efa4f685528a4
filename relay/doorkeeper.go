package relay

import (
	"net"
	"sync"
	"time"
)

// ConnReserve is how many connections a relay's listeners take beside
// Config.MaxConns, so that a newcomer can be told that there are that many sockets.
const ConnReserve = 96

// A flood of connections that are closed at once would keep a processor busy, and
// everyone in a room would notice. So the listener pauses after it has closed
// connections for some time: about ten thousand a second, fewer if they had sent
// much by then. New connections wait in the kernel's queue meanwhile. A faster
// flood keeps newcomers out, as a flood of packets does.
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
//     come back. An answer costs an HTTP request, and a flood of these would slow
//     everyone down.
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
	return &doorkeeper{Listener: l, relay: rl, closed: make(chan struct{})}
}

// visits are the connections that listeners have let in. It is safe for
// concurrent use.
type visits struct {
	places chan struct{} // one for each connection; nil: no limit

	mu sync.Mutex
	// guarded by mu
	open  int
	byNet tally
}

func newVisits(maxConns int) *visits {
	v := &visits{byNet: make(tally)}
	if maxConns > 0 {
		v.places = make(chan struct{}, maxConns+ConnReserve)
	}
	return v
}

// enter counts a connection, unless its address has most already.
func (v *visits) enter(k addrKey, most int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.byNet.add(k, most) {
		return false
	}
	v.open++
	return true
}

func (v *visits) leave(k addrKey) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.byNet.remove(k)
	v.open--
}

// release gives back a place.
func (v *visits) release() {
	if v.places != nil {
		<-v.places
	}
}

func (v *visits) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.open
}

type doorkeeper struct {
	net.Listener
	relay *Relay
	once  sync.Once
	// closed is closed by Close.
	closed chan struct{}
}

// Accept waits for a place, then for a connection that may come in.
func (d *doorkeeper) Accept() (net.Conn, error) {
	v := d.relay.visits
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
			return &visitor{Conn: conn, visits: v, key: k}, nil
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
func (d *doorkeeper) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Listener.Close()
}

// letIn counts a connection, or says at which limit it is refused.
func (rl *Relay) letIn(peer net.Addr) (k addrKey, refusal string) {
	if addr := hostAddr(peer.String()); !rl.trusts(&addr) {
		k = rl.limits.key(&addr)
	}
	switch {
	case !rl.limits.mayKnock(k):
		return k, limitKnocks
	case !rl.visits.enter(k, rl.cfg.MaxConnsPerAddress):
		return k, limitConnsPerAddress
	}
	return k, ""
}

// visitor is a connection that is counted until it is closed.
type visitor struct {
	net.Conn
	visits *visits
	key    addrKey
	once   sync.Once
}

func (c *visitor) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.visits.leave(c.key)
		c.visits.release()
	})
	return err
}

// CloseWrite is how net/http lets a client read the last answer before it
// breaks the connection.
func (c *visitor) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
