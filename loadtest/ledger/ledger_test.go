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
	r.Accepted(r.Sending(0), id(1), wire.MessageID{})
	r.Told(0, seen(1, 0, 1, true))
	r.Told(1, seen(1, 0, 1, false))
	r.Accepted(r.Sending(1), id(2), id(1))
	r.Told(1, seen(2, 1, 1, true))
	r.Told(0, seen(2, 1, 1, false))
	r.Told(1, seen(3, 0, 2, false)) // before the author hears its yes
	r.Accepted(r.Sending(0), id(3), id(2))
	r.Told(0, seen(3, 0, 2, true))
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(r *Room)
		want  Kind
	}{
		"none":            {func(*Room) {}, ""},
		"seen on joining": {func(r *Room) { m := seen(3, 0, 2, false); r.Found(1, &m); r.Found(1, &m) }, ""},
		"deleted": {func(r *Room) {
			s := r.Sending(1)
			r.Accepted(s, id(4), id(3))
			r.Deleted(s)
			r.Found(0, nil)
			r.Accepted(r.Sending(1), id(5), wire.MessageID{})
			r.Told(0, seen(5, 1, 3, false))
		}, ""},
		"both wrote, one was first":     {func(r *Room) { r.Sending(0) }, ""},
		"accepted, never seen":          {func(r *Room) { r.Accepted(r.Sending(1), id(4), id(3)) }, Lost},
		"another device sees it too":    {func(r *Room) { r.Overheard(1, seen(3, 0, 2, false)) }, ""},
		"another device sees another's": {func(r *Room) { r.Overheard(1, seen(3, 0, 2, true)) }, Misdelivered},
		"told twice":                    {func(r *Room) { r.Told(1, seen(3, 0, 2, false)) }, Duplicated},
		"under another id":              {func(r *Room) { m := seen(9, 0, 2, false); r.Found(1, &m) }, Duplicated},
		"accepted as another": {func(r *Room) {
			s := r.Sending(1)
			r.Told(0, seen(4, 1, 2, false))
			r.Accepted(s, id(5), id(3))
		}, Duplicated},
		"later first": {func(r *Room) {
			r.Sending(1)
			r.Sending(1)
			m := seen(5, 1, 3, false)
			r.Found(0, &m)
			m = seen(4, 1, 2, false)
			r.Found(0, &m)
		}, Reordered},
		"another room's": {func(r *Room) {
			r.Told(0, Message{ID: id(9), Text: Stamp{Pair: 2, Life: 1, Seat: 1, Seq: 2}.Text(60), Readable: true})
		}, Misdelivered},
		"another life's": {func(r *Room) {
			r.Told(0, Message{ID: id(9), Text: Stamp{Pair: 1, Life: 2, Seat: 1, Seq: 2}.Text(60), Readable: true})
		}, Misdelivered},
		"as the other's own": {func(r *Room) { r.Told(1, seen(9, 0, 3, true)) }, Misdelivered},
		"not readable":       {func(r *Room) { r.Told(0, Message{ID: id(9)}) }, Misdelivered},
		"both accepted": {func(r *Room) {
			r.Told(0, seen(4, 1, 2, false))
			r.Accepted(r.Sending(1), id(4), id(3))
			r.Told(1, seen(4, 1, 2, true))
			r.Told(1, seen(5, 0, 3, false))
			r.Accepted(r.Sending(0), id(5), id(3))
		}, TwoInSlot},
		"both into an empty slot": {func(r *Room) {
			r.Told(0, seen(4, 1, 2, false))
			r.Accepted(r.Sending(1), id(4), wire.MessageID{})
		}, TwoInSlot},
		"out of turn": {func(r *Room) {
			r.Sending(0)
			r.Told(1, seen(4, 0, 3, false))
		}, TwoInSlot},
	} {
		t.Run(name, func(t *testing.T) {
			l := New()
			r := l.Room(1, 1)
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
	}
}

func TestForgottenIsNotLost(t *testing.T) {
	l := New()
	r := l.Room(1, 1)
	r.Accepted(r.Sending(0), id(1), wire.MessageID{})
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
				r := l.Room(1, 1)
				r.Accepted(r.Sending(0), id(1), wire.MessageID{})
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
	r := l.Room(1, 1)
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
	r.Told(1, Message{ID: id(1), Text: Stamp{Pair: 1, Life: 1, Seat: 0, Seq: 5}.Text(40), Readable: true})
	r.Settle(heard())
	got := l.Totals()
	if got.Delivered != turns || got.Counts[Duplicated] != 1 || got.Counts[Lost]+got.Counts[TwoInSlot] != 0 {
		t.Errorf("%+v", got)
	}
	if n := len(r.replaced) + len(r.authors[0].seen) + len(r.authors[1].seen); n > 4*window {
		t.Errorf("the account has %d entries", n)
	}
}

func TestStamp(t *testing.T) {
	want := Stamp{Pair: 12, Life: 3, Seat: 1, Seq: 40}
	for _, size := range []int{0, 9, 10, 100, 500} {
		text := want.Text(size)
		if got, ok := parse(text); !ok || got != want || len(text) < size {
			t.Errorf("size %d: %q reads as %v, %v", size, text, got, ok)
		}
	}
	for _, text := range []string{"", "hello", "1.2.3", "1.2.3.4", "1.2.0.0", "01.1.1.1", "1.1.1.1.1", "1.1.1.1x"} {
		if _, ok := parse(text); ok {
			t.Errorf("%q passes for a stamp", text)
		}
	}
}

func TestOffencesAreBounded(t *testing.T) {
	l := New()
	r := l.Room(1, 1)
	for range 100 {
		r.Told(0, Message{})
	}
	if got := l.Totals(); got.Counts[Misdelivered] != 100 || len(got.Offences) != maxOffences {
		t.Errorf("%d counted, %d kept", got.Counts[Misdelivered], len(got.Offences))
	}
}
