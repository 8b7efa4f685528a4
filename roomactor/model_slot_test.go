package roomactor

import (
	"slices"
	"time"

	"sotto/wire"
)

// request is every request but a join.
func (m *model) request(now time.Duration, c *command) {
	r, who := c.req, c.from.(*puppet).name
	me := m.seatOf(who)
	if me == nil {
		m.answer(c, "error not_joined")
		return
	}
	id := nameOf(r.MessageID[:])
	about := m.message != nil && m.message.id == id
	// changes says whether the sender may change its message, or why not.
	changes := func(reason string) bool {
		switch {
		case !about || m.message.author != me:
			m.answer(c, "error not_found")
		case m.message.read >= 0:
			m.answer(c, "error %s", reason)
		default:
			return true
		}
		return false
	}
	switch r.Event {
	case wire.EventSend:
		m.send(now, c, me)
		return
	case wire.EventRead:
		if !about || m.message.author == me || m.message.read >= 0 {
			return
		}
		m.message.read = now
		m.everyone("message_read %s %v", id, micro(now))
	case wire.EventEdit:
		if !changes("not_editable") || m.refused(c) {
			return
		}
		m.message.text = string(r.Ciphertext)
		m.answer(c, "ok")
		m.everyone("message_edited %s %q", id, r.Ciphertext)
	case wire.EventDelete:
		if !changes("not_deletable") {
			return
		}
		m.message = nil
		m.answer(c, "ok")
		m.everyone("message_deleted %s", id)
	case wire.EventHello:
		if r.Fault != "" {
			m.answer(c, "error %s", r.Fault)
			return
		}
		m.hello(c, me)
	case wire.EventTyping:
		if other := m.other(me); other != nil {
			other.everyone(m, "counterparty_typing")
		}
	case wire.EventResetPairing:
		switch {
		case len(m.seats) == 2:
			m.answer(c, "error not_found")
			return
		case !r.Gate.Valid:
			m.answer(c, "error invalid_token")
			return
		}
		m.gate, m.fails, m.lockEnds = r.Gate, 0, 0
		m.answer(c, "ok")
	case wire.EventExpire:
		m.answer(c, "ok")
		m.over(1000, "expire_room over expire_room")
		return
	case wire.EventRedeemExtension:
		m.answer(c, "error monetization_disabled")
		return
	}
	m.outcome("%s", r.Event.String())
}

// refused refuses a message that is faulty or has no place.
func (m *model) refused(c *command) bool {
	switch {
	case c.req.Fault != "":
		m.answer(c, "error %s", c.req.Fault)
	case c.slotsFull:
		m.answer(c, "error rate_limited retry 1m0s")
		m.outcome("slots full")
	default:
		return false
	}
	return true
}

func (m *model) hello(c *command, me *seatModel) {
	at := slices.IndexFunc(me.sockets, func(k socketModel) bool { return k.name == c.from.(*puppet).name })
	stay := []socketModel{me.sockets[at]}
	for i, k := range me.sockets {
		if i > at && k.token == stay[0].token {
			stay = append(stay, k)
		} else if i != at {
			m.say(k.name, "closed 4500")
		}
	}
	me.sockets = stay
	text, other := string(c.req.Hello), m.other(me)
	if other != nil && me.hello != text {
		other.everyone(m, "hello %q", text)
	}
	me.hello = text
	if other != nil && other.hello != "" {
		m.answer(c, "ok hello %q", other.hello)
	} else {
		m.answer(c, "ok")
	}
}

func (m *model) send(now time.Duration, c *command, me *seatModel) {
	r, there := &c.req.Replaces, m.message != nil
	stale := r.Set && (r.Message != there || there && nameOf(r.ID[:]) != m.message.id) ||
		r.HasIV && (!there || ivOf(m.message.text) != r.IV)
	repeated := slices.IndexFunc(me.sends, func(s sentModel) bool { return c.req.Nonce.Set() && s.nonce == c.nonce })
	switch {
	case c.req.Fault != "":
		m.refused(c)
	case repeated >= 0:
		m.answer(c, "ok %s", me.sends[repeated].id)
	case there && m.message.author == me:
		m.answer(c, "error not_your_turn")
	case stale:
		m.answer(c, "error stale")
	case !m.refused(c):
		id := nameOf(c.random[:])
		m.message = &messageModel{id: id, text: string(c.req.Ciphertext), author: me, inserted: now, read: -1}
		if c.req.Nonce.Set() {
			me.sends = append(me.sends, sentModel{c.nonce, id})
			me.sends = me.sends[max(0, len(me.sends)-4):]
		}
		m.everyone("new_message %s", m.message)
		m.answer(c, "ok %s", id)
		m.outcome("send_message")
	}
}
