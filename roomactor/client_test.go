package roomactor_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"sotto/roomactor"
	"sotto/wire"
)

// client is a joined socket with a driver, which keeps all that it was given.
type client struct {
	h    *house
	room *roomactor.Room
	seat int
	*peer
	random *rand.Rand
	log    []wire.Response
	newest wire.MessageID // of the newest message it knows
	iv     [wire.IVSize]byte
	asked  int
}

// newClients joins n sockets, in turns to alice's seat and bob's.
func newClients(tb testing.TB, h *house, n int) []*client {
	all := make([]*client, n)
	for i := range all {
		p := newPeer()
		all[i] = &client{
			h: h, seat: i % 2, peer: p, room: h.join(tb, "room", p, as(holders[i%2])),
			random: rand.New(rand.NewPCG(1, uint64(i))),
		}
	}
	for _, c := range all {
		c.fence(tb)
		c.log = nil
	}
	return all
}

var holders = [2]string{"alice", "bob"}

func (c *client) take(r wire.Response) {
	c.log = append(c.log, r)
	switch r.Event {
	case wire.EventNewMessage:
		c.newest, c.iv = r.Message.ID, r.Message.IV
	case wire.EventMessageEdited:
		c.iv = r.Message.IV
	}
}

// catchUp takes what came already.
func (c *client) catchUp() {
	for _, r := range c.rest() {
		c.take(r)
	}
}

// until takes all up to the reply with ref, which it returns.
func (c *client) until(tb testing.TB, ref wire.Ref) wire.Response {
	tb.Helper()
	for {
		r := c.next(tb)
		c.take(r)
		if r.Ref == ref {
			return r
		}
	}
}

// ref is one that no other request of the client has.
func (c *client) ref() wire.Ref {
	c.asked++
	return wire.NewRef(fmt.Sprint(c.asked))
}

// ask posts a request.
func (c *client) ask(tb testing.TB, r wire.Request) {
	if err := c.h.tryPost(context.Background(), c.room, c.peer, r); err != nil {
		tb.Errorf("post: %v", err)
	}
}

// fence waits until the room has done all that the client asked.
func (c *client) fence(tb testing.TB) {
	tb.Helper()
	ref := c.ref()
	c.ask(tb, wire.Request{Event: wire.EventRedeemExtension, Ref: ref})
	c.until(tb, ref)
}

// rejoin joins the joined socket again and returns the answer.
func (c *client) rejoin(tb testing.TB) wire.Response {
	tb.Helper()
	ref := c.ref()
	req := c.h.request(wire.Request{Event: wire.EventJoin, Ref: ref, Join: as(holders[c.seat])})
	defer req.Release()
	if result, err := c.h.Join(context.Background(), new(hash[wire.RoomHash]("room")), c.peer, req, 0); err != nil || result.Room != c.room {
		tb.Errorf("join: %+v, %v", result, err)
	}
	return c.until(tb, ref)
}

// drawn is a request about the newest message the client knows.
func (c *client) drawn() wire.Request {
	r := wire.Request{Ref: c.ref(), MessageID: c.newest}
	switch c.random.IntN(4) {
	case 0:
		r.Event, r.Ref = wire.EventRead, wire.Ref{}
	case 1:
		r.Event = wire.EventEdit
		r.Ciphertext = fmt.Append(nil, "edit ", c.seat, c.asked)
		copy(r.IV[:], fmt.Sprint(c.seat, c.asked))
	case 2:
		r.Event = wire.EventDelete
	default:
		r.Event = wire.EventSend
		r.Ciphertext = fmt.Append(nil, "send ", c.seat, c.asked)
		if c.random.IntN(2) == 0 {
			r.Replaces = wire.Replaces{Set: true, Message: c.newest != wire.MessageID{}, ID: c.newest}
			r.Replaces.HasIV, r.Replaces.IV = r.Replaces.Message && c.random.IntN(2) == 0, c.iv
		}
	}
	return r
}
