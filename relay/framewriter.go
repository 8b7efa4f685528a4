package relay

import (
	"encoding/binary"
	"io"

	"sotto/relay/wire"
)

// frameWriter sits between the WebSocket library, whose own buffer is a few
// bytes, and the network. It gathers the pieces of one frame in a buffer of
// the relay's, so that a frame is one write, one packet and one TLS record,
// and no ciphertext stays in a buffer nobody clears. The library writes one
// frame at a time, so there is no lock.
type frameWriter struct {
	to      io.Writer
	buffers *wire.Buffers
	// pending is the unfinished frame, which will have size bytes.
	pending *wire.Buffer
	size    int
}

// Write takes the next piece of the byte stream. Every frame starts a piece
// that holds its whole header.
func (w *frameWriter) Write(p []byte) (int, error) {
	if w.pending == nil {
		size := frameSize(p)
		if len(p) >= size || size > w.buffers.Limit() {
			return w.to.Write(p)
		}
		w.pending, w.size = w.buffers.Get(size), size
	}
	w.pending.Append(p)
	if len(w.pending.Bytes()) < w.size {
		return len(p), nil
	}
	_, err := w.to.Write(w.pending.Bytes())
	w.release()
	return len(p), err
}

// release gives up an unfinished frame, if there is one.
func (w *frameWriter) release() {
	if w.pending != nil {
		w.pending.Release()
		w.pending = nil
	}
}

// frameSize reads the size of an unmasked frame from its header: RFC 6455,
// section 5.2. It is 0 when the header is not whole.
func frameSize(p []byte) int {
	if len(p) < 2 {
		return 0
	}
	switch n := int(p[1] & 0x7f); {
	case n < 126:
		return 2 + n
	case n == 126 && len(p) >= 4:
		return 4 + int(binary.BigEndian.Uint16(p[2:]))
	case n == 127 && len(p) >= 10:
		return 10 + int(binary.BigEndian.Uint64(p[2:])) //nolint:gosec // the relay's own frames are small
	}
	return 0
}
