package roomactor_test

import (
	"fmt"
	"slices"
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
	client, seat int
	wire.Request
}

// result is its answer; a read_receipt has none.
type result struct {
	reason wire.Reason
	sent   wire.MessageID
	slot   slotView // of a join
	hello  string   // the other seat's, of a hello
}

// slotView is the slot as a join's answer shows it.
type slotView struct {
	id     wire.MessageID
	sender wire.SenderHash
	iv     [wire.IVSize]byte
	text   string
	read   bool
}

// slotModel is the room that the history is checked against.
type slotModel struct {
	slotView
	full   bool
	author int
	sends  [2][4]ack // oldest first
	hellos [2]string
	moved  [linearClients]bool // out of their seat
}

type ack struct {
	nonce wire.Nonce
	id    wire.MessageID
}

// carryOut is the room's rules in small: PROTOCOL.md, the slot.
func (m slotModel) carryOut(o operation, got result) (bool, slotModel) {
	mine := m.full && m.id == o.MessageID && m.author == o.seat
	switch {
	case o.Event == wire.EventJoin:
		m.moved[o.client] = false
		return got == result{slot: m.slotView}, m
	case m.moved[o.client]:
		return o.Event == wire.EventRead || got == result{reason: wire.ReasonNotJoined}, m
	}
	switch o.Event {
	case wire.EventHello:
		for c := range m.moved {
			m.moved[c] = m.moved[c] || c%2 == o.seat && c != o.client
		}
		m.hellos[o.seat] = string(o.Hello)
		return got == result{hello: m.hellos[1-o.seat]}, m
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
		m.text, m.iv = string(o.Ciphertext), o.IV
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
	repeats := func(a ack) bool { return a.nonce == o.Nonce }
	switch r := o.Replaces; {
	case o.Nonce.Set() && slices.ContainsFunc(m.sends[o.seat][:], repeats):
		return got == result{sent: m.sends[o.seat][slices.IndexFunc(m.sends[o.seat][:], repeats)].id}, m
	case m.full && m.author == o.seat:
		return got.reason == wire.ReasonNotYourTurn, m
	case r.Set && (r.Message != m.full || r.Message && r.ID != m.id), r.HasIV && (!m.full || r.IV != m.iv):
		return got.reason == wire.ReasonStale, m
	}
	m.slotView = slotView{got.sent, hash[wire.SenderHash](holders[o.seat]), o.IV, string(o.Ciphertext), false}
	m.full, m.author = true, o.seat
	if o.Nonce.Set() {
		m.sends[o.seat] = [4]ack(append(m.sends[o.seat][1:], ack{o.Nonce, got.sent}))
	}
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
			view = slotView{m.ID, m.Sender, m.IV, string(m.Ciphertext), !m.ReadAt.IsZero()}
		}
		return result{slot: view}
	case wire.EventRead:
		c.ask(t, o.Request)
		c.fence(t)
		return result{}
	}
	c.ask(t, o.Request)
	r := c.until(t, o.Ref)
	return result{reason: r.Reason, sent: r.MessageID, hello: string(r.Hello)}
}

// linearClients are how many sockets work at once, by turns of either seat.
const linearClients = 6

// history has clients of one room work at the same time, and records what
// they did and saw.
func history(t *testing.T, do exec) []porcupine.Operation {
	const each = 80
	h := newHouse(t, roomactor.Config{})
	clients := newClients(t, h, linearClients)
	var clock atomic.Int64
	var mu sync.Mutex
	var all []porcupine.Operation // guarded by mu
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			for range each {
				o := operation{i, c.seat, c.drawnOperation()}
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
	switch c.random.IntN(20) {
	case 0, 1, 2, 3, 4:
		return wire.Request{Event: wire.EventJoin}
	case 5:
		return wire.Request{Event: wire.EventHello, Ref: c.ref(), Hello: fmt.Append(nil, "hello ", c.seat, c.asked)}
	case 6, 7, 8:
		// Few nonces, so that some are repeated, from other sockets as well.
		nonce, _ := wire.ParseNonce("000000000000000" + string("0123456789"[c.random.IntN(10)]))
		return wire.Request{Event: wire.EventSend, Ref: c.ref(), Nonce: nonce, Ciphertext: []byte("again")}
	}
	return c.drawn()
}

const checkTime = 2 * time.Minute

func TestLinearizable(t *testing.T) {
	for range 2 {
		if r := porcupine.CheckOperationsTimeout(linear, history(t, inTheRoom), checkTime); r != porcupine.Ok {
			t.Fatalf("the history is not linearizable: %s", r)
		}
	}
}

// The check finds rooms that break their promise.
func TestLinearizableFindsBrokenRooms(t *testing.T) {
	for name, broken := range map[string]exec{
		"some sends are acknowledged and lost": func(t *testing.T, c *client, o operation) result {
			if o.Event == wire.EventSend && c.random.IntN(4) == 0 {
				return result{sent: wire.NewUUID[wire.MessageID](&[16]byte{byte(c.seat), byte(c.asked >> 8), byte(c.asked), 0xff})}
			}
			return inTheRoom(t, c, o)
		},
		"hellos move no one out": func(t *testing.T, c *client, o operation) result {
			if o.Event == wire.EventHello {
				return result{hello: "hello"}
			}
			return inTheRoom(t, c, o)
		},
	} {
		if r := porcupine.CheckOperationsTimeout(linear, history(t, broken), checkTime); r != porcupine.Illegal {
			t.Errorf("%s: the check says %s; want Illegal", name, r)
		}
	}
}
