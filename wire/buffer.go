package wire

import (
	"io"
	"slices"
	"sync"
	"sync/atomic"
)

// Sizes of buffers, in bytes, below the limit of frames.
const (
	// SmallBuffer holds most frames: a short message, its acknowledgement.
	SmallBuffer = 1 << 10
	// MediumBuffer holds any frame that has no large message.
	MediumBuffer = 32 << 10
	// LargeBuffer holds what tells of a message of 64 KiB, unless it is larger than the
	// limit.
	LargeBuffer = 96 << 10
)

const (
	// An answer has a quarter of the limit as ciphertext, in base64, and
	// maxEnvelope: with a smaller limit it could exceed the limit itself.
	minLimit = 2 << 10
	// How often a reader may return neither bytes nor an error.
	maxEmptyReads = 100
)

// Buffers hands out the byte buffers that frames live in, so that ciphertext
// stays in memory the relay owns, counts and clears. A buffer has one of a few
// sizes, of which the frame limit is the largest. Safe for concurrent use.
type Buffers struct {
	sizes    []int       // ascending
	pools    []sync.Pool // one a size
	requests sync.Pool
	scanners sync.Pool
	live     atomic.Int64
}

// Buffer is one buffer with a reference count, which starts at 1. Its holders
// may read it concurrently.
type Buffer struct {
	owner *Buffers
	bytes []byte
	refs  atomic.Int32
}

// NewBuffers returns buffers for frames of at most limit bytes; a limit under
// 2 KiB counts as 2 KiB.
func NewBuffers(limit int) *Buffers {
	b, limit := new(Buffers), max(limit, minLimit)
	for _, size := range []int{SmallBuffer, MediumBuffer, LargeBuffer} {
		if size < limit {
			b.sizes = append(b.sizes, size)
		}
	}
	b.sizes = append(b.sizes, limit)
	b.pools = make([]sync.Pool, len(b.sizes))
	for i := range b.pools {
		b.pools[i].New = func() any { return b.fresh(b.sizes[i]) }
	}
	b.requests.New = func() any { return new(Request) }
	b.scanners.New = func() any { return new(scanner) }
	return b
}

func (b *Buffers) fresh(size int) *Buffer {
	return &Buffer{owner: b, bytes: make([]byte, 0, size)}
}

// Limit returns the largest frame, in bytes.
func (b *Buffers) Limit() int { return b.sizes[len(b.sizes)-1] }

// Live returns how many buffers are out. It is 0 when nothing is under way.
func (b *Buffers) Live() int64 { return b.live.Load() }

// Get returns an empty buffer with room for size bytes. One over the limit is
// made for this call alone.
func (b *Buffers) Get(size int) *Buffer {
	var buf *Buffer
	if i := b.class(size); i < len(b.pools) {
		buf = b.pools[i].Get().(*Buffer) //nolint:errcheck // the pool holds nothing else
	} else {
		buf = b.fresh(size)
	}
	buf.refs.Store(1)
	b.live.Add(1)
	return buf
}

// class returns the first size that size fits.
func (b *Buffers) class(size int) int {
	i, _ := slices.BinarySearch(b.sizes, size)
	return i
}

// Read returns a buffer with everything r has. It returns [ErrTooBig] when
// that is more than the limit, or r's error; then there is no buffer.
func (b *Buffers) Read(r io.Reader) (*Buffer, error) {
	buf := b.Get(SmallBuffer)
	for empty := 0; empty < maxEmptyReads; {
		if full := len(buf.bytes); full == cap(buf.bytes) && full < b.Limit() {
			larger := b.Get(full + 1)
			larger.bytes = append(larger.bytes, buf.bytes...)
			buf.Release()
			buf = larger
		}
		n, err := b.readMore(r, buf)
		switch {
		case err == io.EOF: //nolint:errorlint // a wrapped one means that the rest is missing
			return buf, nil
		case err != nil:
			buf.Release()
			return nil, err
		case n == 0:
			empty++
		}
	}
	buf.Release()
	return nil, io.ErrNoProgress
}

// readMore reads once. A full buffer ends well at the end of r only.
func (b *Buffers) readMore(r io.Reader, buf *Buffer) (int, error) {
	if len(buf.bytes) == cap(buf.bytes) {
		var more [1]byte
		n, err := r.Read(more[:])
		if n > 0 {
			return 0, ErrTooBig
		}
		return 0, err
	}
	n, err := r.Read(buf.bytes[len(buf.bytes):cap(buf.bytes)])
	buf.bytes = buf.bytes[:len(buf.bytes)+n]
	return n, err
}

// Bytes returns the content. It must not be used after the last Release.
func (b *Buffer) Bytes() []byte { return b.bytes }

// Size returns how much memory the buffer takes, in bytes.
func (b *Buffer) Size() int { return cap(b.bytes) }

// Append adds p to a buffer that nobody else holds yet. It panics when that
// is more than Get was asked for.
func (b *Buffer) Append(p []byte) {
	if len(b.bytes)+len(p) > cap(b.bytes) {
		panic("wire: append over a buffer's size")
	}
	b.bytes = append(b.bytes, p...)
}

// Space returns the memory behind the content, for reading into it. Extend makes
// its first bytes part of the content. Both are for a buffer that nobody else holds
// yet.
func (b *Buffer) Space() []byte { return b.bytes[len(b.bytes):cap(b.bytes)] }

// Extend adds n bytes that were put into Space. It panics when there are fewer.
func (b *Buffer) Extend(n int) { b.bytes = b.bytes[:len(b.bytes)+n] }

// Retain adds a reference and returns b. It panics when there is none left.
func (b *Buffer) Retain() *Buffer {
	if b.refs.Add(1) <= 1 {
		panic("wire: buffer retained after its release")
	}
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
	if i, known := slices.BinarySearch(b.owner.sizes, cap(b.bytes)); known {
		b.owner.pools[i].Put(b)
	}
}
