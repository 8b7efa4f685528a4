package link

import (
	"context"
	"net"
	"sync"
	"time"
)

// headers is what IP and TCP add to a segment, in bytes.
const headers = 40

// mss is the most that one segment carries, in bytes.
const mss = 1400

// ghostLife is how long the relay's end of a connection that the phone has lost
// stays open. The relay's ping ends it earlier or not much later.
const ghostLife = 5 * time.Minute

// maxSYN bounds how often a connection is tried.
const maxSYN = 6

// DialFunc makes the connection that is shaped.
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// Net is a set of links that share one clock. Its methods are safe for
// concurrent use.
type Net struct {
	clock *clock
	wg    sync.WaitGroup // goroutines of connections, and dials
	ended chan struct{}  // closed by Close

	mu    sync.Mutex // guards what follows; taken before Link.mu
	links []interface{ close() }
}

// NewNet returns a Net. lag, if not nil, is told how late each event of the
// emulation was; it must be quick and is called from one goroutine.
func NewNet(lag func(time.Duration)) *Net {
	return &Net{clock: newClock(lag), ended: make(chan struct{})}
}

// Close ends all connections and dials and waits for all goroutines. It must be
// called once.
func (n *Net) Close() {
	close(n.ended)
	n.mu.Lock()
	for _, l := range n.links {
		l.close()
	}
	n.mu.Unlock()
	n.wg.Wait()
	n.clock.close()
}

// Link is the network of one phone, for streams. Its methods are safe for
// concurrent use.
type Link struct {
	path
	dial DialFunc

	// Guarded by path.mu.
	window int
	conns  map[*Conn]struct{}
}

// Link adds a link, which suffers params as seed has it. onBack, if not nil, is
// called from the clock's goroutine when a gap has ended, with when it began and
// whether it cut the connections; it must not block.
func (n *Net) Link(params Params, seed uint64, dial DialFunc, onBack func(since time.Time, cut bool)) *Link {
	l := &Link{dial: dial, window: defaultWindow, conns: make(map[*Conn]struct{})}
	l.init(n, params, seed, onBack, l.severed)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links = append(n.links, l)
	return l
}

// DialContext connects as the phone would. It takes a round trip at least; ctx
// bounds it.
func (l *Link) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return fail(net.ErrClosed)
	}
	l.net.wg.Add(1)
	defer l.net.wg.Done()
	begun := time.Now()
	l.dialling(begun)
	ready, rtt, ok := l.handshake(begun)
	l.mu.Unlock()
	if err := l.net.waitUntil(ctx, ready); err != nil {
		return fail(err)
	}
	if !ok {
		return fail(errUnreachable)
	}
	inner, err := l.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := newConn(l, inner, rtt)
	if !c.start() {
		_ = inner.Close()
		return fail(net.ErrClosed)
	}
	return c, nil
}

// handshake returns when a connection is made, or given up, and how long the
// attempt that worked took. The radio is no part of that: looking the relay's
// name up has woken it. Called with l.mu held.
func (l *Link) handshake(now time.Time) (ready time.Time, rtt time.Duration, ok bool) {
	t, wait := l.radio.awake(now, l.params), time.Second
	for range maxSYN {
		l.up.count(headers)
		if !l.lost(&l.up, t) {
			l.down.count(headers)
			if back := t.Add(l.params.RTT/2 + l.jitter(&l.up)); !l.lost(&l.down, back) {
				ready = back.Add(l.params.RTT/2 + l.jitter(&l.down))
				l.radio.active(ready)
				return ready, ready.Sub(t), true
			}
		}
		t = t.Add(wait)
		wait *= 2
	}
	return t, 0, false
}

// waitUntil waits for t by the clock all links share.
func (n *Net) waitUntil(ctx context.Context, t time.Time) error {
	if !time.Now().Before(t) {
		return ctx.Err()
	}
	due := make(chan struct{})
	wait := timer{fire: func(time.Time) { close(due) }}
	n.clock.set(&wait, t)
	select {
	case <-due:
		return nil
	case <-ctx.Done():
		n.clock.unset(&wait)
		return ctx.Err()
	case <-n.ended: // callers may not wait for their dials, package http does not
		return net.ErrClosed
	}
}

// forgetAfter is longer than any retransmission is away.
const forgetAfter = 2 * time.Minute

// transmit returns when a segment that its sender has now arrives at the other
// end, in order after what its connection has sent before. Called with l.mu
// held.
func (l *Link) transmit(h *half, now time.Time, size int) time.Time {
	d, rate := l.way(h.down)
	sent, tries := now, 0 // the kernel's timers do not see the queue
	t := l.leave(d, rate, now, size+headers)
	for ; l.lost(d, t); tries++ {
		sent = sent.Add(h.rtt.wait(tries))
		h.flight.timeout = sent
		if again := sent.Add(occupies(size+headers, rate)); again.After(t) {
			t = again
		}
		d.count(size + headers)
	}
	arrives := t.Add(l.params.RTT/2 + l.jitter(d))
	if arrives.Before(h.latest) {
		arrives = h.latest
	}
	h.latest = arrives
	h.flight.add(arrives.Add(l.params.RTT/2 + l.params.Jitter))
	// Time stamps tell which of several was acknowledged. The other end has waited
	// all along for the acknowledgement that this carries.
	h.rtt.sample(arrives.Sub(sent) + l.params.RTT/2)
	h.peer.rtt.sample(arrives.Sub(now) + l.params.RTT/2)
	l.radio.active(arrives)
	return arrives
}

func (l *Link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for c := range l.conns {
		c.abandon()
	}
	l.net.clock.unset(&l.gapEnd)
}
