package client

import (
	"crypto/cipher"
	"crypto/rand"
	"fmt"

	"sotto/wire"
)

// Overhead is how many bytes longer a ciphertext is than its plaintext.
const Overhead = 16

// Key seals and opens messages. It is safe for concurrent use and prints as
// "[redacted]".
type Key struct {
	secret
	aead cipher.AEAD
}

// Sealed is a message as the relay holds it. It prints as "[redacted]".
type Sealed struct {
	secret
	IV [wire.IVSize]byte
	// Ciphertext ends with the 16-byte tag.
	Ciphertext []byte
}

// Seal encrypts plaintext under a fresh random iv.
func (k *Key) Seal(plaintext []byte) Sealed {
	var s Sealed
	_, _ = rand.Read(s.IV[:]) // never fails
	s.Ciphertext = k.aead.Seal(nil, s.IV[:], plaintext, nil)
	return s
}

// Open decrypts s. It returns ErrSealed when s was not sealed with this key, or
// was changed since.
func (k *Key) Open(s Sealed) ([]byte, error) {
	plaintext, err := k.aead.Open(nil, s.IV[:], s.Ciphertext, nil)
	if err != nil {
		return nil, fmt.Errorf("open message: %w", ErrSealed) // the cause says no more
	}
	return plaintext, nil
}
