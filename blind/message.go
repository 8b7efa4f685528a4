package blind

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"sotto/wire"
)

// HeaderSize is the size of a header in bytes.
const HeaderSize = startSize + pageIDSize + len(KeyID{}) + EncSize + PublicKeySize

const tagSize = 16

// Header is what of a message is in the clear. It is authentic: a message with
// another one does not open. It prints as "[redacted]".
type Header struct {
	secret
	// Left: the life key alone opens the message. Otherwise it is sealed, and
	// who has the seed of the key that To names can open it.
	Left bool
	Page PageID // the author's
	To   KeyID  // the key that the chain goes on from; zeros for none
	Enc  Enc    // zeros if Left
	Next PublicKey
}

// Marshal returns the 2,356 bytes of the header.
func (h *Header) Marshal() []byte {
	b := make([]byte, 0, HeaderSize)
	kind := byte(typeSealed)
	if h.Left {
		kind = typeLeft
	}
	b = append(b, version, suite, kind, 0)
	b = append(b, h.Page[:]...)
	b = append(b, h.To[:]...)
	b = append(b, h.Enc[:]...)
	return append(b, h.Next[:]...)
}

// ParseHeader reads the header of a message and returns what is behind it. It
// returns ErrFormat when the message has none or is not of one of the sizes
// that messages have.
func ParseHeader(message []byte) (h *Header, sealed []byte, err error) {
	fault := fmt.Errorf("parse header: %w", ErrFormat)
	if body := len(message) - HeaderSize - tagSize; !slices.Contains(textSizes, body) && !slices.Contains(voiceSizes, body) {
		return nil, nil, fault
	}
	kind := message[2]
	if kind != typeSealed && kind != typeLeft || [startSize]byte(message) != [startSize]byte{version, suite, kind} {
		return nil, nil, fault
	}
	h = &Header{Left: kind == typeLeft}
	rest := message[startSize:]
	rest = rest[copy(h.Page[:], rest):]
	rest = rest[copy(h.To[:], rest):]
	rest = rest[copy(h.Enc[:], rest):]
	rest = rest[copy(h.Next[:], rest):]
	if h.Left && h.Enc != (Enc{}) {
		return nil, nil, fault
	}
	return h, rest, nil
}

// IV is the initialisation vector of one variant of a message: random.
type IV [wire.IVSize]byte

// ack returns how an answer names the variant that it answers.
func (iv IV) ack() Ack { return Ack(iv[:ackSize]) }

type (
	// chain is c: who does not know it cannot use the key it goes with.
	chain [keySize]byte
	// messageKey is k, which seals all variants of one message.
	messageKey [keySize]byte
)

// headerID is what a header counts as in a derivation: who wrote it, and it.
func headerID(sender wire.SenderHash, header []byte) []byte {
	h := sha256.New()
	_, _ = h.Write(sender[:])
	_, _ = h.Write(header)
	return h.Sum(nil)
}

// sealedKeys derives the keys of a sealed message from the chain value that
// goes with the key it is sealed to, and the shared secret.
func sealedKeys(before chain, shared []byte, sender wire.SenderHash, header []byte) (c chain, k messageKey) {
	ikm := append(before[:], shared...)
	out := kdf(ikm, labelStep, headerID(sender, header), 2*keySize)
	clear(ikm)
	copy(c[:], out)
	copy(k[:], out[keySize:])
	clear(out)
	return c, k
}

// leftKey derives the key of a left message.
func (l *LifeKey) leftKey(sender wire.SenderHash, header []byte) messageKey {
	return messageKey(kdf(l.r[:], labelLeft, headerID(sender, header), keySize))
}

// leftChain derives the chain value of a left message.
func leftChain(before chain, sender wire.SenderHash, header []byte) chain {
	return chain(kdf(before[:], labelLeave, headerID(sender, header), keySize))
}

// chainStart is the chain value that goes with the key of a hello.
func (l *LifeKey) chainStart() chain { return chain(l.r) }

func (k *messageKey) aead() cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic("blind: " + err.Error()) // refuses sizes only
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("blind: " + err.Error()) // likewise
	}
	return aead
}

// seal returns the message of header and body.
func (k *messageKey) seal(header []byte, iv IV, body []byte) []byte {
	message := make([]byte, 0, len(header)+len(body)+tagSize)
	message = append(message, header...)
	return k.aead().Seal(message, iv[:], body, header)
}

// open returns the body of a message. It returns ErrForged when the key, the
// iv or any byte is another, and ErrFormat when the body is none.
func (k *messageKey) open(message []byte, iv IV) (*Body, error) {
	header, sealed := message[:HeaderSize], message[HeaderSize:]
	b, err := k.aead().Open(nil, iv[:], sealed, header)
	if err != nil {
		return nil, fmt.Errorf("open message: %w", ErrForged)
	}
	defer clear(b)
	return ParseBody(b)
}

// check returns the 20 digits that two people compare.
func (c *chain) check() string {
	return fmt.Sprintf("%020d", binary.BigEndian.Uint64(kdf(c[:], labelCheck, nil, 8)))
}
