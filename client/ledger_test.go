package client_test

import (
	"fmt"

	"sotto/client"
	"sotto/wire"
)

// ledger knows what became of every text of a history. Guarded by history.mu.
type ledger struct {
	*history
	texts  []*text
	unseen []unseen
	// What people were told to be lost: rooms, and messages that the other's page
	// last showed as unreadable.
	rooms  map[wire.RoomID]bool
	locked map[wire.MessageID]bool
	acks   int

	deleted map[wire.MessageID]bool // as the other saw
}

func newLedger(h *history) *ledger {
	return &ledger{
		history: h, rooms: map[wire.RoomID]bool{}, locked: map[wire.MessageID]bool{}, deleted: map[wire.MessageID]bool{},
	}
}

// text is one variant of a message; a deletion has no words.
type text struct {
	words string
	by    string // PIN
	n     int    // place in the order of writing
	id    wire.MessageID
	room  wire.RoomID // once it is acknowledged

	acknowledged, seen bool
	acked              int // place in the order of acknowledgements
}

// unseen says that somebody was told of an answer to older words than their
// last ones, when so many texts were written.
type unseen struct {
	pin    string
	room   wire.RoomID
	before int
}

// write makes a text that was never there; id is the message that it changes.
func (l *ledger) write(p *person, id wire.MessageID, words bool) *text {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := &text{by: p.pin, n: len(l.texts), id: id}
	if words {
		t.words = fmt.Sprint("text ", t.n)
	}
	l.texts = append(l.texts, t)
	return t
}

func (l *ledger) acknowledged(t *text, id wire.MessageID, room wire.RoomID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acks++
	t.acknowledged, t.acked, t.id, t.room = true, l.acks, id, room
	l.trail = append(l.trail, fmt.Sprintf("%s has %q of %x acknowledged,", t.by[:1], t.words, id[:2]))
}

// lostRoom notes that somebody was told that what was in the room of s is gone.
func (l *ledger) lostRoom(s *client.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rooms[s.RoomID()] = true
}

// shown notes what a page of p shows, which somebody must have written so.
// Called with mu held.
func (l *ledger) shown(p *person, s *client.Session, m *client.Message) {
	l.trail = append(l.trail, fmt.Sprintf("%s sees %q of %x, mine %t, locked %t, left %t,", p.pin[:1], m.Text, m.ID[:2], m.Mine, m.Unreadable, m.Left))
	if !m.Mine {
		l.deleted[m.ID] = l.deleted[m.ID] || m.Deleted
		l.locked[m.ID] = m.Unreadable
	}
	if m.Unseen {
		l.unseen = append(l.unseen, unseen{p.pin, s.RoomID(), len(l.texts)})
	}
	known := m.Text == ""
	for _, t := range l.texts {
		if t.words != m.Text || t.by == p.pin != m.Mine || m.Text == "" && (t.id != m.ID || !m.Deleted) {
			continue
		}
		known = true
		if !m.Mine {
			t.seen, t.id = true, m.ID
		}
	}
	if !known {
		l.t.Errorf("%s sees %q, mine %t: nobody sent that so", p.pin, m.Text, m.Mine)
	}
}

// balance checks that nothing acknowledged is lost without a word. Called with
// mu held.
func (l *ledger) balance() {
	for _, t := range l.texts {
		if !t.acknowledged {
			continue
		}
		fate := l.fate(t)
		l.counts[fate]++
		if fate == "" {
			l.t.Errorf("%q was acknowledged; nobody saw it, and nobody was told", t.words)
		}
	}
}

// fate says how it is that t needs not be in the slot; empty if it was lost.
func (l *ledger) fate(t *text) string {
	for _, other := range l.texts {
		// What one's other page had written before may arrive after it.
		if other.by == t.by && other.id == t.id && other.acked > t.acked {
			return "changed"
		}
	}
	last := len(l.texts) // where the words end of which t are the last
	for _, later := range l.texts[t.n+1:] {
		if later.by != t.by || !later.acknowledged && !later.seen {
			continue
		}
		if later.id == t.id {
			return "changed"
		}
		last = min(last, later.n)
	}
	switch {
	case t.seen || t.words == "" && l.deleted[t.id]:
		return "seen"
	case l.rooms[t.room]:
		return "lost with the room"
	}
	for _, u := range l.unseen {
		if u.pin == t.by && u.room == t.room && t.n < u.before && u.before <= last {
			return "lost, unseen"
		}
	}
	if l.locked[t.id] {
		return "lost, locked"
	}
	return ""
}
