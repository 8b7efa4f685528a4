package ledger

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sotto/wire"
)

func id(n byte) wire.MessageID { return wire.MessageID{15: n} }

// seen is a message that a seat of room 1.1 sees.
func seen(n byte, author, seq int, mine bool) Message {
	return Message{
		ID: id(n), Text: Stamp{Pair: 1, Life: 1, Seat: author, Seq: seq}.Text(60), Mine: mine, Readable: true,
	}
}

// talk is a conversation without fault: two messages of seat 0, one of seat 1.
func talk(r *Room) {
	accepted(r, 0, 1, 0)
	r.Told(1, seen(1, 0, 1, false))
	accepted(r, 1, 2, 1)
	r.Told(0, seen(2, 1, 1, false))
	s := r.Sending(0)
	r.Told(1, seen(3, 0, 2, false)) // before the author hears its yes
	r.Accepted(s, id(3), id(2))
	r.Told(0, seen(3, 0, 2, true))
}

// accepted has a seat send message n in place of another, 0 for none, and see
// it.
func accepted(r *Room, seat int, n, replaced byte) Stamp {
	s := r.Sending(seat)
	r.Accepted(s, id(n), id(replaced))
	r.Told(seat, Message{ID: id(n), Text: s.Text(60), Mine: true, Readable: true})
	return s
}

// short opens room 1.1 of a short number, over one connection each.
func short(l *Ledger) *Room { return l.Room(1, 1, false, func(int) int { return 1 }) }

func private(l *Ledger) *Room { return l.Room(1, 1, true, func(int) int { return 1 }) }

// edited is the n-th text of seat 1's second message.
func edited(n byte, text int) Message {
	return Message{ID: id(n), Text: Stamp{Pair: 1, Life: 1, Seat: 1, Seq: 2, Edit: text}.Text(60), Readable: true}
}

