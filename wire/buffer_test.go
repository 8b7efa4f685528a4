package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"sotto/wire"
)

const (
	smallBuffer  = wire.SmallBuffer
	mediumBuffer = wire.MediumBuffer
	largeBuffer  = wire.LargeBuffer
	limit        = 4 * maxCiphertext
)

func TestBuffersRead(t *testing.T) {
	t.Parallel()
	failure := errors.New("connection lost")
	for name, tc := range map[string]struct {
		size   int
		wrap   func(io.Reader) io.Reader
		err    error
		backed int // capacity of the buffer
	}{
		"nothing":                   {size: 0, backed: smallBuffer},
		"just under the small one":  {size: smallBuffer - 1, backed: smallBuffer},
		"over the small one":        {size: smallBuffer + 1, backed: mediumBuffer},
		"over the middle one":       {size: mediumBuffer + 1, backed: largeBuffer},
		"just the limit":            {size: limit, backed: limit},
		"one over the limit":        {size: limit + 1, err: wire.ErrTooBig},
		"the limit, byte by byte":   {size: limit, wrap: iotest.OneByteReader, backed: limit},
		"the limit with its end":    {size: limit, wrap: iotest.DataErrReader, backed: limit},
		"an error at once":          {size: 0, wrap: thenError(failure), err: failure},
		"an error after a part":     {size: 3000, wrap: thenError(failure), err: failure},
		"an error after the limit":  {size: limit, wrap: thenError(failure), err: failure},
		"an end that is wrapped":    {size: 10, wrap: thenError(errors.Join(io.EOF)), err: io.EOF},
		"nothing and no error ever": {size: 10, wrap: thenError(nil), err: io.ErrNoProgress},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := bytes.Repeat([]byte("0123456789abcdef"), tc.size/16+1)[:tc.size]
			var r io.Reader = bytes.NewReader(content)
			if tc.wrap != nil {
				r = tc.wrap(r)
			}
			b := newBuffers()
			buf, err := b.Read(r)
			if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Fatalf("error is %v, not %v", err, tc.err)
			}
			if err == nil {
				if !bytes.Equal(buf.Bytes(), content) {
					t.Error("read something else")
				}
				if buf.Size() != tc.backed {
					t.Errorf("the buffer has %d bytes, not %d", buf.Size(), tc.backed)
				}
				if n := b.Live(); n != 1 {
					t.Errorf("%d buffers are out, not one", n)
				}
				buf.Release()
			}
			if n := b.Live(); n != 0 {
				t.Errorf("%d buffers are out at the end", n)
			}
		})
	}
}

// thenError makes a reader end with err instead of io.EOF.
func thenError(err error) func(io.Reader) io.Reader {
	return func(r io.Reader) io.Reader { return io.MultiReader(r, errorReader{err}) }
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestBuffersAreClearedWhenReleased(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"small": 900, "medium": 20_000, "large": 90_000, "full": limit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			buf, err := newBuffers().Read(strings.NewReader(strings.Repeat("s", size)))
			if err != nil {
				t.Fatal(err)
			}
			backing := buf.Bytes()[:buf.Size()]
			buf.Retain()
			buf.Release()
			if backing[0] != 's' || backing[size-1] != 's' {
				t.Error("overwritten while it is still held")
			}
			buf.Release()
			if !allZero(backing) {
				t.Error("something is left")
			}
		})
	}
}

// peekingReader keeps the memory it was given to read into.
type peekingReader struct {
	io.Reader
	given [][]byte
}

func (r *peekingReader) Read(p []byte) (int, error) {
	r.given = append(r.given, p[:len(p):len(p)])
	return r.Reader.Read(p)
}

func TestBuffersClearWhatTheyLeaveBehind(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		size int
		end  error
	}{
		"the small one, when it grows":  {size: 5000},
		"each, when it is too big":      {size: limit + 1},
		"the small one, upon an error":  {size: 100, end: io.ErrUnexpectedEOF},
		"the large one, upon an error":  {size: 5000, end: io.ErrUnexpectedEOF},
		"the small one, without an end": {size: 100, end: io.ErrNoProgress},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBuffers()
			var content io.Reader = strings.NewReader(strings.Repeat("s", tc.size))
			if tc.end != nil {
				content = io.MultiReader(content, iotest.ErrReader(tc.end))
			}
			r := &peekingReader{Reader: content}
			if buf, err := b.Read(r); err == nil {
				buf.Release()
			}
			for _, memory := range r.given {
				if len(memory) > 1 && !allZero(memory) {
					t.Error("something is left")
				}
			}
			if n := b.Live(); n != 0 {
				t.Errorf("%d buffers are out at the end", n)
			}
		})
	}
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

