package relay

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

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
