package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"sotto/client"
	"sotto/wire"
)

// What a session lost it finds again: the same life of the same room, by its
// token, and the newest one.
func TestReturn(t *testing.T) {
	for name, cut := range map[string]func(p *peer){
		"cut":           func(*peer) {},
		"slow consumer": func(p *peer) { p.close(4000) },
		"no pong":       func(p *peer) { p.close(4002) },
		"garbage":       func(p *peer) { p.send(`{"event":"new_message","data":{}}`); p.drain() },
		"binary":        func(p *peer) { p.write(websocket.MessageBinary, []byte(`{"event":"counterparty_typing"}`)); p.drain() },
		"huge frame":    func(p *peer) { p.write(websocket.MessageText, make([]byte, 2<<20)); p.drain() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				joins := make(chan frame, 3)
				visit := func(token string) func(*peer) {
					return func(p *peer) {
						p.letIn(roomA, token, "")
						joins <- p.join
						cut(p)
					}
				}
				f := fake(t, script(t, visit(tokenA), visit(tokenB), func(p *peer) {
					p.letIn(roomA, tokenB, "")
					joins <- p.join
					p.drain()
				}))
				cfg := f.config()
				cfg.Intent = wire.IntentEnter
				cfg.Code = client.NewPairingCode()
				s := f.open(cfg)
				for range 2 {
					next[client.State](t, s)
					if lost := next[client.Disconnected](t, s); lost.Err == nil {
						t.Error("no reason given")
					}
				}
				next[client.State](t, s)
				<-joins
				for _, token := range []string{tokenA, tokenB} {
					join := <-joins
					if join.data("intent") != "return" || join.data("room_id") != roomA || join.data("resume") != token || join.data("otp_hash") != nil {
						t.Error("the join does not return with room and token, and these alone")
					}
				}
			})
		})
	}
}

// A session never pretends: when the room is gone, it ends, and so does what
// waits in it.
func TestRoomGone(t *testing.T) {
	for name, test := range map[string]struct {
		first, second func(p *peer)
		want          error
	}{
		"relay restarts": {first: func(p *peer) { p.close(1012) }, want: client.ErrRoomLost},
		"relay crashed": {
			first:  func(*peer) {},
			second: func(p *peer) { p.answer(p.expect("join"), `"error":{"reason":"not_found"}`); p.drain() },
			want:   client.ErrRoomLost,
		},
		"room failed": {
			first:  func(p *peer) { p.close(4004) },
			second: func(p *peer) { p.answer(p.expect("join"), `"error":{"reason":"not_found"}`); p.drain() },
			want:   client.ErrRoomLost,
		},
		"std-1 relay made a new room": {
			first:  func(*peer) {},
			second: func(p *peer) { p.letIn(roomB, tokenB, ""); p.drain() },
			want:   client.ErrRoomLost,
		},
		"expired": {
			first: func(p *peer) { p.send(`{"event":"room_expired","data":{}}`); p.close(1000) },
			want:  client.ErrRoomExpired,
		},
		"expired, close lost":     {first: func(p *peer) { p.send(`{"event":"room_expired","data":{}}`) }, want: client.ErrRoomExpired},
		"expired, broadcast lost": {first: func(p *peer) { p.close(1000) }, want: client.ErrRoomExpired},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := fake(t, script(t, func(p *peer) {
					p.letIn(roomA, tokenA, "")
					for range 2 {
						if f := p.read(); f["event"] != "send_message" && f["event"] != "expire_room" {
							t.Errorf("got %v", f["event"])
						}
					}
					test.first(p)
				}, func(p *peer) {
					if test.second == nil {
						t.Error("the session came back")
						return
					}
					test.second(p)
				}))
				s := f.open(f.config())
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				sent, expired := make(chan error, 1), make(chan error, 1)
				go func() {
					_, err := s.Send(ctx, "hello")
					sent <- err
				}()
				go func() { expired <- s.Expire(ctx) }()
				if err := <-sent; !errors.Is(err, test.want) {
					t.Errorf("send = %v, want %v", err, test.want)
				}
				if err := <-expired; err != nil {
					t.Errorf("expire = %v, though the room is gone", err)
				}
				wantEnd(t, s, test.want)
				if _, err := s.Send(ctx, "again"); !errors.Is(err, test.want) {
					t.Errorf("send after the end = %v", err)
				}
				if err := s.Check(ctx); !errors.Is(err, test.want) {
					t.Errorf("check after the end = %v", err)
				}
			})
		})
	}
}

// A lock or a limit on the way back is no end: the seat is still there.
func TestReturnWaitsOutLock(t *testing.T) {
	for _, reason := range []string{"locked", "rate_limited"} {
		t.Run(reason, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := fake(t, script(t,
					func(p *peer) { p.letIn(roomA, tokenA, "") },
					func(p *peer) {
						p.answer(p.expect("join"), `"error":{"reason":%q,"retry_after":1234}`, reason)
						p.drain()
					},
					func(p *peer) { p.letIn(roomA, tokenA, ""); p.drain() },
				))
				s := f.open(f.config())
				next[client.State](t, s)
				next[client.Disconnected](t, s)
				if lost := next[client.Disconnected](t, s); lost.Retry < 1234*time.Second || lost.Retry > 1242*time.Second {
					t.Errorf("waits %v (%v)", lost.Retry, lost.Err)
				}
				next[client.State](t, s)
				if dials := f.dials(); dials[2].at.Sub(dials[1].at) < 1234*time.Second {
					t.Errorf("dialled after %v", dials[2].at.Sub(dials[1].at))
				}
			})
		})
	}
}

// A relay that is about to restart and has no such room is left for another, if
// a proxy has one: PROTOCOL.md, another relay.
func TestRestarting(t *testing.T) {
	no := func(p *peer) {
		p.answer(p.expect("join"), `"error":{"reason":"restarting","retry_after":600}`)
		p.drain()
	}
	in := func(p *peer) {
		p.letIn(roomA, tokenA, "")
		p.send(`{"event":"restarting","data":{"retry_after":600}}`)
		p.drain()
	}
	lost := func(p *peer) { p.letIn(roomA, tokenA, "") }
	for name, tt := range map[string]struct {
		scripts []func(*peer)
		end     error
		queries string
	}{
		"the room is at the other": {[]func(*peer){no, in}, nil, "-e"},
		"nor is it there":          {[]func(*peer){no, no}, client.ErrRestarting, "-e"},
		"it went there meanwhile":  {[]func(*peer){lost, no, in}, nil, "--e"},
		"it is gone":               {[]func(*peer){lost, no, no}, client.ErrRoomLost, "--e"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := fake(t, script(t, tt.scripts...))
				cfg := f.config()
				began := time.Now()
				s, err := client.Open(t.Context(), cfg)
				for err == nil {
					var e client.Event
					if e, err = s.Next(t.Context()); err != nil {
						break
					}
					if r, ok := e.(client.Restarting); ok {
						if in := time.Until(r.At); in != 10*time.Minute {
							t.Errorf("told that it restarts in %v", in)
						}
						break
					}
				}
				if s != nil {
					defer s.Close()
				}
				if !errors.Is(err, tt.end) {
					t.Errorf("ended with %v; want %v", err, tt.end)
				}
				var queries strings.Builder
				for _, r := range f.dials() {
					if strings.HasSuffix(r.path, "?elsewhere") {
						queries.WriteByte('e')
					} else {
						queries.WriteByte('-')
					}
				}
				if queries.String() != tt.queries {
					t.Errorf("dialled %s; want %s", queries.String(), tt.queries)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("it took %v, as if it had waited for the restart", took)
				}
			})
		})
	}
}
