package ledger

import (
	"fmt"
	"sync"
	"time"

	"sotto/wire"
)

// window is how many of an author's last messages are remembered one by one.
const window = 64

// Room is the account of one life of a room. It is safe for concurrent use.
type Room struct {
	ledger     *Ledger
	pair, life int

	mu      sync.Mutex // guards what follows
	closed  bool
	authors [2]author
	views   [2]view
	// replaced are the messages that accepted ones answer, as long as they may
	// still be answered; the zero id stands for an empty slot.
	replaced map[wire.MessageID]bool
	emptied  int // deletions that are not filled yet
}

// author is about the messages one seat wrote.
type author struct {
	sent    int
	pending map[int]time.Time      // when accepted; not yet seen by the other
	seen    map[int]wire.MessageID // by the other, the last few
	top     int                    // the last one seen
}

// view is the slot as one seat sees it.
type view struct {
	full   bool
	author int
}

// Sending returns the stamp of a seat's next message.
func (r *Room) Sending(seat int) Stamp {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.authors[seat].sent++
	r.ledger.count(func(t *Totals) { t.Sent++ })
	return Stamp{Pair: r.pair, Life: r.life, Seat: seat, Seq: r.authors[seat].sent}
}

// Accepted notes the relay's yes: the message has that id, and took the place
// of what the author had seen in the slot; the zero id for nothing.
func (r *Room) Accepted(s Stamp, id, replaced wire.MessageID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.ledger.count(func(t *Totals) { t.Accepted++ })
	a := &r.authors[s.Seat]
	if seen, ok := a.seen[s.Seq]; !ok {
		a.pending[s.Seq] = time.Now()
	} else if seen != id {
		r.offend(Duplicated, s.String(), s.Seat)
	}
	switch {
	case !r.replaced[replaced]:
		r.replaced[replaced] = true
	case replaced == wire.MessageID{} && r.emptied > 0:
		r.emptied--
	default:
		r.offend(TwoInSlot, s.String(), s.Seat)
	}
	if len(r.replaced) > window {
		clear(r.replaced)
		r.replaced[wire.MessageID{}], r.replaced[replaced] = true, true
	}
}

// Deleted notes that the relay has taken an author's own message away.
func (r *Room) Deleted(s Stamp) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.emptied++
	delete(r.authors[s.Seat].pending, s.Seq)
	r.views = [2]view{}
}

// Emptied notes that a seat was told of a deletion.
func (r *Room) Emptied(seat int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.views[seat] = view{}
}

// Message is what a phone has seen.
type Message struct {
	ID   wire.MessageID
	Text string
	// Mine is what the phone took it for.
	Mine bool
	// Readable: it opened with the room's key.
	Readable bool
}

// Told notes a message that a seat was told of as new. It reports whether it is
// the other's and had not been seen before.
func (r *Room) Told(seat int, m Message) (Stamp, bool) { return r.see(seat, m, true) }

// Found notes what a seat found in the slot as it joined, nil for nothing. It
// reports as Told does.
func (r *Room) Found(seat int, m *Message) (Stamp, bool) {
	if m == nil {
		r.Emptied(seat)
		return Stamp{}, false
	}
	return r.see(seat, *m, false)
}

func (r *Room) see(seat int, m Message, told bool) (Stamp, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return Stamp{}, false
	}
	s, ok := r.belongs(seat, m)
	if !ok {
		return Stamp{}, false
	}
	before := r.views[seat]
	r.views[seat] = view{full: true, author: s.Seat}
	if s.Seat == seat {
		return s, false
	}
	a := &r.authors[s.Seat]
	if id, seen := a.seen[s.Seq]; seen {
		if told || id != m.ID {
			r.offend(Duplicated, s.String(), seat)
		}
		return s, false
	}
	if _, pending := a.pending[s.Seq]; s.Seq <= a.top-window && !pending {
		r.offend(Duplicated, s.String(), seat) // too old to be remembered
		return s, false
	}
	r.ledger.count(func(t *Totals) { t.Delivered++ })
	a.seen[s.Seq] = m.ID
	delete(a.pending, s.Seq)
	delete(a.seen, s.Seq-window)
	if s.Seq < a.top {
		r.offend(Reordered, s.String(), seat)
	} else if told && before.full && before.author == s.Seat {
		r.offend(TwoInSlot, s.String(), seat)
	}
	a.top = max(a.top, s.Seq)
	return s, true
}

// belongs reports whether m is from this room, and whose the seat takes it for.
// Called with r.mu held.
func (r *Room) belongs(seat int, m Message) (Stamp, bool) {
	s, ok := parse(m.Text)
	if !ok || !m.Readable || s.Pair != r.pair || s.Life != r.life || m.Mine != (s.Seat == seat) {
		r.offend(Misdelivered, s.String(), seat)
		return Stamp{}, false
	}
	return s, true
}

// Overheard notes a message that another device of a seat has. It counts for
// nothing but misdelivery: the seat's phone sees it too.
func (r *Room) Overheard(seat int, m Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.belongs(seat, m)
	}
}

// Waiting returns how many messages for each seat were accepted and not yet seen.
func (r *Room) Waiting() [2]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return [2]int{len(r.authors[1].pending), len(r.authors[0].pending)}
}

// Forget closes the account of a room that has ended: what was not seen is
// forgotten, as it should be.
func (r *Room) Forget() {
	r.close(func(Stamp, time.Time) {
		r.ledger.count(func(t *Totals) { t.Forgotten++ })
	})
}

// DueWithin is more than a relay takes to tell of what it has accepted.
const DueWithin = 5 * time.Second

// Settle closes the account of a room that lives: what was not seen is lost, if
// the seat it is for had its chance to see it, and undecided else. asked is, for
// each seat, when it last asked the relay for something over the connection on
// which it is told of messages, and had the answer; the zero time for never. An
// answer comes behind everything that was told before it, so what was accepted
// DueWithin or longer before that should have come.
func (r *Room) Settle(asked [2]time.Time) {
	r.close(func(s Stamp, accepted time.Time) {
		if asked[1-s.Seat].Before(accepted.Add(DueWithin)) {
			r.ledger.count(func(t *Totals) { t.Undecided++ })
			return
		}
		r.offend(Lost, s.String(), 1-s.Seat)
	})
}

func (r *Room) close(each func(s Stamp, accepted time.Time)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	for seat := range r.authors {
		for seq, accepted := range r.authors[seat].pending {
			each(Stamp{Pair: r.pair, Life: r.life, Seat: seat, Seq: seq}, accepted)
		}
	}
}

func (r *Room) offend(kind Kind, message string, seat int) {
	r.ledger.offend(kind, message, fmt.Sprintf("pair %d, room %d, seat %d", r.pair, r.life, seat))
}
