package roomactor

import (
	"crypto/sha256"

	"sotto/wire"
)

// bearer is the SHA-256 of an access hash. Rooms keep what lets its holder in
// as SHA-256 of what was sent, so that who copies the relay's memory can't join
// with what is found there.
type bearer [32]byte

// hashBearers hashes what the join sent and the token it may get. The
// connection's goroutine does it: rooms never hash.
func (c *command) hashBearers() {
	j := &c.req.Join
	hashTo((*[32]byte)(&c.access), j.Access[:])
	hashTo((*[32]byte)(&c.resume), j.Resume[:])
	hashTo((*[32]byte)(&c.fresh), c.random[:])
}

// forgetBearers overwrites what was sent; c keeps the hashes.
func (c *command) forgetBearers() { clear(c.random[:]) }

// hashTo writes the SHA-256 of secret to dst. It hashes zeros behind it, so
// that they lie where the hash function left the secret on the stack.
func hashTo(dst *[32]byte, secret []byte) {
	var zeros [32]byte
	for _, in := range [...][]byte{secret, zeros[:]} {
		sum := sha256.Sum256(in)
		if &in[0] == &secret[0] {
			*dst = sum
		}
	}
}

// nonceTag stands for a nonce of any length, which it is the hash of.
type nonceTag [16]byte

func tagOf(n *wire.Nonce) nonceTag {
	sum := sha256.Sum256(n.Append(make([]byte, 0, wire.MaxNonce)))
	return nonceTag(sum[:16])
}
