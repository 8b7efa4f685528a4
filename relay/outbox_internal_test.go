package relay

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"

	"sotto/wire"
)

// A frame that a room queued as the socket's reading ended, and flushes after
// that, is given back.
func TestFrameForASocketThatEnds(t *testing.T) {
	inside(t, Config{}, func(t *testing.T, rl *Relay, _ *bytes.Buffer, dial func(byte) *websocket.Conn) {
		ws := dial('1')
		joinAs(t, ws, '2')
		c := slices.Collect(maps.Keys(rl.conns))[0]
		frame := rl.buffers.Get(100)
		if !c.outbox.Deliver(wire.EventNewMessage, frame) {
			t.Fatal("not taken")
		}
		_ = ws.CloseNow()
		synctest.Wait()
		c.outbox.Flush()
		frame.Release()
		if len(rl.conns) != 0 {
			t.Fatal("the socket is still there")
		}
		if err := rl.Check(); err != nil {
			t.Error(err)
		}
	})
}

// At every limit of messages the same number of the largest fit, and small
// frames by their number.
func TestOutbox_HoldsFramesOfTheLargestSize(t *testing.T) {
	for _, largest := range []int{2 << 10, DefaultMaxCiphertextBytes, 32 << 10} {
		buffers := wire.NewBuffers(4 * largest)
		for size, most := range map[int]int{4 * largest: maxQueuedFull, 100: maxQueued} {
			o := newOutbox(nil, new(transport), &frameWriter{buffers: buffers}, newMetrics(zerolog.Nop()), guard{})
			frame := buffers.Get(size)
			taken := 0
			for o.Deliver(wire.EventNewMessage, frame) {
				taken++
			}
			if taken != most {
				t.Errorf("with messages of %d bytes an outbox took %d frames of %d; want %d", largest, taken, size, most)
			}
			o.endNow()
			frame.Release()
		}
		if n := buffers.Live(); n != 0 {
			t.Errorf("%d buffers are out", n)
		}
	}
}