func finds(r *Room, seat int, m Message) { r.Found(seat, &m) }

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(r *Room)
		want  Kind
	}{
		"none":            {func(*Room) {}, ""},
		"seen on joining": {func(r *Room) { finds(r, 1, seen(3, 0, 2, false)); finds(r, 1, seen(3, 0, 2, false)) }, ""},
		"deleted": {func(r *Room) {
			s := r.Deleting(accepted(r, 1, 4, 3))
			r.Done(s)
			r.Told(0, seen(4, 1, 2, false)) // on its way already
			r.Emptied(0)
			r.Found(1, nil)
			accepted(r, 1, 5, 0)
			r.Told(0, seen(5, 1, 3, false))
		}, ""},
		"edited": {func(r *Room) {
			s := accepted(r, 1, 4, 3)
			r.Told(0, seen(4, 1, 2, false))
			r.Done(r.Editing(s))
			r.Changed(0, edited(4, 1))
			accepted(r, 0, 5, 4)
			r.Told(1, seen(5, 0, 3, false))
		}, ""},
		"both wrote, one was first":     {func(r *Room) { r.Sending(0) }, ""},
		"accepted, never seen":          {func(r *Room) { accepted(r, 1, 4, 3) }, Lost},
		"answered, never seen":          {func(r *Room) { accepted(r, 1, 4, 3); accepted(r, 0, 5, 4); r.Told(1, seen(5, 0, 3, false)) }, Lost},
		"another device sees it too":    {func(r *Room) { r.Overheard(1, seen(3, 0, 2, false)) }, ""},
		"another device sees another's": {func(r *Room) { r.Overheard(1, seen(3, 0, 2, true)) }, Misdelivered},
		"told twice":                    {func(r *Room) { r.Told(1, seen(3, 0, 2, false)) }, Duplicated},
		"under another id":              {func(r *Room) { finds(r, 1, seen(9, 0, 2, false)) }, Duplicated},
		"accepted as another": {func(r *Room) {
			s := r.Sending(1)
			r.Told(0, seen(4, 1, 2, false))
			r.Accepted(s, id(5), id(3))
		}, Duplicated},
		"later first": {func(r *Room) {
			r.Sending(1)
			r.Sending(1)
			finds(r, 0, seen(5, 1, 3, false))
			finds(r, 0, seen(4, 1, 2, false))
		}, Reordered},
		"another room's": {func(r *Room) {
			r.Told(0, Message{ID: id(9), Text: Stamp{Pair: 2, Life: 1, Seat: 1, Seq: 2}.Text(60), Readable: true})
		}, Misdelivered},
		"another life's": {func(r *Room) {
			r.Told(0, Message{ID: id(9), Text: Stamp{Pair: 1, Life: 2, Seat: 1, Seq: 2}.Text(60), Readable: true})
		}, Misdelivered},
		"as the other's own": {func(r *Room) { r.Sending(0); r.Told(1, seen(9, 0, 3, true)) }, Misdelivered},
		"not readable":       {func(r *Room) { r.Told(0, Message{ID: id(9)}) }, Misdelivered},
		"never written":      {func(r *Room) { r.Told(0, seen(9, 1, 2, false)) }, Misdelivered},
		"never edited so":    {func(r *Room) { r.Sending(1); r.Told(0, edited(9, 1)) }, Misdelivered},
		"both accepted": {func(r *Room) {
			s := r.Sending(1)
			r.Told(0, seen(4, 1, 2, false))
			r.Accepted(s, id(4), id(3))
			r.Told(1, seen(4, 1, 2, true))
			s = r.Sending(0)
			r.Told(1, seen(5, 0, 3, false))
			r.Accepted(s, id(5), id(3))
		}, TwoInSlot},
		"both into an empty slot": {func(r *Room) {
			s := r.Sending(1)
			r.Told(0, seen(4, 1, 2, false))
			r.Accepted(s, id(4), id(0))
		}, TwoInSlot},
		"out of turn": {func(r *Room) {
			r.Sending(0)
			r.Told(1, seen(4, 0, 3, false))
		}, TwoInSlot},
		"the other's answered one again": {func(r *Room) { finds(r, 0, seen(2, 1, 1, false)) }, RolledBack},
		"one's own answered one again":   {func(r *Room) { finds(r, 1, seen(2, 1, 1, true)) }, RolledBack},
		"the first text again": {func(r *Room) {
			r.Done(r.Editing(accepted(r, 1, 4, 3)))
			finds(r, 0, edited(4, 1))
			finds(r, 0, seen(4, 1, 2, false))
		}, RolledBack},
		"nothing, undeleted": {func(r *Room) { r.Found(1, nil) }, RolledBack},
		"an edit passed over": {func(r *Room) {
			s := accepted(r, 1, 4, 3)
			r.Told(0, seen(4, 1, 2, false))
			r.Done(r.Editing(s))
			accepted(r, 0, 5, 4)
			r.Told(1, seen(5, 0, 3, false))
		}, Undone},
		"an edit never seen": {func(r *Room) {
			s := accepted(r, 1, 4, 3)
			r.Told(0, seen(4, 1, 2, false))
			r.Done(r.Editing(s))
		}, Undone},
		"a deletion never seen": {func(r *Room) {
			s := accepted(r, 1, 4, 3)
			r.Told(0, seen(4, 1, 2, false))
			r.Done(r.Deleting(s))
		}, Undone},
		"answered, and the answer deleted, while the yes to a deletion was lost": {func(r *Room) {
			s := r.Deleting(accepted(r, 1, 4, 3))
			r.Told(0, seen(4, 1, 2, false))
			deletes := r.Deleting(accepted(r, 0, 5, 4))
			r.Told(1, seen(5, 0, 3, false))
			r.Found(1, nil)
			r.Done(deletes)
			r.Done(s) // says its client, who finds nothing in the slot
		}, ""},
		"a deletion said yes to after the answer": {func(r *Room) {
			s := r.Deleting(accepted(r, 1, 4, 3))
			r.Told(0, seen(4, 1, 2, false))
			accepted(r, 0, 5, 4)
			r.Told(1, seen(5, 0, 3, false))
			r.Done(s)
		}, Undone},
		"answered though deleted": {func(r *Room) {
			s := accepted(r, 1, 4, 3)
			r.Told(0, seen(4, 1, 2, false))
			r.Done(r.Deleting(s))
			accepted(r, 0, 5, 4)
			r.Told(1, seen(5, 0, 3, false))
		}, Undone},
		"read":                  {func(r *Room) { r.Reads(1, id(3), true); r.Receipt(0, id(3)) }, ""},
		"read, never said":      {func(r *Room) { r.Reads(1, id(3), true) }, WrongReceipt},
		"said to be read":       {func(r *Room) { r.Receipt(0, id(3)) }, WrongReceipt},
		"found to be said read": {func(r *Room) { m := seen(3, 0, 2, true); m.Read = true; r.Found(0, &m) }, WrongReceipt},
		"read and answered": {func(r *Room) {
			r.Reads(1, id(3), true)
			time.Sleep(time.Second)
			accepted(r, 1, 4, 3)
			r.Told(0, seen(4, 1, 2, false))
		}, WrongReceipt},
		"said yes to, forgotten": {func(r *Room) {
			r.Accepted(r.Sending(1), id(4), id(3)) // and never told of it
			time.Sleep(DueWithin)
			r.Lost(1, true)
			finds(r, 1, seen(3, 0, 2, false))
			finds(r, 0, seen(4, 1, 2, false))
		}, RolledBack},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := New()
				r := short(l)
				talk(r)
				c.fault(r)
				r.Settle(heard())
				totals := l.Totals()
				for _, k := range Kinds() {
					want := 0
					if k == c.want {
						want = 1
					}
					if totals.Counts[k] != want {
						t.Errorf("%s: %d, want %d", k, totals.Counts[k], want)
					}
				}
				if totals.Fine() != (c.want == "") || len(totals.Offences) > 1 {
					t.Errorf("fine is %v, offences are %v", totals.Fine(), totals.Offences)
				}
				for _, o := range totals.Offences {
					if o.Kind != c.want || !strings.HasPrefix(o.Seen, "pair 1, room 1, seat ") || o.Message == "" {
						t.Errorf("offence is %+v", o)
					}
				}
			})
		})
	}
}

