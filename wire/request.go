package wire

import (
	"time"
	"unicode/utf8"
)

// Limits of a frame that do not depend on configuration.
const (
	// MaxRef is the longest ref, in bytes after JSON unescaping.
	MaxRef = 64
	// MaxDepth is how deep objects and arrays may nest, the frame included.
	MaxDepth = 8
	// MaxKeys is how many keys one object may have.
	MaxKeys = 64
	// MaxHello is the longest hello, in bytes; the shortest has one.
	MaxHello = 2048
	// StdCiphertext is the longest ciphertext of std-1, in bytes. A longer one is a
	// large message.
	StdCiphertext = 8192
	// IVSize is the length of an AES-GCM iv in bytes.
	IVSize = 12
	// MinNonce and MaxNonce bound a nonce, in hex digits.
	MinNonce, MaxNonce = 16, 64
)

// Ref is a client's own mark on a request, echoed in the reply. The zero Ref
// is a missing one: such a request gets no reply.
// It prints as "[redacted]".
type Ref struct {
	secret
	bytes [MaxRef]byte
	len   uint8
	set   bool
}

// NewRef returns the ref s, which must be valid UTF-8 of at most MaxRef bytes;
// it panics otherwise.
func NewRef(s string) Ref {
	if len(s) > MaxRef || !utf8.ValidString(s) {
		panic("wire: ref too long or not UTF-8")
	}
	return newRef([]byte(s))
}

func newRef(s []byte) Ref {
	r := Ref{len: uint8(len(s)), set: true} //nolint:gosec // bounded above
	copy(r.bytes[:], s)
	return r
}

// FrameRef is the ref of the reply to a frame that could not be decoded.
var FrameRef = NewRef("0")

// Set reports whether the request carried a ref.
func (r *Ref) Set() bool { return r.set }

// Text returns the ref, unescaped.
func (r *Ref) Text() string { return string(r.bytes[:r.len]) }

// Nonce marks one send, so that a repeat is known. The zero Nonce is none.
// Digits are kept and compared as they were sent. It prints as "[redacted]".
type Nonce struct {
	secret
	digits [MaxNonce]byte
	len    uint8
}

// Set reports whether there is a nonce.
func (n *Nonce) Set() bool { return n.len > 0 }

// Append adds the digits to dst.
func (n *Nonce) Append(dst []byte) []byte { return append(dst, n.digits[:n.len]...) }

// ParseNonce reads MinNonce to MaxNonce hex digits.
func ParseNonce(s string) (n Nonce, ok bool) { return parseNonce([]byte(s)) }

func parseNonce(s []byte) (n Nonce, ok bool) {
	if len(s) < MinNonce || len(s) > MaxNonce {
		return n, false
	}
	for _, c := range s {
		if hexDigit(c) > 15 {
			return n, false
		}
	}
	n.len = uint8(len(s)) //nolint:gosec // bounded above
	copy(n.digits[:], s)
	return n, true
}

// Replaces is the id of the message a send answers (an extension). The zero
// value is std-1's send, which replaces whatever is there.
type Replaces struct {
	// Set: the field was there.
	Set bool
	// Message: an id was sent. When false, null was, and the slot must be empty.
	Message bool
	// ID is what the slot must hold when Message is true. A string that is no
	// UUID is the zero ID, which no message has.
	ID MessageID
	// HasIV: replaces_iv was there; the slot must hold a message with IV.
	HasIV bool
	IV    [IVSize]byte
}

// Intent says what a join may do (an extension).
type Intent uint8

// Intents.
const (
	// IntentAny is std-1's join: it enters, claims a seat, or creates.
	IntentAny Intent = iota
	// IntentEnter never creates a room.
	IntentEnter
	// IntentReturn never creates a room and never claims a seat; it names the
	// life of the room it returns to.
	IntentReturn
)

// Gate is the otp_hash field of a join or reset_pairing.
type Gate struct {
	// Present: the field was there and not null.
	Present bool
	// Valid: it was 64 lower-case hex digits, kept in Hash.
	Valid bool
	Hash  GateHash
}

// Join is the data of a join.
type Join struct {
	Access AccessHash
	Sender SenderHash
	Gate   Gate
	Intent Intent
	// RoomID is the zero id when absent or not a UUID, which no room has.
	RoomID RoomID
	// Resume is valid when HasResume; a malformed token is as if absent.
	Resume    ResumeToken
	HasResume bool
	// Ext is true when the client opted in to our extra broadcasts (ext: 1).
	Ext bool
}

// Request is one frame from a client. One that was read by [Buffers.ReadRequest]
// owns its buffer: fields that are slices point into it and are valid until
// Release. It has one owner at a time.
// It prints as "[redacted]".
type Request struct {
	secret
	Event Event
	Ref   Ref
	// Fault is why the data is refused, or "": the first fault in the order
	// PROTOCOL.md gives for the event. For an edit, whether the message is the
	// author's to edit is looked at before Fault. With a Fault the other fields
	// of its event, but for MessageID, mean nothing.
	Fault Reason

	Join Join
	// Gate is the otp_hash of reset_pairing.
	Gate Gate
	// MessageID of read_receipt, edit_message, delete_message; the zero id,
	// which no message has, when absent or malformed.
	MessageID MessageID
	// Ciphertext is decoded base64, of send_message and edit_message.
	Ciphertext []byte
	IV         [IVSize]byte
	Nonce      Nonce
	Replaces   Replaces
	// Hello is decoded base64 of 1 to MaxHello bytes, which mean nothing to the
	// relay.
	Hello []byte

	buf *Buffer
}

// Message is what a slot holds, as it travels. It prints as "[redacted]".
type Message struct {
	secret
	ID         MessageID
	Sender     SenderHash
	Ciphertext []byte
	IV         [IVSize]byte
	// InsertedAt and ReadAt are wall-clock times; ReadAt is zero when unread.
	InsertedAt time.Time
	ReadAt     time.Time
}
