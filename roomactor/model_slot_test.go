package roomactor

import (
	"slices"
	"time"
)

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
		if r.full {
			answer("error rate_limited retry 1m0s")
			m.outcome("slots full")
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
	case "hello":
		if r.fault != "" {
			answer("error %s", r.fault)
			return
		}
		at := slices.IndexFunc(me.sockets, func(k socketModel) bool { return k.name == r.who })
		stay := []socketModel{me.sockets[at]}
		for i, k := range me.sockets {
			if i > at && k.token == stay[0].token {
				stay = append(stay, k)
			} else if i != at {
				m.say(k.name, "closed 4500")
			}
		}
		me.sockets = stay
		other := m.other(me)
		if other != nil && me.hello != r.text {
			other.everyone(m, "hello %q", r.text)
		}
		me.hello = r.text
		if other != nil && other.hello != "" {
			answer("ok hello %q", other.hello)
		} else {
			answer("ok")
		}
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
	if r.replacesIV && (m.message == nil || ivOf(m.message.text) != ivOf(r.iv)) {
		stale = true
	}
	repeated := slices.IndexFunc(me.sends, func(s sentModel) bool { return r.nonce != 0 && s.nonce == r.nonce })
	switch {
	case r.fault != "":
		answer("error %s", r.fault)
	case repeated >= 0:
		answer("ok %s", me.sends[repeated].id)
	case m.message != nil && m.message.author == me:
		answer("error not_your_turn")
	case stale:
		answer("error stale")
	case r.full:
		answer("error rate_limited retry 1m0s")
		m.outcome("slots full")
	default:
		m.message = &messageModel{id: id, text: r.text, author: me, inserted: now, read: -1}
		if r.nonce != 0 {
			me.sends = append(me.sends, sentModel{r.nonce, id})
			me.sends = me.sends[max(0, len(me.sends)-4):]
		}
		m.everyone("new_message %s", m.message)
		answer("ok %s", id)
		m.outcome("send_message")
	}
}
