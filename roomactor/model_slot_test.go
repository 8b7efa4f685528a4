package roomactor

import "time"

// request is every request but a join; id is the one a send draws.
func (m *model) request(now time.Duration, r requestDraw, id string) {
	if m.timeIsUp(now) {
		return
	}
	answer := func(format string, args ...any) {
		if !r.noRef {
			m.say(r.who, format, args...)
		}
	}
	me := m.seatOf(r.who)
	if me == nil {
		answer("error not_joined")
		return
	}
	// why a message of one's own can't be changed, or "".
	locked := func(reason string) string {
		switch {
		case m.message == nil || m.message.id != r.id || m.message.author != me:
			return "not_found"
		case m.message.read >= 0:
			return reason
		}
		return ""
	}
	switch r.what {
	case "send_message":
		m.send(now, r, id, me, answer)
		return
	case "read_receipt":
		if m.message == nil || m.message.id != r.id || m.message.author == me || m.message.read >= 0 {
			return
		}
		m.message.read = now
		m.everyone("message_read %s %v", r.id, micro(now))
	case "edit_message":
		if reason := locked("not_editable"); reason != "" {
			answer("error %s", reason)
			return
		}
		if r.fault != "" {
			answer("error %s", r.fault)
			return
		}
		m.message.text = r.text
		answer("ok")
		m.everyone("message_edited %s %q", r.id, r.text)
	case "delete_message":
		if reason := locked("not_deletable"); reason != "" {
			answer("error %s", reason)
			return
		}
		m.message = nil
		answer("ok")
		m.everyone("message_deleted %s", r.id)
	case "typing":
		if other := m.other(me); other != nil {
			other.everyone(m, "counterparty_typing")
		}
	case "reset_pairing":
		switch {
		case len(m.seats) == 2:
			answer("error not_found")
			return
		case r.gate == "bad" || r.gate == "":
			answer("error invalid_token")
			return
		}
		m.gate, m.fails, m.lockEnds = r.gate, 0, 0
		answer("ok")
	case "expire_room":
		answer("ok")
		m.over(1000, "expire_room over expire_room")
		return
	case "redeem_extension":
		answer("error monetization_disabled")
		return
	}
	m.outcome("%s", r.what)
}

func (m *model) send(now time.Duration, r requestDraw, id string, me *seatModel, answer func(string, ...any)) {
	stale := false
	switch r.replaces {
	case "": // absent
	case "null":
		stale = m.message != nil
	default:
		stale = m.message == nil || m.message.id != r.replaces
	}
	switch {
	case r.fault != "":
		answer("error %s", r.fault)
	case r.nonce != 0 && r.nonce == me.nonce:
		answer("ok %s", me.answer)
	case m.message != nil && m.message.author == me:
		answer("error not_your_turn")
	case stale:
		answer("error stale")
	default:
		m.message = &messageModel{id: id, text: r.text, author: me, inserted: now, read: -1}
		me.nonce, me.answer = r.nonce, id
		m.everyone("new_message %s", m.message)
		answer("ok %s", id)
		m.outcome("send_message")
	}
}
