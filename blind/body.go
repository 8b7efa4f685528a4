package blind

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// Kind says what a message is.
type Kind byte

const (
	// KindEmpty is a message that its author has deleted.
	KindEmpty Kind = iota
	// KindText is a text.
	KindText
	// KindVoice is a voice note.
	KindVoice
)

// Limits of what a message carries, in bytes.
const (
	MaxText = 5_805
	// MaxVoice is the most for a voice note's media type and data together.
	MaxVoice = 63_144

	bodyStart  = 1 + ackSize + 4 + 2
	voiceStart = 4 + 1
	ackSize    = 8
)

// The sizes of bodies: what makes messages of 4,096, 8,192 and so on.
var (
	textSizes  = []int{1_724, 5_820}
	voiceSizes = []int{14_012, 30_396, 63_164}
)

// Ack is the first 8 bytes of the iv of what is answered, or zeros.
type Ack [ackSize]byte

// Content is what people put into a message. It prints as "[redacted]".
type Content struct {
	secret
	Kind Kind
	Text string // of KindText: at most MaxText bytes of UTF-8
	// Of KindVoice:
	Milliseconds uint32 // how long it is
	MediaType    string // 1 to 255 bytes of printable ASCII
	Data         []byte // with MediaType at most MaxVoice bytes
}

// Body is what is sealed in a message. It prints as "[redacted]".
type Body struct {
	Content
	Ack  Ack
	Sent uint32 // seconds since 1970 by the writer's clock
}

// payload returns the bytes that follow the length.
func (c *Content) payload() ([]byte, error) {
	switch c.Kind {
	case KindEmpty:
		return nil, nil
	case KindText:
		if !utf8.ValidString(c.Text) {
			return nil, ErrFormat
		}
		return []byte(c.Text), nil
	case KindVoice:
		if len(c.MediaType) > math.MaxUint8 || !printable(c.MediaType) {
			return nil, ErrFormat
		}
		b := binary.BigEndian.AppendUint32(nil, c.Milliseconds)
		b = append(b, byte(len(c.MediaType))) // #nosec G115 -- seen to fit
		b = append(b, c.MediaType...)
		return append(b, c.Data...), nil
	}
	return nil, ErrFormat
}

// read is the opposite of payload.
func (c *Content) read(kind Kind, payload []byte) bool {
	c.Kind = kind
	switch kind {
	case KindEmpty:
		return len(payload) == 0
	case KindText:
		c.Text = string(payload)
		return utf8.Valid(payload)
	case KindVoice:
		if len(payload) < voiceStart {
			return false
		}
		c.Milliseconds = binary.BigEndian.Uint32(payload)
		mediaType, rest := int(payload[voiceStart-1]), payload[voiceStart:]
		if len(rest) < mediaType {
			return false
		}
		c.MediaType, c.Data = string(rest[:mediaType]), append([]byte(nil), rest[mediaType:]...)
		return printable(c.MediaType)
	}
	return false
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

// size returns how large a body with such a payload is, or 0 if none is.
func size(kind Kind, payload int) int {
	sizes := textSizes
	if kind == KindVoice {
		sizes = voiceSizes
	}
	for _, size := range sizes {
		if bodyStart+payload <= size {
			return size
		}
	}
	return 0
}

// Marshal returns the bytes of the body, filled up to one of five sizes. It
// returns ErrTooLong, or ErrFormat when the content is not what its kind says.
func (b *Body) Marshal() ([]byte, error) {
	payload, err := b.payload()
	if err != nil {
		return nil, fmt.Errorf("marshal body: %w", err)
	}
	defer clear(payload)
	all := size(b.Kind, len(payload))
	if all == 0 {
		return nil, fmt.Errorf("marshal body: %w", ErrTooLong)
	}
	out := make([]byte, 0, all)
	out = append(out, byte(b.Kind))
	out = append(out, b.Ack[:]...)
	out = binary.BigEndian.AppendUint32(out, b.Sent)
	out = binary.BigEndian.AppendUint16(out, uint16(len(payload))) // #nosec G115 -- size has seen that it fits
	out = append(out, payload...)
	return out[:all], nil
}

// ParseBody reads a body. There is one way to write each; it returns ErrFormat
// for every other.
func ParseBody(b []byte) (*Body, error) {
	fault := fmt.Errorf("parse body: %w", ErrFormat)
	if len(b) < bodyStart {
		return nil, fault
	}
	kind, rest := Kind(b[0]), b[1:]
	body := new(Body)
	rest = rest[copy(body.Ack[:], rest):]
	body.Sent = binary.BigEndian.Uint32(rest)
	length, rest := int(binary.BigEndian.Uint16(rest[4:])), rest[6:]
	if length > len(rest) || size(kind, length) != len(b) || !body.read(kind, rest[:length]) {
		return nil, fault
	}
	for _, zero := range rest[length:] {
		if zero != 0 {
			return nil, fault
		}
	}
	return body, nil
}
