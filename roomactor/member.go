package roomactor

import "sotto/wire"

// Member is one joined socket as its room sees it. The room tells members
// apart by identity, so a Member must be a pointer. All methods are called
// from the room's goroutine and must not block, and must be safe for
// concurrent use, as a room may deliver to a member that is just leaving.
type Member interface {
	// Deliver queues an encoded frame. It takes its own reference to the frame
	// if it keeps it. It returns false when it can't: the room then drops the
	// member and closes it with wire.CloseSlowConsumer.
	Deliver(event wire.Event, frame *wire.Buffer) bool
	// Flush starts sending what was delivered. It comes once after a step, so
	// that frames of one step can be one packet.
	Flush()
	// Close asks the socket to close with code once it has sent what was
	// delivered before. Only the first call counts.
	Close(code wire.CloseCode)
}
