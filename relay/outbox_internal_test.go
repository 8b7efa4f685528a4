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

// At every limit of messages the same number of frames with the longest text fit,
// some with a large message, and small frames by their number.
func TestOutbox_HoldsFramesOfTheLargestSize(t *testing.T) {
	for largest, fit := range map[int]map[int]int{
		2 << 10:                   {8 << 10: maxQueuedFull, 100: maxQueued},
		wire.StdCiphertext:        {32 << 10: maxQueuedFull, 100: maxQueued},
		32 << 10:                  {96 << 10: maxQueuedLarge, 100: maxQueued},
		DefaultMaxCiphertextBytes: {96 << 10: maxQueuedLarge, 32 << 10: 3 * maxQueuedLarge, 100: maxQueued},
	} {
		buffers := wire.NewBuffers(4 * largest)
		for size, most := range fit {
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
