package wire

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// ErrTooBig reports a frame over the limit of its Buffers. Final for the
// socket: it is closed with CloseTooBig.
var ErrTooBig = errors.New("wire: frame over the size limit")

// Most frames (a short message, its acknowledgement) fit the small class.
const smallBuffer = 1 << 10

// Buffers hands out the byte buffers that frames live in, so that ciphertext
// stays in memory the relay owns, counts and clears. There are two classes,
// 1 KiB and the frame limit. Safe for concurrent use.
type Buffers struct {
	limit int
	small sync.Pool
	large sync.Pool
	live  atomic.Int64
}

// Buffer is one buffer with a reference count, which starts at 1.
type Buffer struct {
	owner *Buffers
	bytes []byte
	refs  atomic.Int32
}

// NewBuffers returns buffers for frames of at most limit bytes.
func NewBuffers(limit int) *Buffers {
	limit = max(limit, smallBuffer)
	b := &Buffers{limit: limit}
	b.small.New = func() any { return &Buffer{owner: b, bytes: make([]byte, 0, smallBuffer)} }
	b.large.New = func() any { return &Buffer{owner: b, bytes: make([]byte, 0, limit)} }
	return b
}

// Limit returns the largest frame, in bytes.
func (b *Buffers) Limit() int { return b.limit }

// Live returns how many buffers are out. It is 0 when nothing is under way.
func (b *Buffers) Live() int64 { return b.live.Load() }

// Get returns an empty buffer with room for size bytes, at most the limit.
func (b *Buffers) Get(size int) *Buffer {
	pool := &b.small
	if size > smallBuffer {
		pool = &b.large
	}
	buf := pool.Get().(*Buffer) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	buf.refs.Store(1)
	b.live.Add(1)
	return buf
}

// Read returns a buffer with everything r has. It returns ErrTooBig when that
// is more than the limit, or r's error; then there is no buffer.
func (b *Buffers) Read(r io.Reader) (*Buffer, error) {
	buf := b.Get(smallBuffer)
	for {
		if len(buf.bytes) == cap(buf.bytes) {
			if cap(buf.bytes) >= b.limit {
				// Full: the frame ends here or is too big.
				var more [1]byte
				switch n, err := io.ReadFull(r, more[:]); {
				case n > 0:
					buf.Release()
					return nil, ErrTooBig
				case errors.Is(err, io.EOF):
					return buf, nil
				default:
					buf.Release()
					return nil, err
				}
			}
			large := b.Get(b.limit)
			large.bytes = append(large.bytes, buf.bytes...)
			buf.Release()
			buf = large
		}
		n, err := r.Read(buf.bytes[len(buf.bytes):cap(buf.bytes)])
		buf.bytes = buf.bytes[:len(buf.bytes)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			buf.Release()
			return nil, err
		}
	}
}

// Bytes returns the content. It must not be used after the last Release.
func (b *Buffer) Bytes() []byte { return b.bytes }

// Retain adds a reference and returns b.
func (b *Buffer) Retain() *Buffer {
	b.refs.Add(1)
	return b
}

// Release drops a reference. The last one overwrites the content and gives the
// buffer back. Releasing more often than retaining panics.
func (b *Buffer) Release() {
	switch refs := b.refs.Add(-1); {
	case refs > 0:
		return
	case refs < 0:
		panic("wire: buffer released twice")
	}
	clear(b.bytes)
	b.bytes = b.bytes[:0]
	b.owner.live.Add(-1)
	if cap(b.bytes) > smallBuffer {
		b.owner.large.Put(b)
	} else {
		b.owner.small.Put(b)
	}
}
