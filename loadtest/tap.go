package loadtest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
	"sync"
	"time"

	"sotto/loadtest/link"
)

// tap watches what a phone reads for frames that are long enough to carry a
// message, and notes when the first bytes of the last of them were taken from
// the relay: a message may be of several segments, and others may follow it.
type tap struct {
	long int // bytes of such a frame

	mu     sync.Mutex // guards what follows
	last   time.Time  // when the first bytes of the last whole one were taken; zero: not known
	lastAt time.Time  // when its last were read
}

// apart is how far two such frames must be from each other to tell which of
// them an event is about.
const apart = 10 * time.Millisecond

// ends notes that all of a frame has been read, the first bytes of which were
// taken then.
func (t *tap) ends(taken time.Time) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.lastAt) < apart {
		taken = time.Time{}
	}
	t.last, t.lastAt = taken, now
}

// message returns when the message that the phone has read last was taken from
// the relay; the zero time if that is not known.
func (t *tap) message() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// dial has connections watched, above TLS if there is any.
func (t *tap) dial(dial link.DialFunc, config *tls.Config) link.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c := &tapped{tap: t, below: conn.(interface{ Taken() time.Time })} //nolint:errcheck // as PhoneLink has it
		if config != nil {
			secure := tls.Client(conn, config)
			if err := secure.HandshakeContext(ctx); err != nil {
				_ = conn.Close() // the first error tells
				return nil, err
			}
			conn = secure
		}
		c.Conn = conn
		return c, nil
	}
}

// tapped is a connection whose frames are looked at. The fields are owned by
// whoever reads.
type tapped struct {
	net.Conn
	tap    *tap
	below  interface{ Taken() time.Time }
	opened bool      // the handshake has been read
	head   []byte    // of what is not complete yet: the handshake or a frame's header
	left   uint64    // bytes of a frame
	long   bool      // it may carry a message
	taken  time.Time // when its first bytes were
}

func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.look(p[:n])
	return n, err
}

func (c *tapped) look(p []byte) {
	for len(p) > 0 {
		if c.left > 0 {
			n := min(c.left, uint64(len(p)))
			p, c.left = p[n:], c.left-n
			if c.left == 0 && c.long {
				c.tap.ends(c.taken)
			}
			continue
		}
		c.head = append(c.head, p[0])
		p = p[1:]
		if !c.opened {
			if c.opened = bytes.HasSuffix(c.head, []byte("\r\n\r\n")); c.opened {
				c.head = nil // it is long
			}
			continue
		}
		size, ok := frameSize(c.head)
		if !ok {
			continue
		}
		c.head, c.left = c.head[:0], size
		if c.long = size >= uint64(c.tap.long); c.long { //nolint:gosec // positive
			c.taken = c.below.Taken()
		}
	}
}

// frameSize returns how many bytes follow the header of an unmasked WebSocket
// frame, and whether the header is complete.
func frameSize(head []byte) (uint64, bool) {
	const short, long = 4, 10 // bytes of the longer headers
	if len(head) < 2 {
		return 0, false
	}
	switch size := head[1] & 0x7f; {
	case size < 126:
		return uint64(size), true
	case size == 126 && len(head) == short:
		return uint64(binary.BigEndian.Uint16(head[2:])), true
	case size == 127 && len(head) == long:
		return binary.BigEndian.Uint64(head[2:]), true
	}
	return 0, false
}
