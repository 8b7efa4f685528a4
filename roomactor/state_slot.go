package roomactor

import (
	"bytes"
	"time"

	"sotto/lockout"
	"sotto/wire"
)

// The rules of the slot, in the order of PROTOCOL.md.

func (s *state) send(now moment, c *command, me int) outcome {
	req, seat := c.req, &s.seats[me]
	if s.faulty(c) {
		return outcome{}
	}
	if id, repeated := seat.repeat(c); repeated {
		s.reply(c, &wire.Response{MessageID: id})
		return outcome{}
	}
	if s.slot.full && s.slot.author == me {
		s.refuse(c, wire.ReasonNotYourTurn)
		return outcome{}
	}
	if !s.answers(&req.Replaces) {
		s.refuse(c, wire.ReasonStale)
		return outcome{}
	}
	if c.slotsFull {
		return s.refuseFull(c)
	}

	id := wire.NewUUID[wire.MessageID]((*[16]byte)(c.random[:16]))
	s.slot.fill(req.Ciphertext)
	s.slot.full, s.slot.author = true, me
	s.slot.msg.ID = id
	s.slot.msg.Sender = seat.sender
	s.slot.msg.IV = req.IV
	s.slot.msg.InsertedAt = now.at(now.Duration)
	s.slot.msg.ReadAt = time.Time{}
	seat.remember(c, &id)

	s.broadcast(bothSeats, &wire.Response{Event: wire.EventNewMessage, Message: &s.slot.msg})
	s.reply(c, &wire.Response{MessageID: id})
	return outcome{accepted: wire.EventSend}
}

// refuseFull refuses a large message: the slots of all rooms have no memory left
// for it. That passes with an answer somewhere, so a minute is a guess.
func (s *state) refuseFull(c *command) outcome {
	s.reply(c, &wire.Response{Reason: wire.ReasonRateLimited, RetryAfter: fullRetry})
	return outcome{slotsFull: true}
}

// maxSends is how many answers a seat keeps for repeated sends: its devices
// send by turns, and one may be late.
const maxSends = 4

// repeat returns the id that an accepted send of this nonce was answered with.
func (seat *seat) repeat(c *command) (id wire.MessageID, repeated bool) {
	if !c.req.Nonce.Set() {
		return id, false
	}
	for i := range seat.sends {
		if seat.sends[i].nonce == c.nonce {
			return seat.sends[i].id, true
		}
	}
	return id, false
}

// remember keeps the answer to an accepted send with a nonce.
func (seat *seat) remember(c *command, id *wire.MessageID) {
	if !c.req.Nonce.Set() {
		return
	}
	if len(seat.sends) == maxSends {
		seat.sends = append(seat.sends[:0], seat.sends[1:]...)
	}
	seat.sends = append(seat.sends, sent{nonce: c.nonce, id: *id})
}

// answers reports whether the slot holds what a send says it replaces.
func (s *state) answers(r *wire.Replaces) bool {
	switch {
	case r.HasIV && (!s.slot.full || s.slot.msg.IV != r.IV):
		return false
	case !r.Set:
		return true
	case r.Message:
		return s.slot.full && s.slot.msg.ID == r.ID
	}
	return !s.slot.full
}

// holds reports whether the slot holds the message id.
func (s *state) holds(id *wire.MessageID) bool { return s.slot.full && s.slot.msg.ID == *id }

func (s *state) read(now moment, c *command, me int) outcome {
	if !s.holds(&c.req.MessageID) || s.slot.author == me || !s.slot.msg.ReadAt.IsZero() {
		return outcome{}
	}
	s.slot.msg.ReadAt = now.at(now.Duration)
	s.broadcast(bothSeats, &wire.Response{
		Event: wire.EventMessageRead, MessageID: s.slot.msg.ID, Message: &s.slot.msg,
	})
	return outcome{accepted: wire.EventRead}
}

func (s *state) edit(c *command, me int) outcome {
	switch {
	case !s.holds(&c.req.MessageID) || s.slot.author != me:
		s.refuse(c, wire.ReasonNotFound)
		return outcome{}
	case !s.slot.msg.ReadAt.IsZero():
		s.refuse(c, wire.ReasonNotEditable)
		return outcome{}
	case s.faulty(c):
		return outcome{}
	case c.slotsFull:
		return s.refuseFull(c)
	}
	s.slot.fill(c.req.Ciphertext)
	s.slot.msg.IV = c.req.IV
	s.reply(c, &wire.Response{})
	s.broadcast(bothSeats, &wire.Response{
		Event: wire.EventMessageEdited, MessageID: s.slot.msg.ID, Message: &s.slot.msg,
	})
	return outcome{accepted: wire.EventEdit}
}

func (s *state) remove(c *command, me int) outcome {
	id := c.req.MessageID
	switch {
	case !s.holds(&id) || s.slot.author != me:
		s.refuse(c, wire.ReasonNotFound)
		return outcome{}
	case !s.slot.msg.ReadAt.IsZero():
		s.refuse(c, wire.ReasonNotDeletable)
		return outcome{}
	}
	s.slot.clear()
	s.reply(c, &wire.Response{})
	s.broadcast(bothSeats, &wire.Response{Event: wire.EventMessageDeleted, MessageID: id})
	return outcome{accepted: wire.EventDelete}
}

// hello keeps what a page says, and moves every other socket of its seat out:
// one page a person has the keys. A page's own later socket stays, as this hello
// is then a late one, from a connection that the page gave up.
func (s *state) hello(c *command, me int) outcome {
	if s.faulty(c) {
		return outcome{}
	}
	mine, other := &s.seats[me], &s.seats[1-me]
	var page lockout.Token // this socket's, known by those that joined after it
	behind := false
	mine.keep(func(k *socket) bool {
		switch {
		case k.member == c.from:
			page, behind = k.token, true
		case !behind || k.token != page:
			s.do(&effect{kind: effClose, member: k.member, code: wire.CloseMoved})
			return false
		}
		return true
	})

	if mine.hello == nil {
		mine.hello = new(hello)
	}
	if !bytes.Equal(mine.hello.bytes, c.req.Hello) {
		mine.hello.bytes = overwrite(mine.hello.bytes, c.req.Hello)
		s.broadcast(onlySeat(1-me), &wire.Response{Event: wire.EventHello, Hello: mine.hello.bytes})
	}
	var ok wire.Response
	if other.hello != nil {
		ok.Hello = other.hello.bytes
	}
	s.reply(c, &ok)
	return outcome{accepted: wire.EventHello}
}
