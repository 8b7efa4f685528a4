package ledger

import (
	"fmt"
	"sync"
	"time"

	"sotto/wire"
)

// Room is the account of one life of a room. It is safe for concurrent use.
type Room struct {
	ledger     *Ledger
	pair, life int
	private    bool
	dials      func(seat int) int

	mu       sync.Mutex // guards what follows
	closed   bool
	sent     [2]int
	messages [2]map[int]*message // by author and number, the last few
	ids      map[wire.MessageID]*message
	views    [2]view
	pages    [2]int
	empty    int // how often the slot may still be found empty by a writer
}

// Sending returns the stamp of a seat's next message.
func (r *Room) Sending(seat int) Stamp {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent[seat]++
	seq := r.sent[seat]
	r.messages[seat][seq] = &message{by: seat, seq: seq, pages: r.pages, wroteAt: time.Now(), dials: r.dials(seat)}
	if old := r.messages[seat][seq-window]; old != nil {
		if old.pending() {
			r.missing(old)
		}
		delete(r.messages[seat], seq-window)
		delete(r.ids, old.id)
	}
	r.ledger.count(func(t *Totals) { t.Sent++ })
	return Stamp{Pair: r.pair, Life: r.life, Seat: seat, Seq: seq}
}

// Accepted notes the relay's yes: the message has that id, zero where only the
// other's answer told of it, and took the place of another; the zero id for
// nothing.
func (r *Room) Accepted(s Stamp, id, replaced wire.MessageID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.messages[s.Seat][s.Seq]
	if r.closed || m == nil {
		return
	}
	r.ledger.count(func(t *Totals) { t.Accepted++ })
	m.accepted = time.Now()
	if id != (wire.MessageID{}) {
		if m.id != id && m.id != (wire.MessageID{}) {
			r.offend(Duplicated, m, s.Seat)
		}
		m.id = id
		r.ids[id] = m
		m.locked = m.locked || r.views[1-s.Seat].locked == id
	}
	if replaced == (wire.MessageID{}) {
		if r.empty == 0 {
			r.offend(TwoInSlot, m, s.Seat)
		}
		r.empty = max(0, r.empty-1)
		return
	}
	over := r.ids[replaced]
	if over == nil {
		return // its author has not heard the yes, or it is long ago
	}
	m.over = over
	switch {
	case over.answered || over.by == s.Seat:
		r.offend(TwoInSlot, m, s.Seat)
	case !r.private && over.deletion > 0 && over.done == over.deletion:
		r.undone(over, s.Seat)
	}
	// Whoever answers it may take in only now what it answers.
	over.answered, over.closed = true, r.dead(over)
}

// missing decides about a message that was not seen in time. Called with r.mu
// held.
func (r *Room) missing(m *message) {
	if m.closed || !m.answered && r.dead(m) {
		r.ledger.count(func(t *Totals) { t.Closed++ })
		return
	}
	r.offend(Lost, m, 1-m.by)
}

// Editing returns the stamp of the next text of a message.
func (r *Room) Editing(s Stamp) Stamp {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.messages[s.Seat][s.Seq]; m != nil {
		m.said++
		s.Edit = m.said
	}
	return s
}

// Deleting returns the stamp of the deletion of a message.
func (r *Room) Deleting(s Stamp) Stamp {
	s = r.Editing(s)
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.messages[s.Seat][s.Seq]; m != nil {
		m.deletion = s.Edit
	}
	if !r.private {
		r.empty++
	}
	return s
}

// Done notes the relay's yes to an edit or a deletion.
func (r *Room) Done(s Stamp) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.messages[s.Seat][s.Seq]
	if r.closed || m == nil || m.done >= s.Edit {
		return
	}
	m.done, m.doneAt = s.Edit, time.Now()
	if m.deletion == s.Edit {
		r.ledger.count(func(t *Totals) { t.Deleted++ })
		m.gone = !r.private
		if m.gone && r.answerDeleted(m) {
			return
		}
		if m.gone && m.answered {
			r.undone(m, s.Seat)
		}
	} else {
		r.ledger.count(func(t *Totals) { t.Edited++ })
	}
	r.went(m)
}

// answerDeleted reports whether the answer to m was or may have been deleted too.
// A client whose yes was lost takes the empty slot that it then finds for the
// deletion it asked for. Called with r.mu held.
func (r *Room) answerDeleted(m *message) bool {
	for _, answer := range r.messages[1-m.by] {
		if answer.over == m && answer.deletion > 0 {
			return true
		}
	}
	return false
}

// went finds an edit that the other seat went by. Called with r.mu held.
func (r *Room) went(m *message) {
	if m.passed && m.done > m.text && m.pages == r.pages {
		r.undone(m, 1-m.by)
	}
}

// undone is called with r.mu held.
func (r *Room) undone(m *message, seat int) {
	r.offend(Undone, m, seat)
	m.text = m.done // once
}

// Opened notes that a seat has another page now, of a private number.
func (r *Room) Opened(seat int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pages[seat]++
}