// A mark that came out of a gap behind the author's last question has a receipt that
// the author need not have.
func TestMarkComesLate(t *testing.T) {
	l := New()
	r := short(l)
	talk(r)
	r.Reads(1, id(3), true)
	asked := time.Now().Add(2 * DueWithin)
	r.Settle([2]time.Time{asked, asked.Add(time.Second)})
	if totals := l.Totals(); !totals.Fine() {
		t.Errorf("%v", totals.Offences)
	}
}

// What an author gave up with a connection may reach the relay behind what it wrote
// over the next, and be there when it joins again; over one connection it may not.
func TestBelated(t *testing.T) {
	for name, c := range map[string]struct {
		again bool // the author has dialled
		wrong int
	}{
		"over the next connection": {true, 0},
		"over the same":            {false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, dials := New(), 1
				r := l.Room(1, 1, false, func(int) int { return dials })
				r.Sending(0)
				if c.again {
					dials++
				}
				s := accepted(r, 0, 2, 0)
				r.Told(1, seen(2, 0, 2, false))
				r.Deleting(s)
				r.Emptied(1)
				r.Told(1, seen(1, 0, 1, false))
				time.Sleep(DueWithin)
				r.Lost(0, true)
				finds(r, 0, seen(1, 0, 1, true))
				got := l.Totals()
				if got.Counts[Reordered] != c.wrong || got.Counts[RolledBack] != c.wrong {
					t.Errorf("want %d reordered and rolled back: %v", c.wrong, got.Offences)
				}
			})
		})
	}
}

// On a private number a deleted message stays, and nobody marks that as read: a mark
// that was lost in a gap before has no receipt.
func TestDeletedIsNotMarked(t *testing.T) {
	for name, after := range map[string]func(r *Room){
		"and stays":       func(*Room) {},
		"and is answered": func(r *Room) { accepted(r, 1, 4, 3); r.Told(0, seen(4, 1, 2, false)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := New()
				r := private(l)
				talk(r)
				r.Reads(1, id(3), true)
				r.Done(r.Deleting(Stamp{Pair: 1, Life: 1, Seat: 0, Seq: 2}))
				r.Found(1, &Message{ID: id(3), Readable: true, Deleted: true})
				time.Sleep(time.Second)
				after(r)
				r.Settle(heard())
				if totals := l.Totals(); !totals.Fine() || totals.Deleted != 1 {
					t.Errorf("%+v", totals)
				}
			})
		})
	}
}

