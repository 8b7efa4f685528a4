package blind

import (
	"time"

	"sotto/wire"
)

// Effect is what a page wants done: a frame to the relay, or something told to
// the person.
type Effect interface{ effect() }

// Frames to the relay. They are to go out in the order in which they come.
type (
	// SendHello is answered by HelloReply.
	SendHello struct {
		secret
		Hello []byte
	}
	// Transmit sends a message or an edit. It is answered by Answered; after a
	// drop the page asks for the same again.
	Transmit struct {
		secret
		Nonce wire.Nonce
		// Edit: ID is the message to edit. Otherwise the message replaces ID in
		// the variant ReplacesIV, or nothing when Empty.
		Edit       bool
		Empty      bool
		ID         wire.MessageID
		ReplacesIV IV
		Bytes      []byte
		IV         IV
	}
	// MarkRead is not answered.
	MarkRead struct{ ID wire.MessageID }
)

// Notices. What a message is and what can open it is in View.
type (
	// OtherAnew tells that the other person opened the page anew.
	OtherAnew struct{ At time.Time }
	// KeysAnew tells that the chain of keys starts anew. Whoever has the code
	// could have come in between here; comparing tells.
	KeysAnew struct{ At time.Time }
	// Returned gives a text back that was not sent, or an edit that was not
	// made. KindEmpty is a deletion.
	Returned struct {
		secret
		Content Content
		Why     Why
		// Reason is the relay's, of WhyRefused.
		Reason wire.Reason
	}
	// NoHelloReply tells that the relay has not answered a hello for 15
	// seconds: it can't do private numbers.
	NoHelloReply struct{}
	// Failed tells that something came from the relay that does not belong
	// there. The page has ended, nothing of it is to be shown, and nothing is
	// tried again.
	Failed struct{ Err error }
)

// Why says why a text is back.
type Why byte

const (
	// WhyAway says that the other's page is not open, and nothing is to be left.
	WhyAway Why = iota + 1
	// WhyNotYourTurn says that one's own message is there already, or that
	// something else was by the time that the relay had the text.
	WhyNotYourTurn
	// WhyTooLate says that the message to edit was read, answered or is not there.
	WhyTooLate
	// WhyBusy says that another text is on its way.
	WhyBusy
	// WhyTooLong says that it does not fit into a message.
	WhyTooLong
	// WhyNoContent says that it is not what its kind says.
	WhyNoContent
	// WhyRefused says that the relay gave some other reason.
	WhyRefused
)

func (SendHello) effect()    {}
func (Transmit) effect()     {}
func (MarkRead) effect()     {}
func (OtherAnew) effect()    {}
func (KeysAnew) effect()     {}
func (Returned) effect()     {}
func (NoHelloReply) effect() {}
func (Failed) effect()       {}
