// Package wire is the frame codec of sTELgano-std-1 and sotto-2, shared by the
// relay, the Go client and the load harness. PROTOCOL.md beside it says what the
// frames mean.
//
// A frame is one JSON object in one WebSocket text message. Client to relay is
// a [Request]; relay to client is a [Response], which is either a reply (it
// has a ref and no event) or a broadcast (it has an event and no ref).
//
// Ciphertext and hellos never become Go strings. A Request is decoded in place
// in a [Buffer] and a Response is encoded into one; buffers come from a
// [Buffers] owned by the relay, are counted while they are out, and are
// overwritten when they are released.
//
// Decoding is strict. What is not one JSON object in valid UTF-8, has a
// duplicate key at any depth, nests deeper than [MaxDepth], has more than
// [MaxKeys] keys in one object, or carries an event or ref that is not a
// string is refused as a whole with [ErrFrame]. Unknown fields are ignored;
// keys are case-sensitive. A known field of the wrong type or form does not
// fail the decoding: it is noted in [Request.Fault] or in the field itself,
// because the protocol decides in its own order which fault is answered.
//
// Nothing here starts a goroutine, reads a clock or logs.
package wire
