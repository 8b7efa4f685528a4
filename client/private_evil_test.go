package client_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"sotto/client"
	"sotto/internal/memnet"
	"sotto/relay"
)

// evil stands before a real relay and changes what it tells. frames go on one
// goroutine a connection, so lie may be called by several.
type evil struct {
	t    *testing.T
	mu   sync.Mutex
	lie  func(pin string, f frame) []frame // called with mu held; nil: honest
	seen map[string]frame                  // by event, the last that was told to Bob
}

// evilWorld returns two people who have met, with an evil relay between.
func evilWorld(t *testing.T) (e *evil, a, b *client.Session) {
	e = &evil{t: t, seen: map[string]frame{}}
	rl, err := relay.New(relay.Config{CreateRate: -1, UpgradeRate: -1})
	if err != nil {
		t.Fatal(err)
	}
	front, back := memnet.Listen(), memnet.Listen()
	servers := []*http.Server{{Handler: rl}, {Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		e.between(rw, r, (&memnet.Dialer{To: back}).HTTPClient())
	})}}
	var serving sync.WaitGroup
	for i, listener := range []*memnet.Listener{back, front} {
		serving.Go(func() { _ = servers[i].Serve(listener) })
	}
	t.Cleanup(func() {
		_ = rl.Close()
		_, _ = servers[0].Close(), servers[1].Close()
		serving.Wait()
	})
	open := func(pin string) *client.Session {
		id, err := client.DerivePrivate(privateRoot, pin)
		if err != nil {
			t.Fatal(err)
		}
		dial := (&memnet.Dialer{To: front}).DialContext
		s, err := client.Open(t.Context(), client.Config{
			URL: "http://relay.example", Identity: id, Entry: client.EntryAgain,
			HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	a, b = open(alicePIN), open(bobPIN)
	reaches(t, a)
	for i, text := range []string{"first", "second", "third"} {
		from, to := a, b
		if i == 1 {
			from, to = b, a
		}
		if _, err := from.Send(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		shows(t, to, says(text))
	}
	return e, a, b
}

func (e *evil) between(rw http.ResponseWriter, r *http.Request, to *http.Client) {
	down, err := websocket.Accept(rw, r, nil)
	if err != nil {
		return
	}
	defer down.CloseNow() //nolint:errcheck // it is over
	up, _, err := websocket.Dial(r.Context(), "http://relay.example"+r.URL.Path, &websocket.DialOptions{HTTPClient: to})
	if err != nil {
		return
	}
	defer up.CloseNow() //nolint:errcheck // it is over
	for _, c := range []*websocket.Conn{down, up} {
		c.SetReadLimit(1 << 20)
	}
	ctx, cancel := context.WithCancel(context.Background())
	who := make(chan string, 1)
	var upward sync.WaitGroup
	upward.Go(func() {
		defer cancel()
		for first := true; ; first = false {
			_, b, err := down.Read(ctx)
			if err != nil {
				return
			}
			if first {
				who <- e.person(b)
			}
			if up.Write(ctx, websocket.MessageText, b) != nil {
				return
			}
		}
	})
	defer upward.Wait()
	defer cancel()
	pin := <-who
	for {
		_, b, err := up.Read(ctx)
		if err != nil {
			return
		}
		var f frame
		if json.Unmarshal(b, &f) != nil {
			return
		}
		for _, f := range e.told(pin, f) {
			b, _ := json.Marshal(f)
			if down.Write(ctx, websocket.MessageText, b) != nil {
				return
			}
		}
	}
}

// person says who joins.
func (e *evil) person(join []byte) string {
	for _, pin := range []string{alicePIN, bobPIN} {
		id, err := client.DerivePrivate(privateRoot, pin)
		if err == nil && bytes.Contains(join, []byte(id.Access().Reveal())) {
			return pin
		}
	}
	return ""
}

func (e *evil) told(pin string, f frame) []frame {
	e.mu.Lock()
	defer e.mu.Unlock()
	if f["event"] == "hello" && pin == alicePIN {
		e.seen["hello of Bob"] = f
	}
	if event, ok := f["event"].(string); ok && pin == bobPIN {
		if _, known := e.seen[event]; !known || e.lie == nil {
			e.seen[event] = f
		}
	}
	if ok, _ := f["ok"].(map[string]any); ok["hello"] != nil {
		e.seen["hello to "+pin] = frame{"event": "hello", "data": ok}
	}
	if e.lie == nil {
		return []frame{f}
	}
	return e.lie(pin, f)
}

// TestPrivateEvilRelay tells Bob a lie in place of Alice's answer. Nothing but
// what she wrote is ever shown as hers: he is told of a fault, or nothing.
func TestPrivateEvilRelay(t *testing.T) {
	flip := func(at int) func(e *evil, f frame) []frame {
		return func(_ *evil, f frame) []frame { return []frame{changed(f, "ciphertext", at)} }
	}
	for name, test := range map[string]struct {
		lie   func(e *evil, f frame) []frame
		fault bool
	}{
		"flipped version": {flip(0), true},
		"flipped type":    {flip(2), true},
		"flipped page":    {flip(5), true},
		"flipped enc":     {flip(100), true},
		"flipped next":    {flip(2000), true},
		"flipped text":    {flip(2400), true},
		"flipped tag":     {flip(4095), true},
		"flipped iv":      {func(_ *evil, f frame) []frame { return []frame{changed(f, "iv", 3)} }, true},
		"flipped sender":  {func(_ *evil, f frame) []frame { return []frame{with(f, "sender_hash", tokenA)} }, true},
		"cut":             {func(_ *evil, f frame) []frame { return []frame{with(f, "ciphertext", b64(make([]byte, 100)))} }, true},
		"zeros":           {func(_ *evil, f frame) []frame { return []frame{with(f, "ciphertext", b64(make([]byte, 4096)))} }, true},
		"reflected": {func(e *evil, f frame) []frame {
			return []frame{with(f, "ciphertext", e.seen["new_message"].data("ciphertext"))}
		}, false},
		"replayed":          {func(e *evil, f frame) []frame { return []frame{with(e.seen["new_message"], "id", f.data("id"))} }, false},
		"foreign hello":     {func(e *evil, _ frame) []frame { return []frame{changed(e.seen["hello to "+bobPIN], "hello", 600)} }, true},
		"hello without mac": {func(e *evil, _ frame) []frame { return []frame{changed(e.seen["hello to "+bobPIN], "hello", 1291)} }, true},
		"own hello":         {func(e *evil, _ frame) []frame { return []frame{e.seen["hello of Bob"]} }, true},
		"hello that is none": {func(*evil, frame) []frame {
			return []frame{{"event": "hello", "data": map[string]any{"hello": b64([]byte("hi"))}}}
		}, true},
		"old hello": {func(e *evil, f frame) []frame { return []frame{e.seen["hello to "+bobPIN], f} }, false},
		"read, though unread": {func(_ *evil, f frame) []frame {
			return []frame{f, {"event": "message_read", "data": map[string]any{"message_id": f.data("id"), "read_at": ttl}}}
		}, false},
		"away, though here": {func(_ *evil, f frame) []frame {
			return []frame{{"event": "presence", "data": map[string]any{"connected": false}}, f}
		}, false},
		"deleted": {func(_ *evil, f frame) []frame {
			return []frame{f, {"event": "message_deleted", "data": map[string]any{"message_id": f.data("id")}}}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				e, a, b := evilWorld(t)
				if _, err := b.Send(t.Context(), "your turn"); err != nil {
					t.Fatal(err)
				}
				shows(t, a, says("your turn"))
				e.mu.Lock()
				lied := false
				e.lie = func(pin string, f frame) []frame {
					if pin != bobPIN || f["event"] != "new_message" || lied {
						return []frame{f}
					}
					lied = true
					return test.lie(e, f)
				}
				e.mu.Unlock()
				_, _ = a.Send(t.Context(), "the answer")
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				for {
					event, err := b.Next(ctx)
					if err != nil {
						if errors.Is(err, client.ErrFault) != test.fault {
							t.Errorf("the page ends with %v", err)
						}
						break
					}
					if m := messageOf(event); m != nil && !m.Mine && m.Text != "" && m.Text != "third" && m.Text != "first" && m.Text != "the answer" {
						t.Errorf("shows %q as hers", m.Text)
					}
				}
				if !lied {
					t.Error("there was no lie")
				}
			})
		})
	}
}

// with returns f with another value in its data.
func with(f frame, key string, value any) frame {
	data := map[string]any{}
	old, _ := f["data"].(map[string]any)
	for k, v := range old {
		data[k] = v
	}
	data[key] = value
	return frame{"event": f["event"], "data": data}
}

// changed returns f with one bit of a value flipped.
func changed(f frame, key string, at int) frame {
	text, _ := f.data(key).(string)
	b, _ := base64.StdEncoding.DecodeString(text)
	if at < len(b) {
		b[at] ^= 1
	}
	return with(f, key, b64(b))
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
