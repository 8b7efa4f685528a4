package wire

import "time"

// Response is one frame from the relay: a reply when Event is EventNone, else
// a broadcast. Only the fields its kind names are used. It does not own what
// it points to. It prints as "[redacted]".
type Response struct {
	secret
	Event Event

	// Of a reply.
	Ref Ref
	// Reason is set when the request was refused.
	Reason Reason
	// AttemptsRemaining travels with ReasonUnauthorized; 0 is left out.
	AttemptsRemaining int
	// RetryAfter travels with locked, rate_limited and restarting, be it a refusal
	// or the broadcast, in whole seconds, rounded up; 0 is left out.
	RetryAfter time.Duration
	// Joined is the ok of a join.
	Joined *Joined
	// MessageID is the ok of a send ({message_id}) when not zero, and names the
	// message of message_read, message_edited and message_deleted.
	MessageID MessageID
	// Hello is the ok of a hello ({hello}) when not empty, and travels with the
	// broadcast: 1 to MaxHello bytes. A reply with neither Reason, Joined,
	// MessageID nor Hello is ok {}.
	Hello []byte

	// Of broadcasts.

	// Message is that of new_message; message_edited uses its Ciphertext and
	// IV, message_read its ReadAt.
	Message *Message
	// TTLExpiresAt travels with party_paired, where the zero time is left out,
	// and ttl_extended.
	TTLExpiresAt time.Time
	// Connected travels with presence.
	Connected bool
}

// Joined is the answer to a good join: the whole state of the room. It prints
// as "[redacted]".
type Joined struct {
	secret
	RoomID        RoomID
	TTLExpiresAt  time.Time
	AwaitingParty bool
	// Message is nil when the slot is empty.
	Message *Message
	// Resume is the seat's token, an extension; the zero token is left out.
	Resume ResumeToken
	// Sender is the seat's, when HasSender: an answer to ext: 1.
	Sender    SenderHash
	HasSender bool
}
