package roomactor

import (
	"sync/atomic"

	"sotto/wire"
)

// slotMemory bounds what the slots of all rooms hold of large messages. It is
// safe for concurrent use.
type slotMemory struct {
	most int64 // in bytes; negative: no limit
	held atomic.Int64
}

// take counts n bytes more, unless they are too many.
func (m *slotMemory) take(n int64) bool {
	for {
		held := m.held.Load()
		if m.most >= 0 && held+n > m.most {
			return false
		}
		if m.held.CompareAndSwap(held, held+n) {
			return true
		}
	}
}

// reserve takes what the command's message needs beyond what the slot holds, and
// reports whether there was as much. The step may still refuse the message:
// settle gives back what it did not keep.
func (r *Room) reserve(c *command) bool {
	if c.kind != cmdRequest || c.req.Event != wire.EventSend && c.req.Event != wire.EventEdit {
		return true
	}
	need := largeOf(c.req.Ciphertext)
	if need <= r.large {
		return true
	}
	if !r.sup.slots.take(need - r.large) {
		return false
	}
	r.large = need
	return true
}

// settle counts what the slot holds now.
func (r *Room) settle() {
	held := r.state.slot.large()
	r.sup.slots.held.Add(held - r.large)
	r.large = held
}
