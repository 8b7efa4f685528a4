package relay

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

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

// What is pending is given back once.
func TestFrameWriter_Release(t *testing.T) {
	w := frameWriter{to: new(writes).Write, buffers: wire.NewBuffers(32 << 10)}
	if _, err := w.Write(frame(0x81, 100)[:headBuffer]); err != nil {
		t.Fatal(err)
	}
	if n := w.buffers.Live(); n != 1 {
		t.Fatalf("%d buffers are out; want 1", n)
	}
	w.release()
	w.release()
	if n := w.buffers.Live(); n != 0 {
		t.Errorf("%d buffers are out; want 0", n)
	}
}
