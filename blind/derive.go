package blind

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"

	"sotto/wire"
)

const (
	iterations      = 600_000
	keySize         = 32
	minPIN, maxPIN  = 6, 12
	codeSalt        = "sotto-2 code"
	kdfPrefix       = "sotto-2 "
	labelRoom       = "room"
	labelAccess     = "access"
	labelGate       = "gate"
	labelLife       = "life"
	labelHello      = "hello"
	labelStep       = "step"
	labelLeave      = "leave"
	labelLeft       = "left"
	labelCheck      = "check"
	contextEndsHere = "\x00"
)

// secret is embedded by what must not be printed.
type secret = wire.Redacted

// kdf is HKDF-SHA256 without salt; what the output is for goes into info.
func kdf(ikm []byte, label string, context []byte, size int) []byte {
	info := kdfPrefix + label + contextEndsHere + string(context)
	out, err := hkdf.Key(sha256.New, ikm, nil, info, size)
	if err != nil {
		panic("blind: derive: " + err.Error()) // refuses sizes only, which are constants
	}
	return out
}

// RootKey is K, which everything else comes from. It is kept while a room is
// in use, the code is not. It prints as "[redacted]".
type RootKey struct {
	secret
	k [keySize]byte
}

// Root derives the root key of a code. It takes a third of a second or more of
// processor time, on purpose. It panics on the zero Code.
func (c Code) Root() *RootKey {
	if !c.Set() {
		panic("blind: root key of no code")
	}
	k, err := pbkdf2.Key(sha256.New, c.digits, []byte(codeSalt), iterations, keySize)
	if err != nil {
		panic("blind: derive root key: " + err.Error()) // refuses parameters only, which are constants
	}
	defer clear(k)
	r := new(RootKey)
	copy(r.k[:], k) // an array by value would stay behind on the stack
	return r
}

// NewRootKey returns a root key that was derived before.
func NewRootKey(k [32]byte) *RootKey { return &RootKey{k: k} }

// Room returns what the relay knows the room by.
func (r *RootKey) Room() wire.RoomHash {
	return wire.RoomHash(kdf(r.k[:], labelRoom, nil, keySize))
}

// Gate returns what the relay lets a second person in by.
func (r *RootKey) Gate() wire.GateHash {
	return wire.GateHash(kdf(r.k[:], labelGate, nil, keySize))
}

// Access returns what the relay knows a seat by. It returns ErrPIN when pin is
// not 6 to 12 digits 0 to 9.
func (r *RootKey) Access(pin string) (wire.AccessHash, error) {
	if len(pin) < minPIN || len(pin) > maxPIN || onlyDigits(pin) != pin {
		return wire.AccessHash{}, fmt.Errorf("derive access hash: %w", ErrPIN)
	}
	return wire.AccessHash(kdf(r.k[:], labelAccess, []byte(pin), keySize)), nil
}

// Life returns the key of one life of the room.
func (r *RootKey) Life(room wire.RoomID) *LifeKey {
	k := kdf(r.k[:], labelLife, []byte(room.Reveal()), keySize)
	defer clear(k)
	l := new(LifeKey)
	copy(l.r[:], k)
	return l
}

// Wipe overwrites the key, which is of no use after.
func (r *RootKey) Wipe() { clear(r.k[:]) }

// LifeKey is R, the key of one life of a room. It prints as "[redacted]".
type LifeKey struct {
	secret
	r [keySize]byte
}

// NewLifeKey returns a life key that was derived before.
func NewLifeKey(r [32]byte) *LifeKey { return &LifeKey{r: r} }

// Wipe overwrites the key, which is of no use after.
func (l *LifeKey) Wipe() { clear(l.r[:]) }
