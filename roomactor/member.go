package roomactor

import "sotto/wire"

// Member is one joined socket as its room sees it. The room tells members
// apart by identity, so a Member must be a pointer. Its methods must not block, nor
// call the room, and must be safe for concurrent use: Deliver and Close are called
// in the room's turn, Flush after it, and all of them also when the member is just
// leaving.
type Member interface {
	// Deliver queues an encoded frame. It takes its own reference to the frame
	// if it keeps it. It returns false when it can't: the room then drops the
	// member and closes it with wire.CloseSlowConsumer.
	Deliver(event wire.Event, frame *wire.Buffer) bool
	// Flush starts sending what was delivered. It comes after every step, so that
	// frames of one step can be one packet; the flushes of two steps may run at
	// the same time. A panic in it is not recovered.
	Flush()
	// Close asks the socket to close with code once it has sent what was
	// delivered before. Only the first call counts.
	Close(code wire.CloseCode)
}
