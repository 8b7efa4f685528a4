package relay

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"sotto/wire"
)

const (
	// frameBudgetBytes bounds the memory of all frames of one budget.
	frameBudgetBytes = 8 << 20
	// largeDeadline and largeContended are the same for a frame that outgrows
	// wire.MediumBuffer: a message of 64 KiB takes 70 s at 10 kbit/s.
	largeDeadline  = 2 * frameDeadline
	largeContended = 20 * time.Second
	// budgetShare: once half of the places are taken, one address may have one of
	// 32. Before that, clients behind one slow link do not wait for each other.
	budgetShare = 32
	// contendedDeadline is how long a large frame may take while another waits
	// for its place; else it has frameDeadline.
	contendedDeadline = 10 * time.Second
	// budgetLook is how often a waiting frame looks for frames that took so long.
	budgetLook = time.Second
)

// errFrameGivenUp ends a socket that closed while its frame waited.
var errFrameGivenUp = errors.New("closed while a frame waited for memory")

// frameBudget bounds the memory of frames under way, which a sender may leave
// unfinished. A frame that outgrows a small buffer takes a place in one budget, and
// one that outgrows a medium buffer changes it for a place in another, with more
// time. While no place is free, the relay reads no more of the frame. It is safe for
// concurrent use.
type frameBudget struct {
	places chan struct{} // one for each large frame; the longest waiting is next
	each   int           // how many of them one address may have; 0: no limit
	// deadline is how long a frame may take from when it has its place, and
	// contended, while another waits for a place.
	deadline, contended time.Duration

	mu sync.Mutex
	// guarded by mu
	byNet tally               // frames that have a place or wait for any
	count int                 // of these
	since map[*conn]time.Time // when frames got their place
	look  time.Time           // when hurry last looked at all frames
}

// newFrameBudgets returns the budgets for frames that outgrow a small buffer and a
// medium one, of at most largest bytes. With shared, they limit what one address
// may have of them.
func newFrameBudgets(largest int, shared bool) []*frameBudget {
	medium := newFrameBudget(min(largest, wire.MediumBuffer), shared)
	medium.deadline, medium.contended = frameDeadline, contendedDeadline
	if largest <= wire.MediumBuffer {
		return []*frameBudget{medium}
	}
	large := newFrameBudget(largest, shared)
	large.deadline, large.contended = largeDeadline, largeContended
	return []*frameBudget{medium, large}
}

func newFrameBudget(largest int, shared bool) *frameBudget {
	places := max(budgetShare, frameBudgetBytes/largest)
	b := &frameBudget{places: make(chan struct{}, places), byNet: make(tally), since: make(map[*conn]time.Time)}
	if shared {
		b.each = places / budgetShare
	}
	return b
}

// take waits for a place for c's frame, and gives the frame its whole time from
// then on. It returns false, without a place, when the socket is closing or the
// context ends.
func (b *frameBudget) take(ctx context.Context, c *conn) bool {
	mayQueue := b.queue(c)
	if mayQueue {
		select {
		case b.places <- struct{}{}:
			b.begin(c)
			c.outbox.readWithin(b.deadline)
			return true
		default:
		}
	}
	c.relay.metrics.rateLimited.WithLabelValues(limitLargeFrames).Inc()
	c.outbox.readWithin(noDeadline) // it is not being read
	look := time.NewTicker(budgetLook)
	defer look.Stop()
	for {
		var places chan struct{}
		if mayQueue {
			places = b.places
		}
		select {
		case places <- struct{}{}:
			b.begin(c)
			c.outbox.readWithin(b.deadline)
			return true
		case <-look.C:
			if !mayQueue {
				mayQueue = b.queue(c)
			}
			b.hurry(c, mayQueue)
			if c.outbox.isOpen() {
				continue
			}
		case <-ctx.Done():
		}
		if mayQueue {
			b.leave(c)
		}
		return false
	}
}

// queue counts c among those of its address, or returns false.
func (b *frameBudget) queue(c *conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	most := b.each
	if b.count < cap(b.places)/2 {
		most = 0
	}
	if !b.byNet.add(c.addr, most) {
		return false
	}
	b.count++
	return true
}

func (b *frameBudget) leave(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(c)
}

// remove takes back what queue counted. b.mu is held.
func (b *frameBudget) remove(c *conn) {
	b.byNet.remove(c.addr)
	b.count--
}

func (b *frameBudget) begin(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since[c] = time.Now()
}

// done gives c's place back.
func (b *frameBudget) done(c *conn) {
	b.mu.Lock()
	delete(b.since, c)
	b.remove(c)
	b.mu.Unlock()
	<-b.places
}

// hurry ends the frames that take too long while c's frame waits: any of them, or
// only those of c's address, while that has all it may have.
func (b *frameBudget) hurry(c *conn, all bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if all && now.Sub(b.look) < budgetLook {
		return // another has just looked
	}
	if all {
		b.look = now
	}
	for slow, since := range b.since {
		if now.Sub(since) >= b.contended && (all || slow.addr.meets(c.addr)) {
			slow.outbox.readWithin(-1)
		}
	}
}

// frameReader reads one frame within the relay's budget. Its read loop owns it.
type frameReader struct {
	from io.Reader
	conn *conn
	ctx  context.Context //nolint:containedctx // of one call
	read int
	// placed is in how many budgets it took a place; it has that of the last.
	placed int
}

// Read takes a place before it returns the byte that fills a small buffer or a
// medium one.
func (f *frameReader) Read(p []byte) (int, error) {
	budgets := f.conn.relay.frames
	if f.placed < len(budgets) {
		free := [...]int{wire.SmallBuffer - 1, wire.MediumBuffer - 1}[f.placed]
		if f.read < free {
			p = p[:min(len(p), free-f.read)]
		} else {
			if !budgets[f.placed].take(f.ctx, f.conn) {
				return 0, errFrameGivenUp
			}
			f.leave()
			f.placed++
			f.conn.outbox.net.timed.Store(true) // hurry may set a deadline at any time
			return f.Read(p)
		}
	}
	n, err := f.from.Read(p)
	f.read += n
	return n, err
}

// leave gives the frame's place back.
func (f *frameReader) leave() {
	if f.placed > 0 {
		f.conn.relay.frames[f.placed-1].done(f.conn)
	}
}

// done ends the reading of the frame.
func (f *frameReader) done() {
	f.leave()
	*f = frameReader{}
}
