package ledger

import (
	"maps"
	"slices"
	"sync"
	"time"

	"sotto/wire"
)

// Kind is what must not be.
type Kind string

// The kinds of offences.
const (
	Lost         Kind = "lost"
	Duplicated   Kind = "duplicated"
	Reordered    Kind = "reordered"
	Misdelivered Kind = "misdelivered"
	TwoInSlot    Kind = "two in a slot"
	RolledBack   Kind = "rolled back"
	Undone       Kind = "not done"
	WrongReceipt Kind = "wrong receipt"
)

// Kinds returns all kinds, in the order of reports.
func Kinds() []Kind {
	return []Kind{Lost, Duplicated, Reordered, Misdelivered, TwoInSlot, RolledBack, Undone, WrongReceipt}
}

// Offence is one case of what must not be.
type Offence struct {
	Kind Kind      `json:"kind"`
	At   time.Time `json:"at"`
	// Message is the stamp of the message, as far as it has one.
	Message string `json:"message"`
	// Seen is who noticed: pair, life and seat.
	Seen string `json:"seen"`
}

// maxOffences is how many are kept; all are counted.
const maxOffences = 20

// Totals are what a ledger has counted.
type Totals struct {
	Sent      int `json:"sent"`
	Accepted  int `json:"accepted"`
	Delivered int `json:"delivered"`
	// Edited and Deleted are what the relay said yes to; Receipts came.
	Edited   int `json:"edited"`
	Deleted  int `json:"deleted"`
	Receipts int `json:"receipts"`
	// Forgotten were accepted and had not been seen when the relay restarted or
	// the room was ended, which is as designed.
	Forgotten int `json:"forgotten"`
	// Closed were sealed for a page that was gone before it showed them, by one
	// that was gone too: the client says so.
	Closed int `json:"closed"`
	// Undecided were accepted and not seen, but the phone they are for could not
	// be reached at the end, so it had no chance to see them.
	Undecided int `json:"undecided"`
	// Counts has every kind, also those with none.
	Counts map[Kind]int `json:"counts"`
	// Offences are the first ones.
	Offences []Offence `json:"offences"`
}

// Fine reports whether nothing was found.
func (t Totals) Fine() bool {
	for _, n := range t.Counts {
		if n > 0 {
			return false
		}
	}
	return true
}

// Ledger is safe for concurrent use.
type Ledger struct {
	mu     sync.Mutex // guards totals; taken after Room.mu
	totals Totals
}

// New returns an empty ledger.
func New() *Ledger {
	l := &Ledger{totals: Totals{Counts: make(map[Kind]int)}}
	for _, k := range Kinds() {
		l.totals.Counts[k] = 0
	}
	return l
}

// Totals returns what was counted so far.
func (l *Ledger) Totals() Totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.totals
	t.Counts, t.Offences = maps.Clone(t.Counts), slices.Clone(t.Offences)
	return t
}

func (l *Ledger) count(f func(t *Totals)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.totals)
}

func (l *Ledger) offend(kind Kind, message, seen string) {
	l.count(func(t *Totals) {
		t.Counts[kind]++
		if len(t.Offences) < maxOffences {
			t.Offences = append(t.Offences, Offence{Kind: kind, At: time.Now(), Message: message, Seen: seen})
		}
	})
}

// Room opens the account of a pair's room in one of its lives. private: of a
// private number. dials returns how often a seat has dialled so far, and tells
// its connections apart.
func (l *Ledger) Room(pair, life int, private bool, dials func(seat int) int) *Room {
	return &Room{
		ledger: l, pair: pair, life: life, private: private, dials: dials, empty: 1,
		messages: [2]map[int]*message{{}, {}}, ids: make(map[wire.MessageID]*message),
	}
}
