package relay

import (
	"encoding/binary"
	"sync"

	"sotto/wire"
)

// maxGathered bounds the bytes of several frames in one write: they share one
// write deadline, which a slow link must be able to meet.
const maxGathered = 16 << 10

// frameWriter sits between the WebSocket library, whose own buffer is a few
// bytes, and the network. It gathers the pieces of a frame, and frames that
// follow each other at once, in a buffer of the relay's: so they are one write,
// one packet and one TLS record, and no ciphertext stays in a buffer that nobody
// clears. Control frames never wait, as nothing may follow them: a close frame is
// the last frame of all. It is safe for concurrent use.
type frameWriter struct {
	to      func([]byte) (int, error)
	buffers *wire.Buffers

	mu sync.Mutex
	// guarded by mu
	pending *wire.Buffer
	// missing is how much of the last pending frame is yet to come.
	missing int
	// held: whole frames wait for the next; wait: the last pending one does.
	held, wait bool
	// closed: a close frame has been written.
	closed bool
}

// hold makes whole frames wait for the next one, or not.
func (w *frameWriter) hold(held bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = held
}

// Write takes the next piece of the byte stream. Every frame starts a piece
// that holds its whole header, which TestFrameWriter_PiecesOfTheLibrary checks.
func (w *frameWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.missing == 0 {
		size := frameSize(p)
		w.wait = w.held && !isControl(p)
		w.closed = w.closed || isClose(p)
		if w.pending != nil && len(w.pending.Bytes())+size > min(w.pending.Size(), maxGathered) {
			if err := w.send(); err != nil {
				return 0, err
			}
		}
		switch {
		case w.pending != nil:
		case !w.wait && len(p) >= size:
			return w.to(p)
		default:
			w.pending = w.buffers.Get(size)
		}
		w.missing = size
	}
	w.pending.Append(p)
	w.missing -= len(p)
	if w.missing > 0 || w.wait {
		return len(p), nil
	}
	return len(p), w.send()
}

// send writes what is pending. w.mu is held.
func (w *frameWriter) send() error {
	_, err := w.to(w.pending.Bytes())
	w.drop()
	return err
}

// flush sends what is pending.
func (w *frameWriter) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pending == nil || w.missing > 0 {
		return nil
	}
	return w.send()
}

// writeReady writes frames as far as to takes them at once, in one write of up to
// maxGathered bytes, and returns how many have left or begun to. The rest of the
// last of them is then pending, and whole is false. It writes none while another
// write is under way or pending, or the close frame has been written. An error
// shows in the next write.
func (w *frameWriter) writeReady(frames []queued, to prompt) (sent int, whole bool) {
	if !w.mu.TryLock() {
		return 0, false
	}
	defer w.mu.Unlock()
	if w.pending != nil || w.closed {
		return 0, false
	}
	size := 0
	for sent < len(frames) {
		more := maxHeader + len(frames[sent].frame.Bytes())
		if size+more > min(maxGathered, w.buffers.Limit()) {
			break
		}
		size += more
		sent++
	}
	if sent == 0 {
		return 0, false
	}
	all := w.buffers.Get(size)
	defer all.Release()
	for _, q := range frames[:sent] {
		var head [maxHeader]byte
		all.Append(appendHeader(head[:0], len(q.frame.Bytes())))
		all.Append(q.frame.Bytes())
	}
	n, _ := to.WriteReady(all.Bytes())
	rest := all.Bytes()[n:]
	if len(rest) == 0 {
		return sent, true
	}
	// Frames that have not begun stay in the queue, where they count.
	for sent > 0 {
		last := len(frames[sent-1].frame.Bytes())
		last += headerSize(last)
		if len(rest) < last {
			break
		}
		rest = rest[:len(rest)-last]
		sent--
	}
	if len(rest) > 0 {
		w.pending = w.buffers.Get(len(rest))
		w.pending.Append(rest)
	}
	return sent, false
}

// release gives up what is pending.
func (w *frameWriter) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop()
}

func (w *frameWriter) drop() {
	if w.pending != nil {
		w.pending.Release()
		w.pending = nil
	}
}

// maxHeader is the longest header of an unmasked frame.
const maxHeader = 10

// appendHeader adds the header of an unmasked text frame: RFC 6455, section 5.2.
func appendHeader(b []byte, size int) []byte {
	const text = 0x81
	switch headerSize(size) {
	case 2:
		return append(b, text, byte(size)) //nolint:gosec // headerSize has looked
	case 4:
		return binary.BigEndian.AppendUint16(append(b, text, 126), uint16(size)) //nolint:gosec // headerSize has looked
	}
	return binary.BigEndian.AppendUint64(append(b, text, 127), uint64(size)) //nolint:gosec // a length
}

func headerSize(size int) int {
	switch {
	case size < 126:
		return 2
	case size < 1<<16:
		return 4
	}
	return maxHeader
}

// isClose reports whether p begins a close frame.
func isClose(p []byte) bool { return len(p) > 0 && p[0]&0x0f == 0x08 }

// isControl reports whether p begins a close, ping or pong frame.
func isControl(p []byte) bool { return len(p) > 0 && p[0]&0x08 != 0 }

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
