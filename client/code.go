package client

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"

	"sotto/wire"
)

// codeAlphabet is Crockford's base32: no I, L, O or U. Its length divides 256,
// so that a random byte picks evenly.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const codeLength = 8

// PairingCode is what lets the second person into a room that was created
// with one. People know it as the ref. It prints as "[redacted]"; the zero
// PairingCode is none.
type PairingCode struct {
	secret
	canonical string
}

// NewPairingCode returns a random code.
func NewPairingCode() PairingCode {
	var b [codeLength]byte
	_, _ = rand.Read(b[:]) // never fails
	for i := range b {
		b[i] = codeAlphabet[int(b[i])%len(codeAlphabet)]
	}
	return PairingCode{canonical: string(b[:])}
}

// ParsePairingCode reads a code as people write it: in either case, with
// anything between the characters. It returns ErrCode when there are not
// exactly eight.
func ParsePairingCode(s string) (PairingCode, error) {
	canonical := strings.Map(func(r rune) rune {
		if !strings.ContainsRune(codeAlphabet, r) {
			return -1
		}
		return r
	}, strings.ToUpper(s))
	if len(canonical) != codeLength {
		return PairingCode{}, fmt.Errorf("parse pairing code: %w", ErrCode)
	}
	return PairingCode{canonical: canonical}, nil
}

// Set reports whether c is a code, not the zero value.
func (c PairingCode) Set() bool { return c.canonical != "" }

// Reveal returns the code as it is shown to people: XXXX-XXXX.
func (c PairingCode) Reveal() string {
	if !c.Set() {
		return ""
	}
	return c.canonical[:codeLength/2] + "-" + c.canonical[codeLength/2:]
}

// Hash returns what the relay is handed. It panics on the zero PairingCode.
func (c PairingCode) Hash() wire.GateHash {
	if !c.Set() {
		panic("client: hash of no pairing code")
	}
	return sha256.Sum256([]byte(c.canonical))
}
