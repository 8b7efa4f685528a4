package relay

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"sotto/internal/memnet"
	"sotto/wire"
)

// frame is an unmasked frame with size bytes of payload.
func frame(first byte, size int) []byte {
	head := []byte{first, byte(size)}
	switch {
	case size > 1<<16-1:
		head = []byte{first, 127, 0, 0, 0, 0, byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}
	case size > 125:
		head = []byte{first, 126, byte(size >> 8), byte(size)}
	}
	return append(head, bytes.Repeat([]byte{'x'}, size)...)
}

// writes records the size of each write and what was written in all.
type writes struct {
	sizes []int
	all   []byte
}

func (w *writes) Write(p []byte) (int, error) {
	w.sizes = append(w.sizes, len(p))
	w.all = append(w.all, p...)
	return len(p), nil
}

// A frame comes in pieces, as from a buffer of headBuffer bytes, and leaves in
// one write; frames that are held leave with the next one that is not, or when
// they fill a buffer; a control frame is never held.
func TestFrameWriter(t *testing.T) {
	const text, ping, closing = 0x81, 0x89, 0x88
	type step struct {
		hold  bool
		first byte
		size  int
	}
	for name, tt := range map[string]struct {
		steps []step
		want  []int
	}{
		"tiny":                     {[]step{{false, text, 0}}, []int{2}},
		"of one piece":             {[]step{{false, text, 14}}, []int{16}},
		"of two pieces":            {[]step{{false, text, 15}}, []int{17}},
		"with a 16-bit size":       {[]step{{false, text, 126}}, []int{130}},
		"in the large class":       {[]step{{false, text, 9000}}, []int{9004}},
		"one after another":        {[]step{{false, text, 100}, {false, text, 200}}, []int{102, 204}},
		"held and let go":          {[]step{{true, text, 100}, {true, text, 1}, {false, text, 200}}, []int{102 + 3 + 204}},
		"held, and more than fits": {[]step{{true, text, 600}, {true, text, 600}, {false, text, 1}}, []int{604, 604 + 3}},
		"held, and much":           {[]step{{true, text, 10000}, {true, text, 6000}, {true, text, 6000}, {false, text, 1}}, []int{10004 + 6004, 6004 + 3}},
		"a ping among held":        {[]step{{true, text, 100}, {true, ping, 1}, {false, text, 1}}, []int{102 + 3, 3}},
		"a close frame":            {[]step{{true, closing, 2}}, []int{4}},
		"a close frame behind":     {[]step{{true, text, 100}, {true, closing, 2}}, []int{102 + 4}},
		"over the limit":           {[]step{{false, text, 1 << 17}}, []int{10 + 1<<17}},
	} {
		t.Run(name, func(t *testing.T) {
			var to writes
			w := frameWriter{to: to.Write, buffers: wire.NewBuffers(32 << 10)}
			var all []byte
			for _, s := range tt.steps {
				w.hold(s.hold)
				f := frame(s.first, s.size)
				all = append(all, f...)
				for piece := range slices.Values([][]byte{f[:min(len(f), headBuffer)], f[min(len(f), headBuffer):]}) {
					if len(piece) == 0 {
						continue
					}
					if n, err := w.Write(piece); n != len(piece) || err != nil {
						t.Fatalf("Write = %d, %v; want %d", n, err, len(piece))
					}
				}
			}
			if !slices.Equal(to.sizes, tt.want) {
				t.Errorf("wrote %v; want %v", to.sizes, tt.want)
			}
			if !bytes.Equal(to.all, all) {
				t.Error("the bytes are others")
			}
			if n := w.buffers.Live(); n != 0 {
				t.Errorf("%d buffers are out", n)
			}
		})
	}
}

// room is a connection that takes so many bytes at once.
type room struct{ n int }

func (*room) ReadReady(lender) (int, error)      { panic("nobody reads") }
func (r *room) WriteReady(p []byte) (int, error) { return min(r.n, len(p)), nil }

// Wherever a write at once breaks off, the rest follows once and in order, and
// frames that had not begun stay with the caller.
func TestFrameWriter_WriteReady(t *testing.T) {
	sizes := []int{0, 125, 126, 300}
	buffers := wire.NewBuffers(32 << 10)
	var frames []queued
	var all []byte
	for _, size := range sizes {
		f := frame(0x81, size)
		b := buffers.Get(size)
		b.Append(f[len(f)-size:])
		frames = append(frames, queued{frame: b})
		all = append(all, f...)
	}
	for n := range len(all) + 1 {
		var to writes
		to.all = append(to.all, all[:n]...)
		w := frameWriter{to: to.Write, buffers: buffers}
		sent, whole := w.writeReady(frames, &room{n})
		if whole != (n == len(all)) {
			t.Fatalf("with room for %d bytes: whole is %t", n, whole)
		}
		if err := w.flush(); err != nil {
			t.Fatal(err)
		}
		for _, q := range frames[sent:] {
			_, _ = w.Write(appendHeader(nil, len(q.frame.Bytes())))
			_, _ = w.Write(q.frame.Bytes())
		}
		if !bytes.Equal(to.all, all) {
			t.Fatalf("with room for %d bytes, of which %d frames were sent, the bytes are others", n, sent)
		}
	}
	for _, q := range frames {
		q.frame.Release()
	}
	if n := buffers.Live(); n != 0 {
		t.Errorf("%d buffers are out", n)
	}
}

