package relay

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"

	"sotto/internal/memnet"
	"sotto/roomactor"
	"sotto/wire"
)

// inside runs f in a bubble with a relay whose insides it can reach.
func inside(t *testing.T, cfg Config, f func(t *testing.T, rl *Relay, log *bytes.Buffer, dial func(room byte) *websocket.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cfg.Logger = zerolog.New(zerolog.SyncWriter(&log)).Level(zerolog.InfoLevel)
		rl, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		listener := memnet.Listen()
		srv := &http.Server{Handler: rl, ReadHeaderTimeout: time.Second}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(listener) }()
		t.Cleanup(func() {
			_ = rl.Close()
			_ = srv.Close()
			if err := <-served; !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		})
		f(t, rl, &log, func(room byte) *websocket.Conn {
			url := "ws://relay.test/room/" + strings.Repeat(string(room), 64) + "/ws"
			ws, _, err := websocket.Dial(t.Context(), url, //nolint:bodyclose // there is none after 101
				&websocket.DialOptions{HTTPClient: (&memnet.Dialer{To: listener}).HTTPClient()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = ws.CloseNow() })
			return ws
		})
	})
}

// joinAs joins with hashes of one digit and returns the answer.
func joinAs(t *testing.T, ws *websocket.Conn, who byte) string {
	t.Helper()
	digits := strings.Repeat(string(who), 64)
	text := `{"event":"join","ref":"1","data":{"sender_hash":"` + digits + `","access_hash":"` + digits + `"}}`
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
	_, answer, err := ws.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func counted(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

// fault is a connection that panics where it is to write.
type fault struct{ *memnet.Conn }

func (fault) SetWriteDeadline(time.Time) error { panic("secret") }
func (fault) WriteReady([]byte) (int, error)   { panic("secret") }

// A panic in any goroutine of a socket ends this socket alone. It is counted,
// and logged with where it was and without its value.
func TestPanicInASocket(t *testing.T) {
	spoil := func(_ *Relay, c *conn) {
		c.outbox.mu.Lock() // as every user of it does
		defer c.outbox.mu.Unlock()
		bad := fault{c.outbox.net.Conn.(*memnet.Conn)}
		c.outbox.net.Conn, c.outbox.net.prompt = bad, bad
	}
	withoutPrompt := func(rl *Relay, c *conn) {
		spoil(rl, c)
		c.outbox.mu.Lock()
		defer c.outbox.mu.Unlock()
		c.outbox.net.prompt = nil
	}
	say := func(t *testing.T, ws *websocket.Conn, text string) {
		if err := ws.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		joined bool
		spoil  func(*Relay, *conn)
		meet   func(t *testing.T, ws *websocket.Conn)
		at     string
	}{
		"reading": {
			true, func(rl *Relay, _ *conn) { rl.buffers = nil },
			func(t *testing.T, ws *websocket.Conn) { say(t, ws, `{"event":"secret"}`) }, "sotto/wire.",
		},
		"a pong, by the library": {
			true, spoil,
			func(t *testing.T, ws *websocket.Conn) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_ = ws.CloseRead(ctx)
				if ws.Ping(ctx) == nil {
					t.Error("there is a pong")
				}
			}, "sotto/relay.fault.",
		},
		"a flush by the room": {
			true, spoil,
			func(t *testing.T, ws *websocket.Conn) { say(t, ws, `{"event":"delete_message","ref":"secret"}`) }, "sotto/relay.fault.",
		},
		"the writer": {
			true, withoutPrompt,
			func(t *testing.T, ws *websocket.Conn) { say(t, ws, `{"event":"delete_message","ref":"secret"}`) }, "sotto/relay.fault.",
		},
		"a ping":    {true, spoil, func(*testing.T, *websocket.Conn) { time.Sleep(DefaultPingInterval) }, "sotto/relay.fault."},
		"the timer": {false, spoil, func(*testing.T, *websocket.Conn) { time.Sleep(unjoinedIdle) }, "sotto/relay.fault."},
	} {
		t.Run(name, func(t *testing.T) {
			inside(t, Config{}, func(t *testing.T, rl *Relay, log *bytes.Buffer, dial func(byte) *websocket.Conn) {
				bad := dial('a')
				if tt.joined {
					joinAs(t, bad, '1')
				}
				synctest.Wait()
				buffers := rl.buffers
				rl.mu.Lock()
				for c := range rl.conns {
					tt.spoil(rl, c)
				}
				rl.mu.Unlock()
				tt.meet(t, bad)
				synctest.Wait()
				rl.buffers = buffers
				if _, _, err := bad.Read(t.Context()); err == nil {
					t.Error("the socket lives on")
				}
				synctest.Wait()
				if n := counted(t, rl.metrics.connsClosed.WithLabelValues("failed")); n != 1 {
					t.Errorf("%v sockets failed; want 1", n)
				}
				for _, part := range []string{`"level":"error"`, `"message":"socket failed"`, `"at":"` + tt.at, `"code":"failed"`} {
					if !strings.Contains(log.String(), part) {
						t.Errorf("the log lacks %s: %s", part, log)
					}
				}
				if strings.Contains(log.String(), "secret") || strings.Contains(log.String(), "nil pointer") {
					t.Errorf("the log says too much: %s", log)
				}
				if answer := joinAs(t, dial('a'), '1'); !strings.Contains(answer, `"ok"`) {
					t.Errorf("another socket got %s", answer)
				}
				synctest.Wait()
				if err := rl.Check(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// mine is a member that fails when it is told to.
type mine struct{ armed bool }

func (m *mine) Deliver(wire.Event, *wire.Buffer) bool {
	if m.armed {
		panic("secret")
	}
	return true
}
func (m *mine) Flush()               {}
func (m *mine) Close(wire.CloseCode) {}

// A panic in a room closes its sockets with a retryable code and touches no
// other room. The join that met it is answered, if it can be.
func TestPanicInARoom(t *testing.T) {
	inside(t, Config{}, func(t *testing.T, rl *Relay, log *bytes.Buffer, dial func(byte) *websocket.Conn) {
		other := dial('b')
		joinAs(t, other, '1')
		m := &mine{}
		hash, _ := wire.ParseHash[wire.RoomHash](strings.Repeat("a", 64))
		access, _ := wire.ParseHash[wire.AccessHash](strings.Repeat("1", 64))
		req := &wire.Request{Event: wire.EventJoin, Ref: wire.NewRef("1"), Join: wire.Join{Access: access}}
		if _, err := rl.rooms.Join(context.Background(), &hash, m, req, 0); err != nil {
			t.Fatal(err)
		}
		m.armed = true
		ws := dial('a')
		joinAs(t, ws, '2') // which pairs, and tells the other seat
		if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusCode(wire.CloseRoomFailed) {
			t.Errorf("the socket ended with %v; want 4004", err)
		}
		synctest.Wait()
		for name, n := range map[string]float64{
			"room panics":            counted(t, rl.metrics.roomPanics),
			"rooms closed by panics": counted(t, rl.metrics.roomsClosed.WithLabelValues(string(roomactor.ClosedPanic))),
			"sockets closed 4004":    counted(t, rl.metrics.connsClosed.WithLabelValues("4004")),
			"joins that failed":      counted(t, rl.metrics.joins.WithLabelValues("internal_error")),
		} {
			if n != 1 {
				t.Errorf("%s: %v; want 1", name, n)
			}
		}
		if !strings.Contains(log.String(), `"level":"error","at":"sotto/relay.(*mine).Deliver:`) || strings.Contains(log.String(), "secret") {
			t.Errorf("the log says too little or too much: %s", log)
		}
		if answer := joinAs(t, other, '1'); !strings.Contains(answer, `"ok"`) {
			t.Errorf("the other room's socket got %s", answer)
		}
		if rl.rooms.Exists(&hash) {
			t.Error("the room is still there")
		}
		if err := rl.Check(); err != nil {
			t.Error(err)
		}
	})
}
