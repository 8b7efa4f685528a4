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
	c.access = sha256.Sum256(j.Access[:])
	c.resume = sha256.Sum256(j.Resume[:])
	c.fresh = sha256.Sum256(c.random[:])
}

// forgetBearers overwrites what was sent; c keeps the hashes.
func (c *command) forgetBearers() { clear(c.random[:]) }

// nonceTag stands for a nonce of any length, which it is the hash of.
type nonceTag [16]byte

func tagOf(n *wire.Nonce) nonceTag {
	sum := sha256.Sum256(n.Append(make([]byte, 0, wire.MaxNonce)))
	return nonceTag(sum[:16])
}
