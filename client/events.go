package client

import (
	"context"
	"time"

	"sotto/blind"
	"sotto/wire"
)

// Message is a message on the relay, opened. It prints as "[redacted]".
type Message struct {
	secret
	ID wire.MessageID
	// Mine: this seat wrote it, on this or another device.
	Mine bool
	// Text is empty when Unreadable.
	Text string
	// Unreadable: it does not open with the key of this room, or is not text: then
	// Voice tells whether it is a voice note.
	Unreadable bool
	// Voice is the voice note of an unreadable message, on a private number; else
	// nil. It is what the other's page says it is: hand it only to a decoder that
	// may fail.
	Voice *Voice
	// Deleted: its author took it away, on a private number, where it then
	// stays in the slot without a text.
	Deleted bool
	// Left: who has the code can open it; otherwise one page can. What follows
	// is of private numbers, too.
	Left bool
	// OtherPage: one's own, written on another page.
	OtherPage bool
	// AskAgain: an unreadable one of the other's should have been locked anew for
	// this page by now.
	AskAgain bool
	// Unseen: the other answered without having seen one's last words.
	Unseen bool
	// Written is when the other wrote it by their clock, if that is more than ten
	// minutes from the relay's; else zero.
	Written time.Time
	// SentAt and ReadAt are the relay's times; ReadAt is zero while unread.
	SentAt, ReadAt time.Time
}

// Voice is a voice note. It prints as "[redacted]".
type Voice struct {
	secret
	Length    time.Duration // in whole milliseconds
	MediaType string        // 1 to 255 bytes of printable ASCII, such as "audio/webm;codecs=opus"
	Data      []byte        // with MediaType at most [blind.MaxVoice] bytes
}

// Event is what happened in the room or to the connection: one of [State],
// [NewMessage], [MessageRead], [MessageEdited], [MessageDeleted], [Typing],
// [Paired], [Presence], [Restarting], [Reach], [OtherAnew], [KeysAnew]
// and [Disconnected].
type Event interface{ event() }

// State is the whole state of the room. It comes first, after every reconnect,
// and in place of events that were not taken in time.
type State struct {
	// TTLExpiresAt is when the room ends, by the relay's clock.
	TTLExpiresAt time.Time
	// AwaitingParty: the second seat is open.
	AwaitingParty bool
	// Message is what the slot holds; nil when it is empty.
	Message *Message
	// OtherConnected is what Presence last told; false until it does.
	OtherConnected bool
	// Reach is what becomes of a text on a private number; 0 on a short one.
	Reach blind.Reach
}

// NewMessage tells what the slot holds now. One's own messages come too.
type NewMessage struct{ Message Message }

// MessageRead tells that the message was read, by whoever did not write it.
type MessageRead struct {
	ID     wire.MessageID
	ReadAt time.Time
}

// MessageEdited tells that the message has another text now or, on a private
// number, that something else can open it.
type MessageEdited struct{ Message Message }

// MessageDeleted tells that the slot is empty now.
type MessageDeleted struct{ ID wire.MessageID }

// Typing tells that the other person is writing. It comes again while they do.
type Typing struct{}

// Paired tells that the second seat was taken.
type Paired struct {
	// TTLExpiresAt is when the room ends now; zero when the relay does not say.
	TTLExpiresAt time.Time
}

// Presence tells whether the other person has a connection, no more. It comes
// only with Config.Presence, after every State and on change.
type Presence struct{ Connected bool }

// Restarting tells when the relay will restart, and that what is on it is lost
// then. It comes with Config.Presence, when it is announced and after every State
// since.
type Restarting struct{ At time.Time }

// Disconnected tells that there is no connection and what happens about it.
// A State follows once there is one again.
type Disconnected struct {
	// Err is why, for people who look after networks. It names no room.
	Err error
	// Retry is how long the session waits before it dials again.
	Retry time.Duration
}

// OtherAnew tells that the other person opened a private number anew.
type OtherAnew struct{ At time.Time }

// KeysAnew tells that the chain of keys starts anew. Who has the code could have
// come in between here: Compare tells.
type KeysAnew struct{ At time.Time }

// Reach tells what becomes of a text that is sent now, on a private number. It
// comes on change; State says what it was before.
type Reach struct{ Reach blind.Reach }

func (Reach) event()          {}
func (OtherAnew) event()      {}
func (KeysAnew) event()       {}
func (State) event()          {}
func (NewMessage) event()     {}
func (MessageRead) event()    {}
func (MessageEdited) event()  {}
func (MessageDeleted) event() {}
func (Typing) event()         {}
func (Paired) event()         {}
func (Presence) event()       {}
func (Restarting) event()     {}
func (Disconnected) event()   {}

// maxEvents is how many events wait for Next.
const maxEvents = 64

// Next returns the next event, waiting for one. When the session has ended and
// every event is taken, it returns why: ErrClosed, ErrRoomExpired, ErrRoomLost,
// a *Refusal, a *CloseError or a *StatusError. When ctx ends first, it returns
// ctx's error and nothing is lost.
//
// What Next has returned counts as seen: see Send.
func (s *Session) Next(ctx context.Context) (Event, error) {
	for {
		event, err := s.pop()
		if event != nil || err != nil {
			return event, err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pop returns nothing at all when there is neither an event nor an end.
func (s *Session) pop() (Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) == 0 {
		if s.ended != nil {
			notify(s.ready) // for the next caller
		}
		return nil, s.ended
	}
	event := s.events[0]
	s.events[0] = nil // a message must not outlive its turn
	s.events = s.events[1:]
	if len(s.events) > 0 || s.ended != nil {
		notify(s.ready)
	} else {
		s.events = nil
	}
	switch e := event.(type) {
	case State:
		s.seen = wire.MessageID{}
		if e.Message != nil {
			s.seen = e.Message.ID
		}
	case NewMessage:
		s.seen = e.Message.ID
	case MessageDeleted:
		if s.seen == e.ID {
			s.seen = wire.MessageID{}
		}
	}
	return event, nil
}

// push queues an event whose effect is in s.state already. Called with s.mu
// held.
func (s *Session) push(event Event) {
	if len(s.events) < maxEvents {
		s.events = append(s.events, event)
	} else {
		s.events = []Event{s.snapshot()}
		if lost, ok := event.(Disconnected); ok {
			s.events = append(s.events, lost)
		}
	}
	notify(s.ready)
}

// notify wakes who waits on a channel of capacity 1, now or later.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
