package blind

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"sotto/wire"
)

// Each of these is a fault: nothing is shown, and the page ends.
func TestFaults(t *testing.T) {
	t.Parallel()
	flip := func(e Event, at int) Event {
		m := e.(MessageReceived).Message
		m.Bytes = change(m.Bytes, at, 1)
		return MessageReceived{m}
	}
	from := func(e Event, sender wire.SenderHash) Event {
		m := e.(MessageReceived).Message
		m.Sender = sender
		return MessageReceived{m}
	}
	left := func(w *world) Event {
		m, _, _ := w.forgery(1, &Header{Left: true, Page: w.pages[1].page.id, Next: PublicKey{7}}, nil, chain(testLife))
		return MessageReceived{m}
	}
	hello := func(w *world, sender wire.SenderHash) []byte {
		return (&Hello{Page: PageID{7}, Sender: sender, Key: PublicKey{7}}).Marshal(NewLifeKey(testLife))
	}
	for name, test := range map[string]struct {
		want  error
		event func(w *world, a *node, m Event) Event // m: what b has sealed for a
	}{
		"hello changed": {ErrForged, func(w *world, _ *node, _ Event) Event {
			return HelloReceived{Hello: change(hello(w, w.relay.senders[1]), 5, 1)}
		}},
		"hello empty": {ErrFormat, func(*world, *node, Event) Event { return HelloReply{Hello: []byte{}} }},
		"own hello":   {errOther, func(_ *world, a *node, _ Event) Event { return HelloReceived{Hello: a.relay.hellos[0]} }},
		"own hello, no other": {errOther, func(_ *world, a *node, _ Event) Event {
			a.page.peer = nil
			return HelloReceived{Hello: a.relay.hellos[0]}
		}},
		"hello of a third":   {errOther, func(w *world, _ *node, _ Event) Event { return HelloReceived{Hello: hello(w, wire.SenderHash{3})} }},
		"another seat":       {errOther, func(w *world, _ *node, _ Event) Event { return Joined{Sender: w.relay.senders[1]} }},
		"message of a third": {errOther, func(_ *world, _ *node, m Event) Event { return from(m, wire.SenderHash{3}) }},
		"message cut, in a join": {ErrFormat, func(w *world, _ *node, m Event) Event {
			e := m.(MessageReceived)
			e.Message.Bytes = e.Message.Bytes[1:]
			return Joined{w.relay.senders[0], &e.Message}
		}},
		"version":      {ErrFormat, func(_ *world, _ *node, m Event) Event { return flip(m, 0) }},
		"page changed": {ErrForged, func(_ *world, _ *node, m Event) Event { return flip(m, 4) }},
		"body changed": {ErrForged, func(_ *world, _ *node, m Event) Event { return flip(m, HeaderSize) }},
		"iv changed":   {ErrForged, func(_ *world, _ *node, m Event) Event { e := m.(MessageReceived); e.Message.IV[0] ^= 1; return e }},
		"edit that is forged": {ErrForged, func(w *world, a *node, m Event) Event {
			a.step(m)
			e := m.(MessageReceived).Message
			return MessageEdited{ID: e.ID, Bytes: e.Bytes, IV: IV{1}}
		}},
		"left, body changed": {ErrForged, func(w *world, _ *node, _ Event) Event {
			return flip(left(w), HeaderSize)
		}},
		"own left one, as the other's": {ErrForged, func(w *world, _ *node, _ Event) Event {
			return from(left(w), w.relay.senders[0])
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w, a, b := meet(t, false)
			b.says("one")
			a.says("two")
			var sealed Event
			w.tamper = func(n *node, e Event) []Event {
				if _, ok := e.(MessageReceived); ok && n == a {
					sealed = e
					return nil
				}
				return []Event{e}
			}
			b.says("three")
			a.take()
			a.step(test.event(w, a, sealed))
			if len(a.notices) != 1 || len(a.conn.up) != 0 {
				t.Fatalf("told %q, %d frames", a.take(), len(a.conn.up))
			}
			if failed, ok := a.notices[0].(Failed); !ok || !errors.Is(failed.Err, test.want) {
				t.Errorf("told %v, want %v", failed.Err, test.want)
			}
			has := map[[32]byte]bool{}
			memory(reflect.ValueOf(a.page), has)
			delete(has, w.relay.senders[0])
			if len(has) != 0 || !a.page.Ended() || a.page.View().Holder != HolderNone {
				t.Errorf("%d secrets are left", len(has))
			}
		})
	}
}

