package roomactor_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"sotto/roomactor"
	"sotto/wire"
)

// What clients of one room see under contention is what they would see if
// each request were carried out at one instant between its post and its
// answer: the history is linearizable.

// operation is a request of a client of a seat.
type operation struct {
	seat int
	wire.Request
}

// result is its answer; a read_receipt has none.
type result struct {
	reason wire.Reason
	sent   wire.MessageID
	slot   slotView // of a join
}

// slotView is the slot as a join's answer shows it.
type slotView struct {
	id     wire.MessageID
	sender wire.SenderHash
	text   string
	read   bool
}

// slotModel is the room that the history is checked against.
type slotModel struct {
	slotView
	full   bool
	author int
	nonces [2]wire.Nonce
	acks   [2]wire.MessageID
}

// carryOut is the room's rules in small: PROTOCOL.md, the slot.
func (m slotModel) carryOut(o operation, got result) (bool, slotModel) {
	mine := m.full && m.id == o.MessageID && m.author == o.seat
	switch o.Event {
	case wire.EventJoin:
		return got == result{slot: m.slotView}, m
	case wire.EventRead:
		if m.full && m.id == o.MessageID && m.author != o.seat {
			m.read = true
		}
		return true, m
	case wire.EventEdit:
		switch {
		case !mine:
			return got.reason == wire.ReasonNotFound, m
		case m.read:
			return got.reason == wire.ReasonNotEditable, m
		}
		m.text = string(o.Ciphertext)
		return got == result{}, m
	case wire.EventDelete:
		switch {
		case !mine:
			return got.reason == wire.ReasonNotFound, m
		case m.read:
			return got.reason == wire.ReasonNotDeletable, m
		}
		m.slotView, m.full = slotView{}, false
		return got == result{}, m
	}
	switch r := o.Replaces; {
	case o.Nonce.Set() && o.Nonce == m.nonces[o.seat]:
		return got == result{sent: m.acks[o.seat]}, m
	case m.full && m.author == o.seat:
		return got.reason == wire.ReasonNotYourTurn, m
	case r.Set && (r.Message != m.full || r.Message && r.ID != m.id):
		return got.reason == wire.ReasonStale, m
	}
	m.slotView = slotView{got.sent, hash[wire.SenderHash](holders[o.seat]), string(o.Ciphertext), false}
	m.full, m.author = true, o.seat
	m.nonces[o.seat], m.acks[o.seat] = o.Nonce, got.sent
	return got == result{sent: got.sent} && got.sent != wire.MessageID{}, m
}

var linear = porcupine.Model{
	Init: func() any { return slotModel{} },
	Step: func(state, input, output any) (bool, any) {
		return state.(slotModel).carryOut(input.(operation), output.(result))
	},
}

// exec carries out an operation of a client and returns when it is answered.
type exec func(t *testing.T, c *client, o operation) result

// inTheRoom is the real one.
func inTheRoom(t *testing.T, c *client, o operation) result {
	switch o.Event {
	case wire.EventJoin:
		var view slotView
		if m := c.rejoin(t).Joined.Message; m != nil {
			view = slotView{m.ID, m.Sender, string(m.Ciphertext), !m.ReadAt.IsZero()}
		}
		return result{slot: view}
	case wire.EventRead:
		c.ask(t, o.Request)
		c.fence(t)
		return result{}
	}
	c.ask(t, o.Request)
	r := c.until(t, o.Ref)
	return result{reason: r.Reason, sent: r.MessageID}
}

// history has clients of one room work at the same time, and records what
// they did and saw.
func history(t *testing.T, do exec) []porcupine.Operation {
	const sockets, each = 6, 80
	h := newHouse(t, roomactor.Config{})
	clients := newClients(t, h, sockets)
	var clock atomic.Int64
	var mu sync.Mutex
	var all []porcupine.Operation // guarded by mu
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			for range each {
				o := operation{c.seat, c.drawnOperation()}
				op := porcupine.Operation{ClientId: i, Input: o, Call: clock.Add(1)}
				op.Output = do(t, c, o)
				op.Return = clock.Add(1)
				mu.Lock()
				all = append(all, op)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return all
}

// drawnOperation is a request as drawn, or a join, or a repeated send.
func (c *client) drawnOperation() wire.Request {
	c.catchUp()
	switch c.random.IntN(5) {
	case 0:
		return wire.Request{Event: wire.EventJoin}
	case 1:
		// Few nonces, so that some are repeated, from other sockets as well.
		nonce, _ := wire.ParseNonce("000000000000000" + string("0123456789"[c.random.IntN(10)]))
		return wire.Request{Event: wire.EventSend, Ref: c.ref(), Nonce: nonce, Ciphertext: []byte("again")}
	}
	return c.drawn()
}

const checkTime = 2 * time.Minute

func TestLinearizable(t *testing.T) {
	for range 4 {
		if r := porcupine.CheckOperationsTimeout(linear, history(t, inTheRoom), checkTime); r != porcupine.Ok {
			t.Fatalf("the history is not linearizable: %s", r)
		}
	}
}

// The check finds rooms that break their promise.
func TestLinearizableFindsBrokenRooms(t *testing.T) {
	var mu sync.Mutex
	last := make(map[*client]result) // guarded by mu
	// previous returns what it was given the last time for the client.
	previous := func(c *client, r result) (before result, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		before, ok = last[c]
		last[c] = r
		return before, ok
	}
	forged := func(c *client) wire.MessageID {
		return wire.NewUUID[wire.MessageID](&[16]byte{byte(c.seat), byte(c.asked >> 8), byte(c.asked), 0xff})
	}
	for name, broken := range map[string]exec{
		"joins answer with an old slot": func(t *testing.T, c *client, o operation) result {
			r := inTheRoom(t, c, o)
			if o.Event == wire.EventJoin {
				if before, ok := previous(c, r); ok {
					return before
				}
			}
			return r
		},
		"the acknowledgements of sends are a step late": func(t *testing.T, c *client, o operation) result {
			r := inTheRoom(t, c, o)
			if r.sent != (wire.MessageID{}) {
				if before, ok := previous(c, r); ok {
					return before
				}
			}
			return r
		},
		"some sends are acknowledged and lost": func(t *testing.T, c *client, o operation) result {
			if o.Event == wire.EventSend && c.random.IntN(4) == 0 {
				return result{sent: forged(c)}
			}
			return inTheRoom(t, c, o)
		},
		"refused edits are acknowledged": func(t *testing.T, c *client, o operation) result {
			r := inTheRoom(t, c, o)
			if o.Event == wire.EventEdit {
				return result{}
			}
			return r
		},
		"stale sends go through": func(t *testing.T, c *client, o operation) result {
			sent := o
			sent.Replaces = wire.Replaces{}
			return inTheRoom(t, c, sent)
		},
		"some deletions are acknowledged and not done": func(t *testing.T, c *client, o operation) result {
			if o.Event == wire.EventDelete {
				return result{}
			}
			return inTheRoom(t, c, o)
		},
	} {
		t.Run(name, func(t *testing.T) {
			clear(last)
			if r := porcupine.CheckOperationsTimeout(linear, history(t, broken), checkTime); r != porcupine.Illegal {
				t.Errorf("the check says %s; want Illegal", r)
			}
		})
	}
}
