package relay

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"sotto/roomactor"
	"sotto/wire"
)

// A panic in a room full of talk, among rooms full of talk: its people get a
// code after which they may come back, to a new room; nobody else misses a
// word. It is counted once, and the books agree.
func TestPanicInARoomUnderLoad(t *testing.T) {
	const rooms, messages, fatal = "0123456789abcdef", 200, 60
	cfg := Config{CreateRate: -1, UpgradeRate: -1}
	inside(t, cfg, func(t *testing.T, rl *Relay, _ *bytes.Buffer, dial func(byte) *websocket.Conn) {
		var talkers []*talker
		for _, room := range []byte(rooms) {
			for _, seat := range []byte("12") {
				ws := dial(room)
				joinAs(t, ws, seat)
				talkers = append(talkers, &talker{ws: ws, seat: seat, most: messages})
			}
		}
		hash, _ := wire.ParseHash[wire.RoomHash](strings.Repeat(rooms[:1], 64))
		access, _ := wire.ParseHash[wire.AccessHash](strings.Repeat("1", 64))
		req := &wire.Request{Event: wire.EventJoin, Ref: wire.NewRef("1"), Join: wire.Join{Access: access}}
		if _, err := rl.rooms.Join(t.Context(), &hash, &bomb{fuse: fatal}, req, 0); err != nil {
			t.Fatal(err)
		}
		var talking sync.WaitGroup
		for _, p := range talkers {
			talking.Go(func() { p.talk(context.Background()) })
		}
		talking.Wait()
		synctest.Wait()

		for i, p := range talkers {
			switch inFatal := i < 2; {
			case inFatal && websocket.CloseStatus(p.end) != websocket.StatusCode(wire.CloseRoomFailed):
				t.Errorf("a socket of the room ended with %v; want 4004", p.end)
			case inFatal && (p.heard > fatal || !wire.CloseRoomFailed.Retry()):
				t.Errorf("%d messages came, though number %d failed the room", p.heard, fatal)
			case !inFatal && (p.end != nil || p.heard != messages):
				t.Errorf("room %d: %d messages came, then %v; want %d", i/2, p.heard, p.end, messages)
			}
		}
		for name, n := range map[string]float64{
			"room panics":            counted(t, rl.metrics.roomPanics),
			"rooms closed by panics": counted(t, rl.metrics.roomsClosed.WithLabelValues(string(roomactor.ClosedPanic))),
			"sockets closed 4004":    counted(t, rl.metrics.connsClosed.WithLabelValues("4004")) / 2,
		} {
			if n != 1 {
				t.Errorf("%s: %v; want 1", name, n)
			}
		}
		if answer := joinAs(t, dial(rooms[0]), '1'); !strings.Contains(answer, `"awaiting_party":true`) {
			t.Errorf("back in the room: %s", answer)
		}
		synctest.Wait()
		if err := rl.Check(); err != nil {
			t.Error(err)
		}
		if n := rl.rooms.Rooms(); n != len(rooms) {
			t.Errorf("%d rooms; want %d", n, len(rooms))
		}
	})
}

// bomb is a member that fails its room at one of its messages.
type bomb struct{ fuse int }

func (b *bomb) Deliver(event wire.Event, _ *wire.Buffer) bool {
	if event == wire.EventNewMessage {
		if b.fuse--; b.fuse == 0 {
			panic("a bug")
		}
	}
	return true
}
func (*bomb) Flush()               {}
func (*bomb) Close(wire.CloseCode) {}

// talker says the next number whenever it hears the other seat's, up to most.
type talker struct {
	ws    *websocket.Conn
	seat  byte
	most  int
	heard int // numbers of either seat that came, in order
	end   error
}

func (p *talker) talk(ctx context.Context) {
	if p.seat == '1' {
		p.say(ctx)
	}
	for p.heard < p.most {
		_, frame, err := p.ws.Read(ctx)
		if err != nil {
			p.end = err
			return
		}
		var r wire.Response
		if p.end = wire.DecodeResponse(frame, &r); p.end != nil {
			return
		}
		if r.Event != wire.EventNewMessage {
			continue
		}
		if got := string(r.Message.Ciphertext); got != fmt.Sprint(p.heard) {
			p.end = fmt.Errorf("got message %s as number %d", got, p.heard)
			return
		}
		p.heard++
		if mine := r.Message.Sender.Reveal()[0] == p.seat; !mine && p.heard < p.most {
			p.say(ctx)
		}
	}
}

// say sends the next number. If it can't, reading will tell why.
func (p *talker) say(ctx context.Context) {
	req := wire.Request{Event: wire.EventSend, Ref: wire.NewRef("s"), Ciphertext: fmt.Append(nil, p.heard)}
	_ = p.ws.Write(ctx, websocket.MessageText, wire.AppendRequest(nil, &req))
}
