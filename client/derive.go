package client

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"sotto/blind"
	"sotto/wire"
)

// The salts of std-1.
const (
	saltRoom   = "stelegano-room-v1-2026"
	saltAccess = "stelegano-access-v1-2026"
	saltSender = "stelegano-sender-v1-2026"
	saltKey    = "stelegano-enc-v1-2026"
)

const (
	keyIterations = 600_000
	keySize       = 32
)

// secret is embedded by what must not be printed.
type secret = wire.Redacted

// Digits returns number without every character that is not 0 to 9: the form
// of it that everything is derived from.
func Digits(number string) string {
	digits := make([]byte, 0, len(number))
	for i := range len(number) {
		if c := number[i]; '0' <= c && c <= '9' {
			digits = append(digits, c)
		}
	}
	return string(digits)
}

// Identity is what number and PIN stand for: the hashes a relay is handed, and
// the password of the message key, which it never is. It prints as
// "[redacted]". The zero Identity is not one.
type Identity struct {
	secret
	room   wire.RoomHash
	access wire.AccessHash
	sender wire.SenderHash
	digits string
	root   *blind.RootKey // of a private number; then there is no sender, nor digits
}

// Derive returns the identity of number and pin. The number may be written in
// any way: only its digits count. The PIN counts as it is; how long it should
// be is for the caller to say. It returns ErrNumber or ErrPIN when there is
// nothing to derive from.
func Derive(number, pin string) (Identity, error) {
	digits := Digits(number)
	switch {
	case digits == "":
		return Identity{}, fmt.Errorf("derive identity: %w", ErrNumber)
	case pin == "":
		return Identity{}, fmt.Errorf("derive identity: %w", ErrPIN)
	}
	room := sha256.Sum256([]byte(digits + ":" + saltRoom))
	access := sha256.Sum256([]byte(digits + ":" + pin + ":" + saltAccess))
	sender := sha256.Sum256([]byte(digits + ":" + hex.EncodeToString(access[:]) + ":" +
		hex.EncodeToString(room[:]) + ":" + saltSender))
	return Identity{room: room, access: access, sender: sender, digits: digits}, nil
}

// Room returns what the relay knows the room by.
func (id Identity) Room() wire.RoomHash { return id.room }

// Access returns what the relay knows the seat by.
func (id Identity) Access() wire.AccessHash { return id.access }

// Sender returns what the messages of this identity are marked with.
func (id Identity) Sender() wire.SenderHash { return id.sender }

// Key derives the message key, which both parties share. It takes a tenth of a
// second or more of processor time, on purpose.
func (id Identity) Key() *Key { return id.saltedKey(id.room.Reveal()) }

// KeyOfLife derives the key that some clients seal with, as the text of std-1
// has it: it is another in each life of the room. It takes as long as Key.
func (id Identity) KeyOfLife(room wire.RoomID) *Key { return id.saltedKey(room.Reveal()) }

func (id Identity) saltedKey(salt string) *Key {
	key, err := pbkdf2.Key(sha256.New, id.digits, []byte(salt+saltKey), keyIterations, keySize)
	if err != nil {
		panic("client: derive key: " + err.Error()) // refuses parameters only, which are constants
	}
	return newKey(key)
}

func newKey(key []byte) *Key {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("client: " + err.Error()) // refuses lengths only
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("client: " + err.Error()) // refuses block sizes only
	}
	return &Key{aead: aead}
}