// Nothing is written at once into another frame, before what is pending, after a
// close frame, or that is much.
func TestFrameWriter_NotReady(t *testing.T) {
	buffers := wire.NewBuffers(32 << 10)
	short, long := buffers.Get(5), buffers.Get(maxGathered)
	long.Append(make([]byte, maxGathered))
	for name, tt := range map[string]struct {
		before func(w *frameWriter)
		frame  *wire.Buffer
	}{
		"in a frame":          {func(w *frameWriter) { _, _ = w.Write(frame(0x81, 100)[:headBuffer]) }, short},
		"pending":             {func(w *frameWriter) { w.hold(true); _, _ = w.Write(frame(0x81, 1)) }, short},
		"under way":           {func(w *frameWriter) { w.mu.Lock() }, short},
		"after a close frame": {func(w *frameWriter) { _, _ = w.Write(frame(0x88, 2)) }, short},
		"much":                {func(*frameWriter) {}, long},
	} {
		w := &frameWriter{to: new(writes).Write, buffers: buffers}
		tt.before(w)
		if sent, whole := w.writeReady([]queued{{frame: tt.frame}}, &room{1 << 20}); sent != 0 || whole {
			t.Errorf("%s: %d sent, %t", name, sent, whole)
		}
	}
}

// What is pending when the socket ends is given back with it.
func TestFrameWriter_ReleasedWithTheSocket(t *testing.T) {
	inside(t, Config{}, func(t *testing.T, rl *Relay, _ *bytes.Buffer, dial func(byte) *websocket.Conn) {
		ws := dial('a')
		synctest.Wait()
		for c := range rl.conns {
			c.outbox.out.hold(true)
			if _, err := c.outbox.out.Write(frame(0x81, 10)); err != nil {
				t.Fatal(err)
			}
		}
		if n := rl.buffers.Live(); n != 1 {
			t.Fatalf("%d buffers are out; want 1", n)
		}
		_ = ws.CloseNow()
		synctest.Wait()
		if err := rl.Check(); err != nil {
			t.Error(err)
		}
	})
}

// pieces passes on what the WebSocket library writes and checks what frameWriter
// relies on: a frame starts a piece with its whole header, and no piece has
// parts of two frames.
type pieces struct {
	t       *testing.T
	to      io.Writer
	missing int
	frames  map[byte]int // by first byte
}

func (p *pieces) Write(b []byte) (int, error) {
	if p.missing == 0 {
		p.missing = frameSize(b)
		if p.missing == 0 || b[1]&0x80 != 0 {
			p.t.Errorf("a frame starts with % x", b)
		}
		p.frames[b[0]]++
	}
	if p.missing -= len(b); p.missing < 0 {
		p.t.Errorf("a piece has %d bytes of another frame", -p.missing)
		p.missing = 0
	}
	return p.to.Write(b)
}

// hijacked gives the library a writer like the relay's, with pieces behind it.
type hijacked struct {
	http.ResponseWriter
	*pieces
}

func (h hijacked) Write(b []byte) (int, error) { return h.ResponseWriter.Write(b) }

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.to = conn
	// The reader may have the first byte of a ping already.
	return conn, bufio.NewReadWriter(rw.Reader, bufio.NewWriterSize(h.pieces, headBuffer)), nil
}

// What frameWriter relies on in github.com/coder/websocket holds for frames of
// every kind of header, among pings and pongs, to the close frame.
func TestFrameWriter_PiecesOfTheLibrary(t *testing.T) {
	sizes := []int{0, 1, 14, 15, 125, 126, 1000, 1<<16 - 1, 1 << 16, 1 << 17}
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		seen := &pieces{t: t, frames: make(map[byte]int)}
		pinged := make(chan struct{})
		listener := memnet.Listen()
		srv := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ws, err := websocket.Accept(hijacked{w, seen}, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			go func() { _, _, _ = ws.Read(ctx) }() // answers pings
			var pings sync.WaitGroup
			for _, size := range sizes {
				pings.Go(func() { _ = ws.Ping(ctx) })
				if err := ws.Write(ctx, websocket.MessageText, bytes.Repeat([]byte{0xff}, size)); err != nil {
					t.Error(err)
				}
			}
			pings.Wait()
			<-pinged
			_ = ws.Close(4000, "slow_consumer")
		})}
		go func() { _ = srv.Serve(listener) }()
		defer func() { _ = srv.Close() }()

		ws, _, err := websocket.Dial(ctx, "ws://relay.test/", &websocket.DialOptions{
			HTTPClient: &http.Client{Transport: &http.Transport{DialContext: (&memnet.Dialer{To: listener}).DialContext}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ws.SetReadLimit(-1)
		go func() {
			_ = ws.Ping(ctx)
			close(pinged)
		}()
		for _, size := range sizes {
			if _, p, err := ws.Read(ctx); err != nil || len(p) != size {
				t.Fatalf("read %d bytes, %v; want %d", len(p), err, size)
			}
		}
		if _, _, err := ws.Read(ctx); websocket.CloseStatus(err) != 4000 {
			t.Errorf("it ended with %v", err)
		}
		synctest.Wait()
		want := map[byte]int{0x81: len(sizes), 0x89: len(sizes), 0x8a: 1, 0x88: 1}
		if !maps.Equal(seen.frames, want) {
			t.Errorf("frames by first byte: %v; want %v", seen.frames, want)
		}
	})
}
