package relay

import (
	"encoding/binary"
	"time"
)

const (
	// bytesPerFrame is how much of a stream counts as one more frame: reading
	// and decoding them cost about the same.
	bytesPerFrame = 8 << 10
	// framesPerControl is what a control frame counts: it is answered with
	// another one, and has no use in a conversation but to find a dead link.
	framesPerControl = 5
	// intakeSip is how many bytes are read after a pause. Many sockets that were
	// made to wait then take turns in short steps, not in long ones.
	intakeSip = 64
)

// intake bounds the work that one socket makes by what it sends. Frames of any
// kind count, also those that the WebSocket library handles by itself, and so does
// their size. What comes too fast is read later. Owned by the goroutine that reads.
type intake struct {
	meter frameMeter
	pace  pace
	// each is what a frame costs; 0: no bound.
	each time.Duration
	// rest is how much was read towards bytesPerFrame.
	rest int
}

// took counts what was read.
func (in *intake) took(p []byte) {
	frames := in.meter.count(p)
	if in.each == 0 {
		return
	}
	in.rest += len(p)
	frames += in.rest / bytesPerFrame
	in.rest %= bytesPerFrame
	in.pace.spend(time.Duration(frames) * in.each)
}

// frameMeter finds where frames begin in a stream: RFC 6455, section 5.2.
type frameMeter struct {
	head [14]byte
	have int
	// skip is what is left of the payload.
	skip uint64
}

// between reports whether the stream is at the end of a frame.
func (m *frameMeter) between() bool { return m.have == 0 && m.skip == 0 }

// count returns how many frames began in p, to the end of their headers; of
// those control frames count more.
func (m *frameMeter) count(p []byte) (frames int) {
	for len(p) > 0 {
		if m.skip > 0 {
			n := min(m.skip, uint64(len(p)))
			m.skip -= n
			p = p[n:]
			continue
		}
		m.head[m.have] = p[0]
		m.have++
		p = p[1:]
		if m.have < 2 {
			continue
		}
		size, payload := 2, uint64(m.head[1]&0x7f)
		switch payload {
		case 126:
			size = 4
			payload = uint64(binary.BigEndian.Uint16(m.head[2:]))
		case 127:
			size = 10
			payload = binary.BigEndian.Uint64(m.head[2:])
		}
		if m.head[1]&0x80 != 0 {
			size += 4 // the mask
		}
		if m.have == size {
			m.have, m.skip = 0, payload
			if m.head[0]&0x08 != 0 {
				frames += framesPerControl
			} else {
				frames++
			}
		}
	}
	return frames
}