// What is shown again is not opened again, and a page bears 16 that do not
// open.
func TestShownAgain(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, false)
	var seen []Event
	w.tamper = func(n *node, e Event) []Event {
		if _, ok := e.(MessageReceived); ok && n == a {
			seen = append(seen, e)
		}
		return []Event{e}
	}
	b.step(Hide{true})
	b.says("left") // by the life key alone
	b.step(Hide{false})
	a.says("two")
	b.says("sealed")
	a.says("four")
	a.take()
	for i := range mostUnopened {
		a.step(seen[2*(i%2)])
		if v := a.page.View(); v.Content.Kind != KindEmpty {
			t.Errorf("%q is shown again", v.Content.Text)
		}
	}
	if got := a.take(); got != "Failed" {
		t.Errorf("told %q", got)
	}
}

// A relay that lies: it drops, doubles, holds back, repeats and changes what
// it tells. A person is told of a fault or sees less; never what the other
// person has not written, and never their own words as the other's.
func TestLyingRelay(t *testing.T) {
	t.Parallel()
	lies, faults, histories := 0, 0, 300
	if testing.Short() {
		histories /= 10
	}
	for seed := range histories {
		s := newSim(t, uint64(seed))
		s.lying = true
		var told []Event
		s.tamper = func(n *node, e Event) []Event {
			told = append(told, e)
			if s.rand.IntN(6) > 0 {
				return []Event{e}
			}
			lies++
			switch s.rand.IntN(6) {
			case 0:
				return nil
			case 1:
				return []Event{e, e}
			case 2:
				return []Event{told[s.rand.IntN(len(told))], e}
			case 3:
				return []Event{changed(e, s.rand)}
			case 4:
				return []Event{Presence{s.rand.IntN(2) == 0}, e}
			default:
				if r := n.page.job; r != nil {
					return []Event{Answered{r.frame.Nonce, wire.MessageID{5}, []wire.Reason{"", wire.ReasonStale, wire.ReasonNotEditable}[s.rand.IntN(3)]}, e}
				}
				return []Event{e, MessageDeleted{n.page.View().ID}}
			}
		}
		s.play(simSteps)
		faults += s.counts["faults"]
		if t.Failed() {
			t.Fatalf("in history %d, after %v", seed, s.trail)
		}
	}
	t.Logf("%d lies, %d faults", lies, faults)
	if lies < 4*histories || faults < histories/10 {
		t.Errorf("only %d lies and %d faults", lies, faults)
	}
}

// changed returns an event with something else in it.
func changed(e Event, r *rand.Rand) Event {
	alter := func(b []byte) []byte {
		if len(b) == 0 {
			return b
		}
		return change(b, r.IntN(len(b)), 1<<r.IntN(8))
	}
	switch e := e.(type) {
	case HelloReply:
		e.Hello = alter(e.Hello)
		return e
	case HelloReceived:
		e.Hello = alter(e.Hello)
		return e
	case MessageReceived:
		switch r.IntN(3) {
		case 0:
			e.Message.Bytes = alter(e.Message.Bytes)
		case 1:
			e.Message.Sender[0] ^= 3 // the other seat
		default:
			e.Message.IV[r.IntN(12)] ^= 1
		}
		return e
	case MessageEdited:
		e.Bytes = alter(e.Bytes)
		return e
	}
	return e
}
