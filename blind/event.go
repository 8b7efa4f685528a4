package blind

import (
	"time"

	"sotto/wire"
)

// Event is what happens to a page: the relay's doing, a person's, or time's.
type Event interface{ event() }

// Message is what the relay's slot holds. It prints as "[redacted]".
type Message struct {
	secret
	ID     wire.MessageID
	Sender wire.SenderHash
	Bytes  []byte // kept by nobody
	IV     IV
	Read   bool
	// At is the relay's time.
	At time.Time
}

// What the relay does.
type (
	// Joined answers a join of this life of the room. Another life gets another
	// page.
	Joined struct {
		Sender wire.SenderHash // the seat's, as the relay says
		Slot   *Message        // nil: empty
	}
	// Lost tells that there is no connection any more. Nothing that the relay
	// said over it may come later.
	Lost struct{}
	// HelloReply answers SendHello.
	HelloReply struct {
		secret
		Hello []byte // the other seat's; nil if there is none
	}
	// HelloReceived brings the other seat's new hello.
	HelloReceived struct {
		secret
		Hello []byte
	}
	// MessageReceived brings what the slot holds now. One's own come too.
	MessageReceived struct{ Message Message }
	// MessageEdited brings another variant of the message.
	MessageEdited struct {
		secret
		ID    wire.MessageID
		Bytes []byte
		IV    IV
	}
	// MessageDeleted tells that the slot is empty. No page of sotto-2 asks for that.
	MessageDeleted struct{ ID wire.MessageID }
	// MessageRead tells that whoever did not write the message has read it.
	MessageRead struct{ ID wire.MessageID }
	// Presence tells whether the other person has a connection. It should come
	// between Joined and HelloReply.
	Presence struct{ Connected bool }
	// Answered is the reply to Transmit. Reason is empty if it was done.
	Answered struct {
		Nonce  wire.Nonce
		ID     wire.MessageID // of the message, when one was sent
		Reason wire.Reason
	}
)

// What a person does.
type (
	// Send writes a message. It goes out as soon as the page is in the room.
	Send struct{ Content Content }
	// Edit changes one's own unread message. KindEmpty deletes it.
	Edit struct{ Content Content }
	// LetWait leaves one's own unread sealed message under the life key.
	LetWait struct{}
	// Show tells that the person has the other's message before their eyes.
	Show struct{}
	// Hide tells that the page is hidden, curtained or about to be left; or not any more.
	Hide struct{ Hidden bool }
	// SetMode chooses between *can wait* and *open pages only*.
	SetMode struct{ OpenPagesOnly bool }
)

// Tick tells that time has passed. See Page.Wake.
type Tick struct{}

func (Joined) event()          {}
func (Lost) event()            {}
func (HelloReply) event()      {}
func (HelloReceived) event()   {}
func (MessageReceived) event() {}
func (MessageEdited) event()   {}
func (MessageDeleted) event()  {}
func (MessageRead) event()     {}
func (Presence) event()        {}
func (Answered) event()        {}
func (Send) event()            {}
func (Edit) event()            {}
func (LetWait) event()         {}
func (Show) event()            {}
func (Hide) event()            {}
func (SetMode) event()         {}
func (Tick) event()            {}