func TestBuffersGet(t *testing.T) {
	t.Parallel()
	b := newBuffers()
	for size, want := range map[int]int{
		0: smallBuffer, smallBuffer: smallBuffer, smallBuffer + 1: mediumBuffer, mediumBuffer + 1: largeBuffer, largeBuffer + 1: limit, limit: limit,
		limit + 1: limit + 1, 1 << 20: 1 << 20,
	} {
		buf := b.Get(size)
		if len(buf.Bytes()) != 0 || buf.Size() != want {
			t.Errorf("for %d bytes got %d, %d of them in use", size, buf.Size(), len(buf.Bytes()))
		}
		buf.Append([]byte("s"))
		if string(buf.Bytes()) != "s" {
			t.Error("does not hold what was appended")
		}
		buf.Release()
	}
	// What was made for one call must not come back for another: Read would
	// let frames over the limit pass.
	if buf := b.Get(limit); buf.Size() != limit {
		t.Errorf("got %d bytes from the pool of %d", buf.Size(), limit)
	}
	if n := b.Live(); n != 1 {
		t.Errorf("%d buffers are out, not one", n)
	}
}

func TestBuffersLimit(t *testing.T) {
	t.Parallel()
	for in, want := range map[int]int{0: 2048, 1000: 2048, 2048: 2048, 2049: 2049, limit: limit} {
		if got := wire.NewBuffers(in).Limit(); got != want {
			t.Errorf("a limit of %d counts as %d, not %d", in, got, want)
		}
	}
}

func TestMisusePanics(t *testing.T) {
	t.Parallel()
	encode := func(r wire.Response) func(*wire.Buffers) { return func(b *wire.Buffers) { b.Encode(&r) } }
	send := func(r wire.Request) func(*wire.Buffers) {
		return func(*wire.Buffers) { wire.AppendRequest(nil, &r) }
	}
	for name, misuse := range map[string]func(b *wire.Buffers){
		"released twice": func(b *wire.Buffers) { buf := b.Get(1); buf.Release(); buf.Release() },
		"retained after": func(b *wire.Buffers) { buf := b.Get(1); buf.Release(); buf.Retain() },
		"over its size":  func(b *wire.Buffers) { b.Get(1).Append(make([]byte, smallBuffer+1)) },
		"request, twice": func(b *wire.Buffers) {
			req, _ := b.ReadRequest(strings.NewReader(`{"event":"typing"}`), 0)
			req.Release()
			req.Release()
		},
		"ref too long":  func(*wire.Buffers) { wire.NewRef(strings.Repeat("r", wire.MaxRef+1)) },
		"ref not UTF-8": func(*wire.Buffers) { wire.NewRef("\xff") },

		"no ref":                    encode(wire.Response{}),
		"no ref of an error":        encode(wire.Response{Reason: wire.ReasonNotJoined}),
		"unknown":                   encode(wire.Response{Event: wire.EventUnknown, Ref: wire.FrameRef}),
		"a client's event":          encode(wire.Response{Event: wire.EventJoin, Ref: wire.FrameRef}),
		"an event out of range":     encode(wire.Response{Event: 255}),
		"new_message of nothing":    encode(wire.Response{Event: wire.EventNewMessage}),
		"message_read of nothing":   encode(wire.Response{Event: wire.EventMessageRead}),
		"message_edited of nothing": encode(wire.Response{Event: wire.EventMessageEdited}),
		"hello of nothing":          encode(wire.Response{Event: wire.EventHello}),

		"no event":               send(wire.Request{}),
		"unknown event":          send(wire.Request{Event: wire.EventUnknown}),
		"a broadcast's event":    send(wire.Request{Event: wire.EventNewMessage}),
		"a request out of range": send(wire.Request{Event: 255}),
		"unknown intent":         send(wire.Request{Event: wire.EventJoin, Join: wire.Join{Intent: 9}}),
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, "wire: ") {
					t.Errorf("%s: panicked with %s", name, got)
				}
			}()
			misuse(newBuffers())
		}()
	}
}

func TestReleaseClearsTheRequest(t *testing.T) {
	t.Parallel()
	b := newBuffers()
	frame := wire.AppendRequest(nil, &wire.Request{
		Event: wire.EventSend, Ref: wire.NewRef("7"), Ciphertext: []byte("sealed"),
	})
	req, err := b.ReadRequest(bytes.NewReader(frame), maxCiphertext)
	if err != nil {
		t.Fatal(err)
	}
	ciphertext := req.Ciphertext
	req.Release()
	if !allZero(ciphertext) {
		t.Error("ciphertext is left in the buffer")
	}
	if left := different(req, &wire.Request{}); left != nil {
		t.Errorf("%v are left in the request", left)
	}
}
