package roomactor

import (
	"crypto/sha256"

	"sotto/wire"
)

// bearer is the SHA-256 of an access hash. Rooms keep access hashes and resume
// tokens as SHA-256 only, so that a copy of the relay's memory lets nobody in.
type bearer [32]byte

// hashBearers hashes what the join sent and the token it may get. The
// connection's goroutine does it: rooms never hash.
func (c *command) hashBearers() {
	j := &c.req.Join
	c.access = sha256.Sum256(j.Access[:])
	c.resume = sha256.Sum256(j.Resume[:])
	c.fresh = sha256.Sum256(c.random[:])
}

// forgetBearers overwrites what was sent; c keeps the hashes.
func (c *command) forgetBearers() { clear(c.random[:]) }

// nonceTag is the front of a nonce's SHA-256: nonces have many lengths, and a
// room keeps up to eight.
type nonceTag [16]byte

func tagOf(n *wire.Nonce) nonceTag {
	sum := sha256.Sum256(n.Append(make([]byte, 0, wire.MaxNonce)))
	return nonceTag(sum[:16])
}
