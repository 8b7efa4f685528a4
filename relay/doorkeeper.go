package relay

import (
	"net"
	"time"
)

// turnAwayPause is how long nobody is let in after somebody was turned away. A
// flood would keep a processor busy otherwise, and be felt by everyone. Who
// knocks meanwhile waits in the kernel's queue, not a second even if it is full.
const turnAwayPause = 100 * time.Microsecond

// Listener returns l, but for connections from addresses that were answered
// 429 some sixty times within a minute and go on: these are closed unread and
// unanswered, for about a second after each further refusal. To refuse politely
// costs an HTTP request, which a flood of them makes everyone feel. Trusted
// proxies are always let through, as they knock for many.
//
// Serve on it what ends in the relay; TLS and the PROXY protocol go on top of
// it. Its methods are safe for concurrent use, and its errors are l's.
func (rl *Relay) Listener(l net.Listener) net.Listener {
	return &doorkeeper{Listener: l, relay: rl}
}

type doorkeeper struct {
	net.Listener
	relay *Relay
}

// Accept returns the next connection that may knock.
func (d *doorkeeper) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil || d.relay.mayKnock(conn.RemoteAddr()) {
			return conn, err
		}
		d.relay.metrics.rateLimited.WithLabelValues(limitKnocks).Inc()
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // or the kernel remembers each for a minute
		}
		_ = conn.Close()
		<-time.After(turnAwayPause)
	}
}

func (rl *Relay) mayKnock(peer net.Addr) bool {
	addr := hostAddr(peer.String())
	return isTrusted(addr, rl.cfg.TrustedProxies) || rl.limits.mayKnock(rl.limits.key(addr))
}
