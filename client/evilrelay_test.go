package client_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"sotto/client"
	"sotto/internal/memnet"
)

// evil stands before a real relay and changes what is said. It has a second one,
// to keep people apart.
type evil struct {
	relays [2]*world

	mu   sync.Mutex
	lie  *lie             // nil: honest
	lied bool             // so far
	seen map[string]frame // the last of each kind that Bob was told, before the lies
	bob  net.Conn         // his last connection
}

// lie is what an evil relay does. Its functions are called with evil.mu held.
type lie struct {
	// told returns what a person is told in place of f.
	told func(e *evil, pin string, f frame) []frame
	// asked returns what the relay is asked in place of f, and what the person
	// is told for it.
	asked func(e *evil, pin string, f frame) (ask, tell []frame)
	// cut: Bob's connection breaks first; split: he comes back to another relay.
	cut, split bool

	fault  bool  // Bob's page ends with it
	sent   error // what becomes of Alice's answer
	unseen bool  // Alice is told that his next words do not answer her last ones
}

// evilWorld returns two people who have met, with an evil relay between.
func evilWorld(t *testing.T) (e *evil, a, b *client.Session) {
	e = &evil{relays: [2]*world{newWorld(t), newWorld(t)}, seen: map[string]frame{}}
	front := memnet.Listen()
	server := &http.Server{Handler: http.HandlerFunc(e.between)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(front) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	open := func(pin string) *client.Session {
		id, err := client.DerivePrivate(privateRoot, pin)
		if err != nil {
			t.Fatal(err)
		}
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&memnet.Dialer{To: front}).DialContext(ctx, network, address)
			if pin == bobPIN && err == nil {
				e.mu.Lock()
				e.bob = conn
				e.mu.Unlock()
			}
			return conn, err
		}
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

// between carries frames of one connection, until one side ends it.
func (e *evil) between(rw http.ResponseWriter, r *http.Request) {
	down, err := websocket.Accept(rw, r, nil)
	if err != nil {
		return
	}
	defer down.CloseNow() //nolint:errcheck // it is over
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, join, err := down.Read(ctx)
	if err != nil {
		return
	}
	pin := who(join)
	to := (&memnet.Dialer{To: e.relay(pin).listener}).HTTPClient()
	up, _, err := websocket.Dial(ctx, "http://relay.example"+r.URL.Path, &websocket.DialOptions{HTTPClient: to})
	if err != nil {
		return
	}
	defer up.CloseNow() //nolint:errcheck // it is over
	for _, c := range []*websocket.Conn{down, up} {
		c.SetReadLimit(1 << 20)
	}
	write := func(c *websocket.Conn, frames []frame) {
		for _, f := range frames {
			b, _ := json.Marshal(f)
			if c.Write(ctx, websocket.MessageText, b) != nil {
				cancel()
			}
		}
	}
	var upward sync.WaitGroup
	defer upward.Wait()
	defer cancel()
	upward.Go(func() {
		defer cancel()
		for b, err := join, error(nil); err == nil; _, b, err = down.Read(ctx) {
			ask, tell := e.ask(pin, parse(b))
			write(up, ask)
			write(down, tell)
		}
	})
	for {
		_, b, err := up.Read(ctx)
		if err != nil {
			return
		}
		write(down, e.tell(pin, parse(b)))
	}
}

func parse(b []byte) (f frame) {
	_ = json.Unmarshal(b, &f)
	return f
}

// who says whose join it is.
func who(join []byte) string {
	for _, pin := range []string{alicePIN, bobPIN} {
		id, err := client.DerivePrivate(privateRoot, pin)
		if err == nil && bytes.Contains(join, []byte(id.Access().Reveal())) {
			return pin
		}
	}
	return ""
}

func (e *evil) relay(pin string) *world {
	e.mu.Lock()
	defer e.mu.Unlock()
	if pin == bobPIN && e.lie != nil && e.lie.split {
		return e.relays[1]
	}
	return e.relays[0]
}

func (e *evil) ask(pin string, f frame) (ask, tell []frame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lie == nil || e.lie.asked == nil {
		return []frame{f}, nil
	}
	return e.lie.asked(e, pin, f)
}

func (e *evil) tell(pin string, f frame) []frame {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lie != nil {
		if e.lie.told == nil {
			return []frame{f}
		}
		return e.lie.told(e, pin, f)
	}
	event, _ := f["event"].(string)
	switch {
	case event == "hello" && pin == alicePIN:
		e.seen["hello of Bob"] = f
	case pin != bobPIN:
	case event == "new_message" && f.data("sender_hash") == e.seen["join"].ok("sender_hash"):
		e.seen["own"] = f
	case event != "":
		e.seen[event] = f
	case f.ok("room_id") != nil:
		e.seen["join"] = f
	case f.ok("hello") != nil:
		e.seen["hello"] = frame{"event": "hello", "data": f["ok"]}
	}
	return []frame{f}
}

// begin has the relay lie from now on.
func (e *evil) begin(l *lie) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lie = l
	if l.cut {
		_ = e.bob.Close()
	}
}

// instead is a lie in place of the first event of a kind, or of the first join's
// answer, that Bob is told.
func instead(event string, tell func(e *evil, f frame) []frame) func(e *evil, pin string, f frame) []frame {
	return func(e *evil, pin string, f frame) []frame {
		if e.lied || pin != bobPIN || f["event"] != event && (event != "join" || f.ok("room_id") == nil) {
			return []frame{f}
		}
		e.lied = true
		return tell(e, f)
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
