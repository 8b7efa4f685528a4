package link

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// Write puts p on its way. It waits only while too much is under way already.
func (c *Conn) Write(p []byte) (int, error) {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := 0; ; {
		until := c.writeUntil
		switch open := c.up.flight.opens(time.Now()); {
		case c.err != nil:
			return n, c.wrap("write", c.err)
		case c.wroteAll:
			return n, c.wrap("write", net.ErrClosed)
		case passed(c.writeUntil):
			return n, c.wrap("write", errDeadline)
		case n == len(p):
			return n, nil
		case c.up.size >= defaultWindow:
		case open.IsZero():
			size := min(len(p)-n, mss)
			if !c.send(p[n : n+size]) {
				return n, c.wrap("write", c.err)
			}
			n += size
			continue
		case until.IsZero() || open.Before(until):
			until = open
		}
		c.wait(until)
	}
}

// send puts one segment on its way. It reports whether the connection still
// stands. Called with link.mu held.
func (c *Conn) send(p []byte) bool {
	now := time.Now()
	if c.blackholed(now) {
		if c.link.params.NATReset {
			c.fail(errForgotten)
			return false
		}
		c.up.size += len(p) // for ever unacknowledged
		return true
	}
	s := segment{data: append([]byte(nil), p...), entered: now, arrives: c.link.transmit(&c.up, now, len(p))}
	c.up.queue = append(c.up.queue, s)
	c.up.size += len(p)
	if len(c.up.queue) == 1 && !c.flushing {
		c.link.net.clock.set(&c.up.due, s.arrives)
	}
	return true
}

// flushDue is called by the clock: something has arrived at the relay.
func (c *Conn) flushDue(time.Time) {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || c.flushing || len(c.up.queue) == 0 {
		return
	}
	c.flushing = true
	l.net.wg.Go(c.flush)
}

// flush hands what has arrived to the relay. A connection has at most one, and
// none while nothing arrives: handing over may block, the clock must not.
func (c *Conn) flush() {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		s, ok := c.arrived()
		if !ok {
			c.flushing = false
			if len(c.up.queue) > 0 && !l.closed {
				l.net.clock.set(&c.up.due, c.up.queue[0].arrives)
			}
			return
		}
		if s.err == net.ErrClosed { //nolint:errorlint // as end has put it there
			c.closeInner()
			c.flushing = false
			return
		}
		c.passages.handOver(s.entered, time.Now())
		l.mu.Unlock()
		if s.err != nil {
			_ = c.inner.(writeCloser).CloseWrite() //nolint:errcheck // CloseWrite has looked
		} else {
			_, _ = c.inner.Write(s.data) // the phone hears of a failure by what comes down
		}
		l.mu.Lock()
		c.up.size -= len(s.data)
		c.wake()
	}
}

// arrived takes the next segment that has arrived at the relay. Called with
// link.mu held.
func (c *Conn) arrived() (segment, bool) {
	if len(c.up.queue) == 0 || time.Now().Before(c.up.queue[0].arrives) {
		return segment{}, false
	}
	s := c.up.queue[0]
	c.up.queue[0] = segment{}
	if c.up.queue = c.up.queue[1:]; len(c.up.queue) == 0 {
		c.up.queue = nil
	}
	return s, true
}

// Read reads what has arrived, waiting for at least one byte. While it waits, it
// takes what the relay sends, as fast as the link carries it.
func (c *Conn) Read(p []byte) (int, error) {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		now := time.Now()
		switch {
		case c.err != nil:
			return 0, c.wrap("read", c.err)
		case passed(c.readUntil):
			return 0, c.wrap("read", errDeadline)
		case len(p) == 0:
			return 0, nil
		case len(c.down.queue) == 0:
		case now.Before(c.down.queue[0].arrives):
			l.net.clock.set(&c.down.due, c.down.queue[0].arrives)
		default:
			return c.take(p)
		}
		until := c.readUntil
		if !c.pulling && !c.pulledAll && c.down.size < l.window {
			room := c.room(now)
			if room.IsZero() {
				c.pull(p)
				continue
			}
			if until.IsZero() || room.Before(until) {
				until = room
			}
		}
		c.wait(until)
	}
}

// room returns when the link takes more from the relay; the zero time: now. Called
// with link.mu held.
func (c *Conn) room(now time.Time) time.Time {
	next := c.down.flight.opens(now)
	if ahead := c.link.down.free.Add(-pullAhead); ahead.After(next) && ahead.After(now) {
		next = ahead
	}
	return next
}

// noWait is more than a read takes that has something to read.
const noWait = 500 * time.Microsecond

// pull takes what the relay sends next; it returns early when something changes.
// What it takes may pass through p. Called with link.mu held, which it lets go of
// meanwhile.
func (c *Conn) pull(p []byte) {
	if len(p) < mss {
		p = make([]byte, mss)
	}
	c.pulling = true
	_ = c.inner.SetReadDeadline(c.readUntil) // if that fails, so does Read
	c.link.mu.Unlock()
	begun := time.Now()
	n, err := c.inner.Read(p[:mss])
	c.link.mu.Lock()
	now := time.Now()
	entered := now
	if begun.Sub(c.pulledAt) > noWait && now.Sub(begun) <= noWait {
		entered = time.Time{} // it may have lain in the kernel for our sake
	}
	c.pulling = false
	if now.Sub(begun) > noWait || n > 0 && !entered.IsZero() {
		c.pulledAt = now // what follows has not lain there for longer
	}
	switch {
	case n > 0:
		c.receive(segment{data: bytes.Clone(p[:n]), entered: entered}, now)
	case !errors.Is(err, os.ErrDeadlineExceeded):
		c.pulledAll = true
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err // Read names the addresses
		}
		c.receive(segment{err: err}, now)
	}
}

// receive puts what the relay has sent on its way. Called with link.mu held.
func (c *Conn) receive(s segment, now time.Time) {
	if c.err != nil || c.blackholed(now) {
		return
	}
	s.arrives = c.link.transmit(&c.down, now, len(s.data))
	c.down.queue = append(c.down.queue, s)
	c.down.size += len(s.data)
	c.wake()
}

// take reads from the first segment. Called with link.mu held.
func (c *Conn) take(p []byte) (int, error) {
	s := &c.down.queue[0]
	if s.err != nil {
		if errors.Is(s.err, io.EOF) {
			return 0, io.EOF
		}
		return 0, c.wrap("read", s.err)
	}
	n := copy(p, s.data)
	s.data = s.data[n:]
	c.down.size -= n
	c.passages.take(s.entered, time.Now())
	if len(s.data) == 0 {
		c.down.queue[0] = segment{}
		if c.down.queue = c.down.queue[1:]; len(c.down.queue) == 0 {
			c.down.queue = nil
		}
	}
	c.wake() // there is room
	return n, nil
}
