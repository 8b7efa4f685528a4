package link

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// defaultWindow is what a phone's kernel keeps for a reader, in bytes, and
	// what it keeps for a writer.
	defaultWindow = 64 << 10
	// pullAhead is how much further than now the rate may be used up before the
	// next read from the relay: so a relay sees a slow phone as slow.
	pullAhead = 50 * time.Millisecond
)

// Conn is the phone's end of a connection. It is safe for concurrent use. It has no
// goroutine of its own: whoever waits in Read takes what the relay sends, so that
// lies in the kernel while nobody does.
type Conn struct {
	link  *Link
	inner net.Conn // the way to the relay, unshaped

	// Guarded by link.mu.
	up, down   half
	err        error // why it ended, for the phone; nil: has not
	closing    bool  // inner is to be closed
	wroteAll   bool  // the phone has said so
	forgotten  bool  // by a NAT
	passed     time.Time
	flushing   bool      // a goroutine writes to inner
	pulling    bool      // a Read reads from inner
	pulledAll  bool      // inner has no more
	pulledAt   time.Time // when inner had nothing that lay there for long
	passages   passages
	readUntil  time.Time // deadlines
	writeUntil time.Time
	changed    chan struct{} // nil while nobody waits; closed at any change

	closeOnce sync.Once // closes inner
}

// half is one direction of a connection.
type half struct {
	down   bool
	peer   *half // the other direction, which brings acknowledgements
	rtt    estimator
	flight flight
	latest time.Time // when the last segment arrives
	queue  []segment
	size   int // bytes in queue
	due    timer
}

// segment is bytes under way. One without bytes is the end.
type segment struct {
	data    []byte
	entered time.Time // when it was written, or taken from inner; zero: unknown
	arrives time.Time
	err     error // what the end is
}

func newConn(l *Link, inner net.Conn, rtt time.Duration) *Conn {
	now := time.Now()
	c := &Conn{link: l, inner: inner, passed: now, pulledAt: now}
	c.down.down = true
	c.up.peer, c.down.peer = &c.down, &c.up
	c.up.flight.window, c.down.flight.window = initialWindow, initialWindow
	if rtt > 0 {
		c.up.rtt.sample(rtt)
		c.down.rtt.sample(rtt)
	}
	c.up.due.fire = c.flushDue
	c.down.due.fire = c.wakeDue
	return c
}

// buffer bounds what the kernel takes from the relay ahead of the phone. Less
// than a segment of the loopback interface makes it the kernel's timers that set
// the pace, so only a phone that reads slowly has less. Called with link.mu held.
func (c *Conn) buffer() {
	if b, ok := c.inner.(interface{ SetReadBuffer(bytes int) error }); ok {
		_ = b.SetReadBuffer(c.link.window) // a kernel that refuses only hides slow readers
	}
}

// start reports whether the link is open.
func (c *Conn) start() bool {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.conns[c] = struct{}{}
	c.buffer()
	return true
}

// wait lets go of link.mu until something changes, or until the deadline.
func (c *Conn) wait(deadline time.Time) {
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	changed := c.changed
	c.link.mu.Unlock()
	defer c.link.mu.Lock()
	if deadline.IsZero() {
		<-changed
		return
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	}
}

// wake ends every wait. Called with link.mu held.
func (c *Conn) wake() {
	if c.pulling {
		_ = c.inner.SetReadDeadline(time.Unix(1, 0)) // if that fails, inner has ended
	}
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

func (c *Conn) wakeDue(time.Time) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	c.wake()
}

// fail ends the connection for the phone at once. The relay's end stays as a
// ghost. Called with link.mu held.
func (c *Conn) fail(err error) {
	if c.err != nil {
		return
	}
	c.err = err
	c.up.queue, c.up.size = nil, 0
	c.down.queue, c.down.size = nil, 0
	c.end(time.Now().Add(ghostLife))
	c.wake()
}

// end has inner closed then. Called with link.mu held.
func (c *Conn) end(at time.Time) {
	if c.closing {
		return
	}
	c.closing = true
	c.up.queue = append(c.up.queue, segment{arrives: at, err: net.ErrClosed})
	if len(c.up.queue) == 1 {
		c.link.net.clock.set(&c.up.due, at)
	}
	c.wake()
}

// abandon closes both ends at once. Called with link.mu held.
func (c *Conn) abandon() {
	if c.err == nil {
		c.err = net.ErrClosed
	}
	c.closing = true
	c.up.queue, c.down.queue = nil, nil
	c.link.net.clock.unset(&c.up.due)
	c.link.net.clock.unset(&c.down.due)
	c.closeInner()
	c.wake()
}

// closeInner does not block: inner does not linger.
func (c *Conn) closeInner() {
	c.closeOnce.Do(func() { _ = c.inner.Close() })
	delete(c.link.conns, c)
}

// blackholed reports whether a packet that would pass now vanishes, and notes
// that one wanted to. Called with link.mu held.
func (c *Conn) blackholed(now time.Time) bool {
	idle := c.link.params.NATIdle
	if idle > 0 && now.Sub(c.passed) > idle {
		c.forgotten = true
	}
	c.passed = now
	return c.forgotten
}

// Close ends the connection. What was written arrives before its end does.
func (c *Conn) Close() error {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closing { // as its network has changed
		c.err = net.ErrClosed
		c.wake()
		return nil
	}
	now := time.Now()
	at := now.Add(ghostLife)
	if !c.blackholed(now) {
		at = l.transmit(&c.up, now, 0)
	}
	c.err = net.ErrClosed
	c.down.queue, c.down.size = nil, 0
	c.end(at)
	return nil
}

// CloseWrite ends what the phone sends: the relay reads io.EOF after all of it.
// It fails where the connection to the relay has no CloseWrite.
func (c *Conn) CloseWrite() error {
	if _, ok := c.inner.(writeCloser); !ok {
		return c.wrap("close", errors.ErrUnsupported)
	}
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.err != nil || c.closing || c.wroteAll {
		return nil
	}
	c.wroteAll = true
	now := time.Now()
	if c.blackholed(now) {
		return nil
	}
	c.up.queue = append(c.up.queue, segment{arrives: l.transmit(&c.up, now, 0), err: io.EOF})
	if len(c.up.queue) == 1 && !c.flushing {
		l.net.clock.set(&c.up.due, c.up.queue[0].arrives)
	}
	return nil
}

type writeCloser interface{ CloseWrite() error }

// LocalAddr returns the address of the shaped connection.
func (c *Conn) LocalAddr() net.Addr { return c.inner.LocalAddr() }

// RemoteAddr returns the address of the relay.
func (c *Conn) RemoteAddr() net.Addr { return c.inner.RemoteAddr() }

// SetDeadline sets both deadlines, for calls under way too.
func (c *Conn) SetDeadline(t time.Time) error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	c.readUntil, c.writeUntil = t, t
	c.wake()
	return nil
}

// SetReadDeadline sets the deadline of Read.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	c.readUntil = t
	c.wake()
	return nil
}

// SetWriteDeadline sets the deadline of Write.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	c.writeUntil = t
	c.wake()
	return nil
}

func passed(deadline time.Time) bool {
	return !deadline.IsZero() && !time.Now().Before(deadline)
}

func (c *Conn) wrap(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

var errDeadline = os.ErrDeadlineExceeded