// A deletion on a private number leaves the message there, without a text.
func TestDeletedOnPrivateNumber(t *testing.T) {
	l := New()
	r := private(l)
	talk(r)
	s := accepted(r, 1, 4, 3)
	r.Told(0, seen(4, 1, 2, false))
	r.Done(r.Deleting(s))
	r.Changed(0, Message{ID: id(4), Readable: true, Deleted: true})
	accepted(r, 0, 5, 4)
	r.Told(1, seen(5, 0, 3, false))
	r.Settle(heard())
	if got := l.Totals(); !got.Fine() || got.Deleted != 1 {
		t.Errorf("%+v", got)
	}
	finds(l.Room(1, 2, true, nil), 0, Message{ID: id(9), Readable: true, Deleted: true}) // of an author who has not heard the yes
	if got := l.Totals(); !got.Fine() {
		t.Errorf("%+v", got)
	}
}

func TestForgottenIsNotLost(t *testing.T) {
	l := New()
	r := short(l)
	accepted(r, 0, 1, 0)
	if r.Waiting() != [2]int{0, 1} {
		t.Errorf("%v wait, want one for the other seat", r.Waiting())
	}
	r.Forget()
	r.Settle(heard())
	if got := l.Totals(); !got.Fine() || got.Forgotten != 1 || got.Sent != 1 || got.Accepted != 1 || got.Delivered != 0 {
		t.Errorf("%+v", got)
	}
}

// heard is when seats last asked that have had their chance to see everything.
func heard() [2]time.Time {
	late := time.Now().Add(time.Hour)
	return [2]time.Time{late, late}
}

// Lost is what whom it is for could have seen, by an answer that came behind it.
func TestLostNeedsAChance(t *testing.T) {
	for name, c := range map[string]struct {
		author, reader time.Duration // when they last asked, after the message was accepted
		lost           int
	}{
		"the reader asked":          {0, DueWithin, 1},
		"the reader asked too soon": {0, DueWithin - 1, 0},
		"the author asked":          {time.Hour, 0, 0},
		"nobody asked":              {-time.Hour, -time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := New()
				r := short(l)
				accepted(r, 0, 1, 0)
				r.Settle([2]time.Time{time.Now().Add(c.author), time.Now().Add(c.reader)})
				if got := l.Totals(); got.Counts[Lost] != c.lost || got.Undecided != 1-c.lost {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// A long conversation neither grows nor confuses the account.
func TestLongConversation(t *testing.T) {
	l := New()
	r := short(l)
	var last wire.MessageID
	const turns = 10_000
	for n := range turns {
		seat := n % 2
		s := r.Sending(seat)
		next := wire.MessageID{0: byte(n >> 8), 1: byte(n), 2: 1}
		m := Message{ID: next, Text: s.Text(40), Readable: true}
		r.Told(1-seat, m)
		r.Accepted(s, next, last)
		m.Mine = true
		r.Told(seat, m)
		last = next
	}
	// What was forgotten one by one is still known to be old.
	r.Told(1, seen(1, 0, 5, false))
	r.Settle(heard())
	got := l.Totals()
	if got.Delivered != turns || got.Counts[RolledBack] != 1 || got.Counts[Lost]+got.Counts[TwoInSlot] != 0 {
		t.Errorf("%+v", got)
	}
	if n := len(r.ids) + len(r.messages[0]) + len(r.messages[1]); n > 4*window {
		t.Errorf("the account has %d entries", n)
	}
}

func TestStamp(t *testing.T) {
	want := Stamp{Pair: 12, Life: 3, Seat: 1, Seq: 40, Edit: 2}
	for _, size := range []int{0, 9, 10, 100, 500} {
		text := want.Text(size)
		if got, ok := parse(text); !ok || got != want || len(text) < size {
			t.Errorf("size %d: %q reads as %v, %v", size, text, got, ok)
		}
	}
	for _, text := range []string{"", "hello", "1.2.3.4", "1.2.3.4.0", "1.2.0.0.0", "01.1.1.1.0", "1.1.1.1.0.1", "1.1.1.1.0x", "1.1.1.1.-1"} {
		if _, ok := parse(text); ok {
			t.Errorf("%q passes for a stamp", text)
		}
	}
}

func TestOffencesAreBounded(t *testing.T) {
	l := New()
	r := short(l)
	for range 100 {
		r.Told(0, Message{})
	}
	if got := l.Totals(); got.Counts[Misdelivered] != 100 || len(got.Offences) != maxOffences {
		t.Errorf("%d counted, %d kept", got.Counts[Misdelivered], len(got.Offences))
	}
}
