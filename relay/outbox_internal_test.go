package relay

import (
	"bytes"
	"maps"
	"runtime"
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

// What a flush has taken when the socket closes goes out before the close frame;
// when the socket ends, it is given back.
func TestOutbox_FlushUnderWay(t *testing.T) {
	tests := map[string]struct {
		ends   func(o *outbox, ws *websocket.Conn)
		frames int
		code   wire.CloseCode
	}{
		"goes on":     {func(*outbox, *websocket.Conn) {}, 2, wire.CloseMoved},
		"closes":      {func(o *outbox, _ *websocket.Conn) { o.Close(wire.CloseMoved) }, 1, wire.CloseMoved},
		"is too slow": {func(o *outbox, _ *websocket.Conn) { o.Close(wire.CloseSlowConsumer) }, 0, wire.CloseSlowConsumer},
		"is aborted":  {func(o *outbox, _ *websocket.Conn) { o.abort() }, 0, wire.CloseNone},
		"is hung up":  {func(_ *outbox, ws *websocket.Conn) { _ = ws.CloseNow() }, 0, wire.CloseNone},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inside(t, Config{}, func(t *testing.T, rl *Relay, _ *bytes.Buffer, dial func(byte) *websocket.Conn) {
				ws := dial('1')
				joinAs(t, ws, '2')
				o := slices.Collect(maps.Keys(rl.conns))[0].outbox
				first := rl.buffers.Encode(&wire.Response{Event: wire.EventCounterpartyTyping})
				second := rl.buffers.Encode(&wire.Response{Event: wire.EventRoomExpired})
				o.flushing.Lock()
				o.Deliver(wire.EventCounterpartyTyping, first)
				frames := o.takeQueue()
				tt.ends(o, ws)
				for range 1000 {
					runtime.Gosched() // for whoever does not wait
				}
				o.Deliver(wire.EventRoomExpired, second)
				o.putBack(frames, 0, false)
				o.flushing.Unlock()
				sent := []string{string(first.Bytes()), string(second.Bytes())}
				first.Release()
				second.Release()
				o.Close(wire.CloseMoved) // unless it closes already

				var came []string
				_, text, err := ws.Read(t.Context())
				for ; err == nil; _, text, err = ws.Read(t.Context()) {
					came = append(came, string(text))
				}
				if code := max(0, websocket.CloseStatus(err)); !slices.Equal(came, sent[:tt.frames]) || wire.CloseCode(code) != tt.code {
					t.Errorf("%q came, then %v; want %q, then %d", came, err, sent[:tt.frames], tt.code)
				}
				synctest.Wait()
				if err := rl.Check(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// gate is a prompt that holds what is written until it is told to go on.
type gate struct {
	prompt
	came chan string
	goOn chan struct{}
}

func (g gate) WriteReady(p []byte) (int, error) {
	g.came <- string(p)
	<-g.goOn
	return len(p), nil
}

// While frames leave, a room queues others without waiting. They leave behind them.
func TestOutbox_DeliverDuringAFlush(t *testing.T) {
	buffers := wire.NewBuffers(0)
	g := gate{came: make(chan string), goOn: make(chan struct{})}
	o := newOutbox(nil, &transport{prompt: g}, &frameWriter{buffers: buffers}, newMetrics(zerolog.Nop()), guard{})
	for _, text := range []string{"first", "second"} {
		frame := buffers.Get(len(text))
		frame.Append([]byte(text))
		if !o.Deliver(wire.EventNone, frame) {
			t.Fatal("not taken")
		}
		frame.Release()
		go o.Flush()
		if text == "first" {
			if got := <-g.came; got != "\x81\x05first" {
				t.Errorf("sent %q", got)
			}
		}
	}
	close(g.goOn)
	if got := <-g.came; got != "\x81\x06second" {
		t.Errorf("sent %q behind it", got)
	}
	o.awaitFlush()
	if n := buffers.Live(); n != 0 || o.bytes != 0 {
		t.Errorf("%d buffers are out, %d bytes counted", n, o.bytes)
	}
}

// At every limit of messages the same number of frames with the longest text fit,
// some with a large message, and small frames by their number.
func TestOutbox_HoldsFramesOfTheLargestSize(t *testing.T) {
	for largest, fit := range map[int]map[int]int{
		2 << 10:                   {8 << 10: 8, 100: 64},
		wire.StdCiphertext:        {32 << 10: 8, 100: 64},
		32 << 10:                  {96 << 10: 4, 100: 64},
		DefaultMaxCiphertextBytes: {96 << 10: 4, 32 << 10: 12, 100: 64},
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
