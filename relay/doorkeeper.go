package relay

import (
	"net"
	"time"
)

// A flood would keep a processor busy, and be felt by everyone in a room: the
// listener pauses after it has turned people away for so long, which makes some
// ten thousand a second, and fewer if they had sent much by then. Who knocks
// meanwhile waits in the kernel's queue. A flood that is faster yet keeps
// newcomers out, as a flood of packets does.
const (
	turnAwayWork  = 100 * time.Microsecond
	turnAwayPause = 500 * time.Microsecond
)

// Listener returns l, but for connections from addresses that were answered 429
// too often, half of Config.UpgradeRate in a minute: these are closed unread and
// unanswered until some of that has come back. To refuse politely costs an HTTP
// request, which a flood of them makes everyone feel. Trusted proxies are always
// let through, as they knock for many.
//
// It is for a listener that has nothing else behind it, as it closes connections
// whatever they are for; TLS and the PROXY protocol go on top. Its methods are
// safe for concurrent use, and its errors are l's.
func (rl *Relay) Listener(l net.Listener) net.Listener {
	return &doorkeeper{Listener: l, relay: rl}
}

type doorkeeper struct {
	net.Listener
	relay *Relay
}

// Accept returns the next connection that may knock.
func (d *doorkeeper) Accept() (net.Conn, error) {
	var begun time.Time // turning away
	for {
		conn, err := d.Listener.Accept()
		if err != nil || d.relay.mayKnock(conn.RemoteAddr()) {
			return conn, err
		}
		if begun.IsZero() {
			begun = time.Now()
		}
		d.relay.metrics.rateLimited.WithLabelValues(limitKnocks).Inc()
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

func (rl *Relay) mayKnock(peer net.Addr) bool {
	addr := hostAddr(peer.String())
	return isTrusted(addr, rl.cfg.TrustedProxies) || rl.limits.mayKnock(rl.limits.key(addr))
}
