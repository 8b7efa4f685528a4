package vectors

import (
	_ "embed" // for blind.json
	"encoding/hex"
	"errors"
	"fmt"
)

// Hex is bytes written as hex.
type Hex []byte

// UnmarshalText reads hex. There are no vectors with empty bytes.
func (h *Hex) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err == nil && len(b) == 0 {
		err = errors.New("no bytes")
	}
	*h = b
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

// ReadBlind returns the vectors of blind.json. It panics when the file is
// faulty.
func ReadBlind() *Blind {
	v, err := readBlind(blind)
	if err != nil {
		panic("vectors: blind.json: " + err.Error())
	}
	return v
}

func readBlind(text []byte) (*Blind, error) {
	v := new(Blind)
	if err := decode(text, v); err != nil {
		return nil, err
	}
	for name, given := range map[string]bool{
		"code": v.Code != "", "pin": v.PIN != "", "room_id": v.RoomID != "", "room": v.Room != "",
		"access": v.Access != "", "gate": v.Gate != "", "check": v.Check != "", "k": len(v.K) == 32,
		"life": len(v.Life) == 32, "sender_a": len(v.SenderA) == 32, "sender_b": len(v.SenderB) == 32,
		"hb": len(v.Seeds.HB) == 32, "a1": len(v.Seeds.A1) == 32, "b1": len(v.Seeds.B1) == 32,
		"a2": len(v.Seeds.A2) == 32, "hello_b": len(v.HelloB) > 0, "messages": len(v.Messages) > 0,
	} {
		if !given {
			return nil, fmt.Errorf("check vectors: %s is missing or of the wrong length", name)
		}
	}
	for i, m := range v.Messages {
		if m.From == "" || len(m.IV) != 12 || len(m.Message) == 0 || len(m.C) != 32 || len(m.K) != 32 || len(m.SHA256) != 32 {
			return nil, fmt.Errorf("check message %d: a value is missing or of the wrong length", i)
		}
	}
	return v, nil
}
