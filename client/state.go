package client

import (
	"time"
	"unicode/utf8"

	"sotto/wire"
)

// snapshot returns a State that shares nothing with s. Called with s.mu held.
func (s *Session) snapshot() State {
	state := s.state
	if state.Message != nil {
		m := *state.Message
		state.Message = &m
	}
	return state
}

// message returns m as the caller sees it, nil for nil. Called by run, without
// s.mu: to open a message can be slow.
func (s *Session) message(m *wire.Message) *Message {
	if m == nil {
		return nil
	}
	out := &Message{
		ID:     m.ID,
		Mine:   m.Sender == s.cfg.Identity.sender,
		SentAt: m.InsertedAt,
		ReadAt: m.ReadAt,
	}
	out.Text, out.Unreadable = s.text(m)
	return out
}

func (s *Session) text(m *wire.Message) (text string, unreadable bool) {
	sealed := Sealed{IV: m.IV, Ciphertext: m.Ciphertext}
	plaintext, err := s.key.Open(sealed)
	if err != nil && s.cfg.Key == nil {
		if s.lifeKey == nil {
			s.lifeKey = s.cfg.Identity.KeyOfLife(s.room)
		}
		plaintext, err = s.lifeKey.Open(sealed)
	}
	if err != nil || !utf8.Valid(plaintext) {
		return "", true
	}
	return string(plaintext), false
}

// broadcast takes in what the relay told everybody. Events about a message the
// slot does not hold are of no use to anybody.
func (s *Session) broadcast(r *wire.Response) {
	var m *Message
	if r.Event == wire.EventNewMessage || r.Event == wire.EventMessageEdited {
		m = s.message(r.Message)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	current := s.state.Message
	about := current != nil && current.ID == r.MessageID
	switch r.Event {
	case wire.EventNewMessage:
		held := *m
		s.state.Message = &held
		s.push(NewMessage{Message: *m})
	case wire.EventMessageRead:
		if about {
			current.ReadAt = r.Message.ReadAt
			s.push(MessageRead{ID: current.ID, ReadAt: current.ReadAt})
		}
	case wire.EventMessageEdited:
		if about {
			current.Text, current.Unreadable = m.Text, m.Unreadable
			s.push(MessageEdited{Message: *current})
		}
	case wire.EventMessageDeleted:
		if about {
			s.state.Message = nil
			s.push(MessageDeleted{ID: r.MessageID})
		}
	case wire.EventCounterpartyTyping:
		s.push(Typing{})
	case wire.EventPartyPaired:
		s.paired(r)
	case wire.EventPresence:
		s.state.OtherConnected = r.Connected
		s.push(Presence{Connected: r.Connected})
	case wire.EventRestarting:
		s.push(Restarting{At: time.Now().Add(r.RetryAfter)})
	}
	s.settleReads()
}

// paired takes in that the second seat was taken. Called with s.mu held.
func (s *Session) paired(r *wire.Response) {
	s.state.AwaitingParty = false
	if !r.TTLExpiresAt.IsZero() {
		s.state.TTLExpiresAt = r.TTLExpiresAt
	}
	s.push(Paired{TTLExpiresAt: r.TTLExpiresAt})
}
