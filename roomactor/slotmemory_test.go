package roomactor_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"sotto/roomactor"
	"sotto/wire"
)

// sealedOf is a send with n bytes of ciphertext.
func sealedOf(n int) wire.Request {
	return wire.Request{Event: wire.EventSend, Ref: wire.NewRef("send"), Ciphertext: bytes.Repeat([]byte{0xff}, n)}
}

// couple opens a room with two people in it who have read what they were told.
func (h *house) couple(tb testing.TB, name string) (room *roomactor.Room, a, b *peer) {
	tb.Helper()
	a, b = newPeer(), newPeer()
	h.join(tb, name, a, as("alice"))
	room = h.join(tb, name, b, as("bob"))
	a.expect(tb, wire.EventNone)
	a.expect(tb, wire.EventPartyPaired)
	a.expect(tb, wire.EventTTLExtended)
	b.expect(tb, wire.EventNone)
	return room, a, b
}

// What all slots hold of large messages is bound; it is given back when the
// message is replaced, edited, deleted or gone with its room, however that ends.
func TestSlotMemory(t *testing.T) {
	const large = 64 << 10
	ask := func(h *house, room *roomactor.Room, p *peer, r wire.Request) wire.Response {
		h.post(t, room, p, r)
		return p.reply(t) // everyone else was told before
	}
	about := func(event wire.Event, id wire.MessageID, n int) wire.Request {
		r := sealedOf(n)
		r.Event, r.MessageID = event, id
		return r
	}
	for name, giveBack := range map[string]func(h *house, room *roomactor.Room, a, b *peer, id wire.MessageID){
		"replaced": func(h *house, room *roomactor.Room, a, b *peer, _ wire.MessageID) {
			if r := ask(h, room, b, sealedOf(large)); r.Reason != "" {
				t.Errorf("the answer is %q: it takes over what is there", r.Reason)
			}
			ask(h, room, a, sealedOf(wire.StdCiphertext))
		},
		"edited": func(h *house, room *roomactor.Room, a, _ *peer, id wire.MessageID) {
			ask(h, room, a, about(wire.EventEdit, id, 10))
			if r := ask(h, room, a, about(wire.EventEdit, id, large)); r.Reason != "" {
				t.Errorf("the edit is %q", r.Reason)
			}
			ask(h, room, a, about(wire.EventEdit, id, 10))
		},
		"deleted": func(h *house, room *roomactor.Room, a, _ *peer, id wire.MessageID) {
			ask(h, room, a, about(wire.EventDelete, id, 0))
		},
		"expired": func(h *house, room *roomactor.Room, a, _ *peer, _ wire.MessageID) {
			h.post(t, room, a, expireRequest)
			a.expectClosed(t, wire.CloseRoomExpired)
		},
		"failed": func(h *house, room *roomactor.Room, a, b *peer, _ wire.MessageID) {
			h.join(t, "room", failingFrom(2), as("alice"))
			h.post(t, room, b, sealedOf(large))
			a.expectClosed(t, wire.CloseRoomFailed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, roomactor.Config{MaxSlotMemory: large - wire.StdCiphertext}) // one fits
			room, a, b := h.couple(t, "room")
			other, c, _ := h.couple(t, "other room")
			sent := ask(h, room, a, sealedOf(large))
			if sent.Reason != "" {
				t.Fatal(sent.Reason)
			}
			if r := ask(h, other, c, sealedOf(large)); r.Reason != wire.ReasonRateLimited || r.RetryAfter != time.Minute {
				t.Errorf("a second one is %q, %v", r.Reason, r.RetryAfter)
			}
			text := ask(h, other, c, sealedOf(wire.StdCiphertext))
			if text.Reason != "" {
				t.Errorf("a text is %q", text.Reason)
			}
			ask(h, other, c, about(wire.EventDelete, text.MessageID, 0))

			giveBack(h, room, a, b, sent.MessageID)
			for deadline := time.Now().Add(patience); ; { // a room that ends tells so first
				r := ask(h, other, c, sealedOf(large))
				if r.Reason == "" {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("the memory is not given back: %q", r.Reason)
				}
			}
		})
	}
}

// Many rooms at the limit at once: nothing is counted twice or lost, which the
// house checks at its end.
func TestSlotMemoryRace(t *testing.T) {
	const rooms, each = 4, 60
	h := newHouse(t, roomactor.Config{MaxSlotMemory: 4_000})
	var refused, accepted int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range rooms {
		wg.Go(func() {
			room, a, b := h.couple(t, fmt.Sprint(i))
			for range each {
				h.post(t, room, a, sealedOf(rand.IntN(16_000)))
				r := a.reply(t)
				mu.Lock()
				if r.Reason == wire.ReasonRateLimited {
					refused++
				} else {
					accepted++
					a, b = b, a
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if refused == 0 || accepted == 0 {
		t.Errorf("%d refused, %d accepted: this was no race", refused, accepted)
	}
}
