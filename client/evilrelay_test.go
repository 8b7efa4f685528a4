package client_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"sotto/client"
	"sotto/internal/memnet"
)

// evil is a world whose network stands before a real relay and may change what
// that tells.
type evil struct {
	*world
	behind *world

	mu   sync.Mutex
	tell func(f frame) []frame // in place of f; nil: honest. Guarded by mu.
}

// newEvil returns an evil network, a person who reaches the relay past it and
// another who does not. They have met, and it is the first one's turn.
func newEvil(t *testing.T) (e *evil, a, b *client.Session, atB *phone) {
	e = &evil{world: &world{t: t, listener: memnet.Listen()}, behind: newWorld(t)}
	server := &http.Server{Handler: http.HandlerFunc(e.between)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(e.listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	a, _ = e.behind.mustPrivate(alicePIN, client.EntryCreate, false)
	b, atB = e.mustPrivate(bobPIN, client.EntryInvited, false)
	reaches(t, a)
	e.send(a, "hello")
	shows(t, b, says("hello"))
	e.send(b, "your turn")
	shows(t, a, says("your turn"))
	return e, a, b, atB
}

// begin has it tell something else from now on.
func (e *evil) begin(tell func(f frame) []frame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tell = tell
}

// between carries frames of one connection, until one side ends it.
func (e *evil) between(rw http.ResponseWriter, r *http.Request) {
	down, err := websocket.Accept(rw, r, nil)
	if err != nil {
		return
	}
	defer down.CloseNow() //nolint:errcheck // it is over
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	to := (&memnet.Dialer{To: e.behind.listener}).HTTPClient()
	up, _, err := websocket.Dial(ctx, "http://relay.example"+r.URL.Path, &websocket.DialOptions{HTTPClient: to})
	if err != nil {
		return
	}
	defer up.CloseNow() //nolint:errcheck // it is over
	for _, c := range []*websocket.Conn{down, up} {
		c.SetReadLimit(1 << 20)
	}
	var upward sync.WaitGroup
	defer upward.Wait()
	defer cancel()
	upward.Go(func() {
		defer cancel()
		for {
			_, b, err := down.Read(ctx)
			if err != nil || up.Write(ctx, websocket.MessageText, b) != nil {
				return
			}
		}
	})
	for {
		_, b, err := up.Read(ctx)
		if err != nil {
			return
		}
		for _, f := range e.told(b) {
			b, _ := json.Marshal(f)
			if down.Write(ctx, websocket.MessageText, b) != nil {
				return
			}
		}
	}
}

func (e *evil) told(b []byte) []frame {
	var f frame
	_ = json.Unmarshal(b, &f)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tell == nil {
		return []frame{f}
	}
	return e.tell(f)
}

// changed returns f with one bit of a value flipped.
func changed(f frame, key string, at int) frame {
	text, _ := f.data(key).(string)
	b, _ := base64.StdEncoding.DecodeString(text)
	b[at] ^= 1
	return with(f, key, b64(b))
}

// with returns f with another value in its data.
func with(f frame, key string, value any) frame {
	data, _ := f["data"].(map[string]any)
	data = maps.Clone(data)
	data[key] = value
	return frame{"event": f["event"], "data": data}
}

// Whatever a relay changes in what one person says, nothing of it is shown to the
// other, and their page ends. What else it can change, the tests of package blind
// have.
func TestPrivateFault(t *testing.T) {
	for name, lie := range map[string]func(f frame) frame{
		"text":   func(f frame) frame { return changed(f, "ciphertext", 2400) },
		"iv":     func(f frame) frame { return changed(f, "iv", 3) },
		"sender": func(f frame) frame { return with(f, "sender_hash", tokenA) },
		"length": func(f frame) frame { return with(f, "ciphertext", b64(make([]byte, 100))) },
		"a hello in its place": func(frame) frame {
			return frame{"event": "hello", "data": map[string]any{"hello": b64([]byte("hi"))}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e, a, b, _ := newEvil(t)
				e.begin(func(f frame) []frame {
					if f["event"] == "new_message" {
						f = lie(f)
					}
					return []frame{f}
				})
				e.send(a, "the answer")
				for {
					event, err := b.Next(t.Context())
					if err != nil {
						if !errors.Is(err, client.ErrFault) {
							t.Errorf("the page ends with %v", err)
						}
						return
					}
					if m := messageOf(event); m != nil && m.Text == "the answer" {
						t.Error("what was changed is shown")
					}
				}
			})
		})
	}
}

// A message that was written before a drop may be marked as read between the join
// and the answer to the hello: its author is told.
func TestPrivateReadWhileReturning(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e, a, b, atB := newEvil(t)
		e.send(a, "question")
		shows(t, b, says("question"))
		atB.deaf.Store(true)
		done := make(chan error, 1)
		go func() { _, err := b.Send(t.Context(), "answer"); done <- err }()
		shows(t, a, says("answer"))
		e.begin(func(f frame) []frame {
			m, _ := f.ok("current_message").(map[string]any)
			if m == nil {
				return []frame{f}
			}
			return []frame{f, {"event": "message_read", "data": map[string]any{"message_id": m["id"], "read_at": ttl}}}
		})
		atB.cut()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		back := until(t, b, func(e client.State) bool { return e.Message != nil && e.Message.Mine })
		if back.Message.Text != "answer" || back.Message.ReadAt.IsZero() {
			t.Errorf("shows %q, read at %v", back.Message.Text, back.Message.ReadAt)
		}
	})
}

// What a relay says of the room itself can't be another thing than before, and
// one that knows no hello is left.
func TestPrivateEvilJoin(t *testing.T) {
	in := func(room, sender string, hello bool) func(p *peer) {
		return func(p *peer) {
			p.join = p.expect("join")
			p.answer(p.join, `"ok":{"room_id":%q,"ttl_expires_at":%q,"awaiting_party":true%s}`, room, ttl, sender)
			if f := p.read(); f != nil && hello {
				p.answer(f, `"ok":{}`)
				return // cut
			}
			p.drain()
		}
	}
	const mine, other = `,"sender_hash":"` + tokenA + `"`, `,"sender_hash":"` + tokenB + `"`
	for name, test := range map[string]struct {
		first, second func(p *peer)
		want          error
	}{
		"no sender_hash":       {in(roomA, "", true), nil, client.ErrNoPrivate},
		"hello without answer": {in(roomA, mine, false), nil, client.ErrNoPrivate},
		"other sender_hash":    {in(roomA, mine, true), in(roomA, other, true), client.ErrFault},
		"other room_id":        {in(roomA, mine, true), in(roomB, mine, true), client.ErrRoomLost},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := fake(t, script(t, test.first, test.second))
				id, err := client.DerivePrivate(privateRoot, alicePIN)
				if err != nil {
					t.Fatal(err)
				}
				s, err := client.Open(t.Context(), client.Config{URL: "http://relay.example", Identity: id, HTTPClient: f.client})
				if test.second == nil {
					if !errors.Is(err, test.want) || len(f.dials()) != 1 {
						t.Errorf("open: %v after %d dials, want %v", err, len(f.dials()), test.want)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				wantEnd(t, s, test.want)
			})
		})
	}
}
