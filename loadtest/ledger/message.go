package ledger

import (
	"time"

	"sotto/wire"
)

// window is how many of an author's last messages are remembered one by one.
const window = 16

// message is what is known of one.
type message struct {
	by, seq int
	id      wire.MessageID // zero: not known yet
	pages   [2]int         // of the seats as it was written
	wroteAt time.Time
	dials   int // the connection it was written to

	accepted time.Time // zero: it is not known whether it was
	over     *message  // what it answers, if that is known
	answered bool
	closed   bool // nobody could open it as it was answered

	// Texts count from 0, the first, through edits and the deletion.
	said     int       // the last one that its author wrote
	deletion int       // which of them is the deletion; 0: none
	done     int       // the last one that the relay said yes to
	doneAt   time.Time // when

	gone bool // deleted, so that there is nothing to see any more

	// Of the other seat.
	locked bool // it was there, and did not open
	seen   bool
	text   int  // the last one it saw
	passed bool // it went on to another message, over the same connection
	reads  read
	told   bool // the author has the receipt
}

// read is when the other seat marked the message as read; zero: it has not.
type read struct {
	at    time.Time
	dials int // its connection
}

// view is the slot as one seat sees it.
type view struct {
	full bool
	// m is nil for a message that this seat can't open and whose author does not
	// know its id yet.
	m      *message
	text   int
	locked wire.MessageID // what is there, if this seat can't open it
	tops   [2]int         // of each author, the last one seen
	// wrote is the seat's own message that the relay had said yes to when the
	// seat last lost its connection.
	wrote *message
}

// behind reports whether the seat has seen or done what came after m.
func (v *view) behind(m *message) bool {
	return v.m != m && m.seq <= v.tops[m.by]
}

// pending reports whether the other seat is to see m still.
func (m *message) pending() bool { return !m.accepted.IsZero() && !m.seen && !m.gone }

// stale reports whether the other seat is to see a later text of m still.
func (m *message) stale() bool { return m.seen && m.done > m.text && !m.answered }
