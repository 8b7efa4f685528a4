package vectors

import (
	_ "embed" // for blind.json
	"encoding/hex"
)

// Hex is bytes written as hex.
type Hex []byte

// UnmarshalText reads hex.
func (h *Hex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// Blind is one chat of sotto-2: what is derived from the code, the seeds of the
// keys that are used, a hello, and messages in the order in which they are sent.
type Blind struct {
	Code     string         `json:"code"`
	PIN      string         `json:"pin"`
	RoomID   string         `json:"room_id"`
	K        Hex            `json:"k"`
	Room     string         `json:"room"`
	Access   string         `json:"access"`
	Gate     string         `json:"gate"`
	Life     Hex            `json:"life"`
	SenderA  Hex            `json:"sender_a"`
	SenderB  Hex            `json:"sender_b"`
	Seeds    Seeds          `json:"seeds"`
	HelloB   Hex            `json:"hello_b"`
	Messages []BlindMessage `json:"messages"`
	Check    string         `json:"check"`
}

// Seeds are of B's hello key and of the keys that go with messages.
type Seeds struct {
	HB Hex `json:"hb"`
	A1 Hex `json:"a1"`
	B1 Hex `json:"b1"`
	A2 Hex `json:"a2"`
}

// BlindMessage is a message with what its keys are. To names the seed of the
// key that it is for; it is empty for a message left without one.
type BlindMessage struct {
	From    string `json:"from"`
	To      string `json:"to"`
	IV      Hex    `json:"iv"`
	Message Hex    `json:"message"`
	C       Hex    `json:"c"`
	K       Hex    `json:"k"`
	SHA256  Hex    `json:"sha256"` // of Message
}

//go:embed blind.json
var blind []byte

// ReadBlind returns the vectors of blind.json.
func ReadBlind() *Blind {
	v := new(Blind)
	decode(blind, v)
	return v
}
