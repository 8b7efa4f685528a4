package blind

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"sotto/wire"
)

// forger has the code, and everything that came by the relay, but no page.
type forger struct {
	*world
	seed keySeed // of the key that the forgery offers
	last chain
}

// forge makes a message of person 1 with a key that the forger chooses.
func (f *forger) forge(id byte, left bool, to KeyID, pk *PublicKey, before chain) MessageReceived {
	f.seed = keySeed{'f', id}
	h := Header{Left: left, Page: f.pages[1].page.id, To: to, Next: *f.kem.publicKey(&f.seed)}
	sender, life := f.relay.senders[1], NewLifeKey(testLife)
	var k messageKey
	var header []byte
	if left {
		header = h.Marshal()
		f.last, k = leftChain(before, sender, header), life.leftKey(sender, header)
	} else {
		enc, shared, err := f.kem.encapsulate(pk, f.random)
		if err != nil {
			f.t.Fatal(err)
		}
		h.Enc = *enc
		header = h.Marshal()
		f.last, k = sealedKeys(before, shared, sender, header)
	}
	body, err := (&Body{Content: Content{Kind: KindText, Text: "forged"}}).Marshal()
	if err != nil {
		f.t.Fatal(err)
	}
	iv := IV{id}
	return MessageReceived{Message{ID: wire.MessageID{id}, Sender: sender, Bytes: k.seal(header, iv, body), IV: iv}}
}

// Whoever has the code and the relay, but no page, neither writes into a chat
// that goes on nor reads its answers, unless the person is told of new keys.
func TestForgedWithTheCode(t *testing.T) {
	t.Parallel()
	life := chain(testLife)
	for name, test := range map[string]struct {
		forge func(f *forger, a *node) Event
		hello bool // a forged one comes first, so that the victim has a key of a hello
		told  string
		reads bool // the forger reads the answer
	}{
		"left, without a key": {
			func(f *forger, _ *node) Event { return f.forge(9, true, KeyID{}, nil, life) }, false, "KeysAnew", true,
		},
		"left, for a key that nobody has": {
			func(f *forger, _ *node) Event { return f.forge(9, true, KeyID{9}, nil, life) }, false, "KeysAnew, KeysAnew", false,
		},
		"left, on the chain": {
			func(f *forger, a *node) Event { return f.forge(9, true, a.page.own.id, nil, life) }, false, "", false,
		},
		"left, for the key of a hello": {
			func(f *forger, a *node) Event { return f.forge(9, true, a.page.hello.id, nil, life) }, true, "OtherAnew, KeysAnew, KeysAnew", true,
		},
		"sealed, for the key of a hello": {
			func(f *forger, a *node) Event {
				return f.forge(9, false, a.page.hello.id, f.kem.publicKey(&a.page.hello.seed), life)
			},
			true, "OtherAnew, KeysAnew, KeysAnew", true,
		},
		"sealed, on the chain": {
			func(f *forger, a *node) Event {
				return f.forge(9, false, a.page.own.id, f.kem.publicKey(&a.page.own.seed), life)
			},
			false, "Failed", false,
		},
		"sealed, to nobody": {
			func(f *forger, _ *node) Event { return f.forge(9, false, KeyID{8}, &PublicKey{}, life) }, false, "KeysAnew", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, a, b := meet(t, false)
			b.says("one")
			a.says("two")
			f := &forger{world: w}
			if test.hello {
				a.step(HelloReceived{Hello: (&Hello{
					Page: b.page.id, Sender: w.relay.senders[1], Key: *w.kem.publicKey(&keySeed{'h'}),
				}).Marshal(NewLifeKey(testLife))})
				a.step(HelloReceived{Hello: (&Hello{
					Page: PageID{'x'}, Sender: w.relay.senders[1], Key: *w.kem.publicKey(&keySeed{'h'}),
				}).Marshal(NewLifeKey(testLife))})
				b.page.id = PageID{'x'} // what the forger says from now on
			}
			a.step(test.forge(f, a))
			a.conn.up = nil
			a.write("the answer")
			if got := a.take(); got != test.told {
				t.Errorf("told %q, want %q", got, test.told)
			}
			reads := false
			for _, frame := range a.conn.up {
				m, ok := frame.(Transmit)
				if !ok {
					continue
				}
				h, _, err := ParseHeader(m.Bytes)
				if err != nil {
					t.Fatal(err)
				}
				shared, _ := w.kem.decapsulate(&f.seed, &h.Enc)
				for _, before := range []chain{f.last, life, leftChain(life, w.relay.senders[1], m.Bytes[:HeaderSize])} {
					if h.Left {
						break
					}
					_, k := sealedKeys(before, shared, w.relay.senders[0], m.Bytes[:HeaderSize])
					if _, err := k.open(m.Bytes, m.IV); err == nil {
						reads = true
					}
				}
			}
			if reads != test.reads {
				t.Errorf("the forger reads the answer: %v, want %v", reads, test.reads)
			}
			if reads && !strings.Contains(test.told, "KeysAnew") {
				t.Error("unseen")
			}
		})
	}
}

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
		"hello cut": {ErrFormat, func(w *world, _ *node, _ Event) Event {
			return HelloReply{Hello: hello(w, w.relay.senders[1])[:HelloSize-1]}
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
		"message cut": {ErrFormat, func(_ *world, _ *node, m Event) Event {
			e := m.(MessageReceived)
			e.Message.Bytes = e.Message.Bytes[1:]
			return e
		}},
		"version":      {ErrFormat, func(_ *world, _ *node, m Event) Event { return flip(m, 0) }},
		"page changed": {ErrForged, func(_ *world, _ *node, m Event) Event { return flip(m, 4) }},
		"enc changed":  {ErrForged, func(_ *world, _ *node, m Event) Event { return flip(m, 20) }},
		"next changed": {ErrForged, func(_ *world, _ *node, m Event) Event { return flip(m, HeaderSize-1) }},
		"body changed": {ErrForged, func(_ *world, _ *node, m Event) Event { return flip(m, HeaderSize) }},
		"tag changed":  {ErrForged, func(_ *world, _ *node, m Event) Event { return flip(m, -1) }},
		"iv changed":   {ErrForged, func(_ *world, _ *node, m Event) Event { e := m.(MessageReceived); e.Message.IV[0] ^= 1; return e }},
		"edit that is forged": {ErrForged, func(w *world, a *node, m Event) Event {
			a.step(m)
			e := m.(MessageReceived).Message
			return MessageEdited{ID: e.ID, Bytes: e.Bytes, IV: IV{1}}
		}},
		"left, body changed": {ErrForged, func(w *world, _ *node, _ Event) Event {
			return flip((&forger{world: w}).forge(9, true, KeyID{}, nil, chain(testLife)), HeaderSize)
		}},
		"own left one, as the other's": {ErrForged, func(w *world, _ *node, _ Event) Event {
			e := (&forger{world: w}).forge(9, true, KeyID{}, nil, chain(testLife))
			return from(e, w.relay.senders[0])
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
	lies, faults, histories := 0, 0, 600
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
