package ledger

import (
	"time"

	"sotto/wire"
)

// Message is what a phone has seen.
type Message struct {
	ID   wire.MessageID
	Text string
	// Mine is what the phone took it for.
	Mine bool
	// Readable: it opened.
	Readable bool
	// Deleted: it opened, and has no text any more.
	Deleted bool
	// Read: the relay says that it was read.
	Read bool
}

// how a seat sees a message.
type how byte

const (
	found   how = iota // by joining
	told               // as new
	changed            // as what it has become
)

// Told notes a message that a seat was told of as new. It reports whether it is
// the other's and had not been seen before.
func (r *Room) Told(seat int, m Message) (Stamp, bool) { return r.see(seat, m, told) }

// Changed notes what the message in the slot has become. It reports as Told does.
func (r *Room) Changed(seat int, m Message) (Stamp, bool) { return r.see(seat, m, changed) }

// Found notes what a seat found in the slot as it joined, nil for nothing. It
// reports as Told does.
func (r *Room) Found(seat int, m *Message) (Stamp, bool) {
	if m == nil {
		r.empties(seat)
		return Stamp{}, false
	}
	return r.see(seat, *m, found)
}

// Emptied notes that a seat was told of a deletion.
func (r *Room) Emptied(seat int) { r.empties(seat) }

func (r *Room) empties(seat int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := &r.views[seat]
	if !r.closed && (v.full || v.wrote != nil) && !r.deletedSince(v) {
		r.offendAs(RolledBack, "to nothing", seat)
	}
	v.full, v.m, v.wrote = false, nil, nil
}

// deletedSince reports whether anything that v has seen last, or what came
// after it, was deleted, or is too long ago to know. Called with r.mu held.
func (r *Room) deletedSince(v *view) bool {
	if r.private {
		return false
	}
	deleted := false
	r.each(func(m *message) { deleted = deleted || m.deletion > 0 && m.seq >= v.tops[m.by] })
	return deleted
}

func (r *Room) see(seat int, seen Message, how how) (Stamp, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return Stamp{}, false
	}
	v := &r.views[seat]
	before := *v
	m, text, ok := r.resolve(seat, seen)
	if !ok {
		return Stamp{}, false
	}
	v.full, v.m, v.text, v.wrote, v.locked = true, m, text, nil, wire.MessageID{}
	if text < 0 {
		v.locked = seen.ID
		if m != nil && m.by != seat {
			m.locked = true
		}
	}
	if m == nil {
		return Stamp{}, false
	}
	s := Stamp{r.pair, r.life, m.by, m.seq, max(0, text)}
	fresh := r.arrives(seat, m, seen, how, &before)
	v.tops[m.by] = max(v.tops[m.by], m.seq)
	return s, fresh
}

// arrives compares what a seat sees with what it has seen and done before. It
// reports whether it is the other's and new. Called with r.mu held.
func (r *Room) arrives(seat int, m *message, seen Message, how how, before *view) bool {
	text := r.views[seat].text
	late := before.behind(m) && !r.belated(m)
	switch {
	case m.by != seat && (how == told && m.seen && text >= 0 || seen.ID != m.id):
		r.offend(Duplicated, m, seat)
		return false
	case late && (m.by == seat || m.seen):
		r.offend(RolledBack, m, seat)
		return false
	case before.m == m && text >= 0 && text < before.text:
		r.offend(RolledBack, m, seat)
	case how == found && before.wrote != nil && before.wrote.after(m) && !r.belated(m):
		r.offend(RolledBack, m, seat)
	}
	if how != found && before.m != nil && before.m != m {
		r.goesOn(seat, before.m, m)
	}
	if m.by == seat {
		if seen.Read {
			r.receipt(seat, m)
		}
		return false
	}
	if text < 0 {
		return false
	}
	fresh := !m.seen
	m.seen, m.text = true, max(m.text, text)
	if !fresh {
		return false
	}
	r.ledger.count(func(t *Totals) { t.Delivered++ })
	switch {
	case late:
		r.offend(Reordered, m, seat)
	case how == told && before.full && before.m != nil && before.m.by == m.by && before.m != m:
		r.offend(TwoInSlot, m, seat)
	}
	return !seen.Deleted
}

// belated reports whether m may have reached the relay behind what its author wrote
// later: the author has given it up with its connection, and what TCP has been
// given is sent nevertheless. Called with r.mu held.
func (r *Room) belated(m *message) bool {
	return m.accepted.IsZero() && m.dials != r.dials(m.by)
}

// after reports whether m was written after another message that is known to
// both.
func (m *message) after(other *message) bool {
	if other.by == m.by {
		return other.seq < m.seq
	}
	return m.over != nil && other.seq <= m.over.seq
}

// goesOn notes that a seat was told of another message after m, over the same
// connection. Called with r.mu held.
func (r *Room) goesOn(seat int, m, next *message) {
	if m.by != seat {
		m.passed = true
		r.went(m)
		return
	}
	// Frames keep their order: had the other marked it before it answered, and
	// with the same connection, the receipt would have come before the answer. What
	// its page knows to be deleted it does not mark, be the person slower to see that.
	const apart = time.Second
	if next.by == seat || m.told || m.reads.at.IsZero() || m.deletion > 0 || next.wroteAt.Sub(m.reads.at) < apart ||
		r.dials(1-seat) != m.reads.dials || m.pages != r.pages {
		return
	}
	m.told = true
	r.offend(WrongReceipt, m, seat)
}

// resolve returns the message that a seat sees, and which text of it: -1 if it
// can't be opened. It reports whether it belongs there. Called with r.mu held.
func (r *Room) resolve(seat int, seen Message) (m *message, text int, ok bool) {
	known := r.ids[seen.ID]
	switch {
	case !seen.Readable && r.private:
		return known, -1, true
	case seen.Deleted && known != nil && known.deletion > 0:
		return known, known.deletion, true
	case seen.Deleted && known == nil && r.private:
		return nil, -1, true
	}
	s, stamped := parse(seen.Text)
	if !stamped || s.Pair != r.pair || s.Life != r.life || (s.Seat == seat) != seen.Mine || !seen.Readable || s.Seq > r.sent[s.Seat] {
		r.offendAs(Misdelivered, s.String(), seat)
		return nil, 0, false
	}
	m = r.messages[s.Seat][s.Seq]
	if m == nil {
		r.offendAs(RolledBack, s.String(), seat) // too old to be remembered
		return nil, 0, false
	}
	if s.Edit > m.said || m.deletion > 0 && s.Edit == m.deletion {
		r.offendAs(Misdelivered, s.String(), seat)
		return nil, 0, false
	}
	if m.id == (wire.MessageID{}) {
		m.id = seen.ID
		r.ids[m.id] = m
	}
	return m, s.Edit, true
}

// Overheard notes a message that another device of a seat has. It counts for
// nothing but misdelivery: the seat's phone sees it too.
func (r *Room) Overheard(seat int, m Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		_, _, _ = r.resolve(seat, m)
	}
}
