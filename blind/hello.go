package blind

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"sotto/wire"
)

// The first bytes of everything: version, suite, and what it is.
const (
	version    = 2
	suite      = 1
	typeSealed = 1
	typeLeft   = 2
	typeHello  = 3
	startSize  = 4
)

// HelloSize is the size of a hello in bytes.
const HelloSize = helloSigned + macSize

const (
	macSize     = 32
	helloSigned = startSize + pageIDSize + senderSize + PublicKeySize
	pageIDSize  = 8
	senderSize  = len(wire.SenderHash{})
)

// PageID names one page in one life of a room. Nothing rests on it.
type PageID [pageIDSize]byte

// Hello tells the other person's page which key to seal to. It prints as
// "[redacted]".
type Hello struct {
	secret
	Page   PageID
	Sender wire.SenderHash
	Key    PublicKey
}

// Marshal returns the 1,292 bytes of the hello.
func (h *Hello) Marshal(life *LifeKey) []byte {
	b := make([]byte, 0, HelloSize)
	b = append(b, version, suite, typeHello, 0)
	b = append(b, h.Page[:]...)
	b = append(b, h.Sender[:]...)
	b = append(b, h.Key[:]...)
	return append(b, life.helloMAC(b)...)
}

// ParseHello reads a hello that was made with the same life key. It returns
// ErrFormat when it is none, and ErrForged when somebody made it who has no
// such key. Both are faults: whoever sends such a thing does so again.
func ParseHello(life *LifeKey, b []byte) (*Hello, error) {
	if len(b) != HelloSize || [startSize]byte(b) != [startSize]byte{version, suite, typeHello} {
		return nil, fmt.Errorf("parse hello: %w", ErrFormat)
	}
	signed, mac := b[:helloSigned], b[helloSigned:]
	if subtle.ConstantTimeCompare(life.helloMAC(signed), mac) != 1 {
		return nil, fmt.Errorf("parse hello: %w", ErrForged)
	}
	h := new(Hello)
	rest := signed[startSize:]
	rest = rest[copy(h.Page[:], rest):]
	rest = rest[copy(h.Sender[:], rest):]
	copy(h.Key[:], rest)
	return h, nil
}

func (l *LifeKey) helloMAC(signed []byte) []byte {
	sum := sha256.Sum256(signed)
	return kdf(l.r[:], labelHello, sum[:], macSize)
}
