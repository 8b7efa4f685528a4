package roomactor

import (
	"time"

	"sotto/wire"
)

// The rules of the slot, in the order of PROTOCOL.md.

func (s *state) send(now time.Duration, c *command, me int) outcome {
	req, seat := c.req, &s.seats[me]
	if s.faulty(c) {
		return outcome{}
	}
	if req.Nonce.Set() && req.Nonce == seat.lastNonce {
		s.reply(c, &wire.Response{MessageID: seat.lastID})
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

	id := wire.NewUUID[wire.MessageID]((*[16]byte)(c.random[:16]))
	s.slot.fill(req.Ciphertext)
	s.slot.full, s.slot.author = true, me
	s.slot.msg.ID = id
	s.slot.msg.Sender = seat.sender
	s.slot.msg.IV = req.IV
	s.slot.msg.InsertedAt = s.wall(now)
	s.slot.msg.ReadAt = time.Time{}
	seat.lastNonce, seat.lastID = req.Nonce, id

	s.broadcast(bothSeats, &wire.Response{Event: wire.EventNewMessage, Message: &s.slot.msg})
	s.reply(c, &wire.Response{MessageID: id})
	return outcome{accepted: wire.EventSend}
}

// answers reports whether the slot holds what a send says it replaces.
func (s *state) answers(r *wire.Replaces) bool {
	switch {
	case !r.Set:
		return true
	case r.Message:
		return s.slot.full && s.slot.msg.ID == r.ID
	}
	return !s.slot.full
}

// holds reports whether the slot holds the message id.
func (s *state) holds(id *wire.MessageID) bool { return s.slot.full && s.slot.msg.ID == *id }

func (s *state) read(now time.Duration, c *command, me int) outcome {
	if !s.holds(&c.req.MessageID) || s.slot.author == me || !s.slot.msg.ReadAt.IsZero() {
		return outcome{}
	}
	s.slot.msg.ReadAt = s.wall(now)
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