// dead reports whether nobody can open m any more: its author's page is gone, and
// so is the reader's that it was sealed for. That may have been gone before m was
// written, which the author's page learns of late when its network is away: then
// the reader can't open what it has. Called with r.mu held.
func (r *Room) dead(m *message) bool {
	reader := 1 - m.by
	return r.private && m.pages[m.by] != r.pages[m.by] && (m.locked || m.pages[reader] != r.pages[reader])
}

// Opens reports whether a message that a seat can't open was written by the
// page that the other still has, which is to lock it anew.
func (r *Room) Opens(seat int, id wire.MessageID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.ids[id]; m != nil {
		return !r.dead(m)
	}
	author := 1 - seat
	for _, m := range r.messages[author] {
		if m.id == (wire.MessageID{}) && m.pages[author] == r.pages[author] {
			return true // its author has not heard the yes
		}
	}
	return false
}

// Lost notes that a seat has lost its connection, and that what the relay had
// said yes to some time before must be known to the next. Take it for false
// where the seat could not take in what it was told.
func (r *Room) Lost(seat int, awake bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := &r.views[seat]
	v.wrote = nil
	for seq := r.sent[seat]; awake && seq > r.sent[seat]-window && v.wrote == nil; seq-- {
		m := r.messages[seat][seq]
		if m != nil && !m.accepted.IsZero() && time.Since(m.accepted) >= DueWithin {
			v.wrote = m
		}
	}
}

// Reads notes that a seat is about to mark the other's message as read; here:
// over the connection it has.
func (r *Room) Reads(seat int, id wire.MessageID, here bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.ids[id]; m != nil && m.by != seat && m.reads.at.IsZero() {
		m.reads = read{time.Now(), -1}
		if here {
			m.reads.dials = r.dials(seat)
		}
	}
}

// Receipt notes that a seat was told that a message was read.
func (r *Room) Receipt(seat int, id wire.MessageID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.ids[id]; m != nil {
		r.receipt(seat, m)
	}
}

// receipt is called with r.mu held.
func (r *Room) receipt(seat int, m *message) {
	if r.closed || m.by != seat || m.told {
		return
	}
	m.told = true
	if m.reads.at.IsZero() {
		r.offend(WrongReceipt, m, seat)
		return
	}
	r.ledger.count(func(t *Totals) { t.Receipts++ })
}

// DueWithin is more than a relay takes to tell of what it has accepted.
const DueWithin = 5 * time.Second

// Waiting returns for each seat what it should have been told and was not.
func (r *Room) Waiting() [2]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	var n [2]int
	r.each(func(m *message) {
		if m.pending() && !r.dead(m) || r.late(m) {
			n[1-m.by]++
		}
		if r.unconfirmed(m) {
			n[m.by]++
		}
	})
	return n
}

// late reports whether the other seat should see another text of m.
func (r *Room) late(m *message) bool {
	return m.stale() && r.views[1-m.by].m == m && !(r.private && m.pages != r.pages)
}

// unconfirmed reports whether m is on the relay, was marked as read and its
// author does not know. What was deleted since, after a mark that was lost, is not
// marked again.
func (r *Room) unconfirmed(m *message) bool {
	return !m.reads.at.IsZero() && !m.told && m.deletion == 0 && !m.answered && r.views[m.by].m == m && m.pages == r.pages
}

// each is called with r.mu held.
func (r *Room) each(f func(m *message)) {
	if r.closed {
		return
	}
	for _, messages := range r.messages {
		for _, m := range messages {
			f(m)
		}
	}
}

// Forget closes the account of a room that has ended: what was not seen is
// forgotten, as it should be.
func (r *Room) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.each(func(m *message) {
		if m.pending() {
			r.ledger.count(func(t *Totals) { t.Forgotten++ })
		}
	})
	r.closed = true
}

// Settle closes the account of a room that lives: what a seat should have been
// told is an offence if the seat had its chance to hear it, and undecided else.
// asked is, for each seat, when it last asked the relay for something over the
// connection on which it is told, and had the answer; the zero time for never.
// An answer comes behind everything that was told before it, so what was done
// DueWithin or longer before that should have come.
func (r *Room) Settle(asked [2]time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	heard := func(seat int, since time.Time) bool { return !asked[seat].Before(since.Add(DueWithin)) }
	r.each(func(m *message) {
		reader := 1 - m.by
		switch {
		case !m.pending():
		case !m.answered && !r.dead(m) && (!heard(reader, m.accepted) || m.deletion > 0 && !r.private):
			r.ledger.count(func(t *Totals) { t.Undecided++ })
		default:
			r.missing(m)
		}
		if r.late(m) && heard(reader, m.doneAt) {
			r.offend(Undone, m, reader)
		}
		// The relay has the mark when it answers its reader, so the author is told then.
		if r.unconfirmed(m) && heard(reader, m.reads.at) && heard(m.by, m.reads.at) && !asked[m.by].Before(asked[reader]) {
			r.offend(WrongReceipt, m, m.by)
		}
	})
	r.closed = true
}

func (r *Room) offend(kind Kind, m *message, seat int) {
	r.offendAs(kind, Stamp{r.pair, r.life, m.by, m.seq, m.said}.String(), seat)
}

func (r *Room) offendAs(kind Kind, message string, seat int) {
	r.ledger.offend(kind, message, fmt.Sprintf("pair %d, room %d, seat %d", r.pair, r.life, seat))
}
