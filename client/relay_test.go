package client_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotto/client"
	"sotto/internal/memnet"
	"sotto/relay"
	"sotto/wire"
)

// world is a real relay that clients reach over a network in memory. The relay
// may be changed for another, as a restart does.
type world struct {
	t        *testing.T
	listener *memnet.Listener
	relay    atomic.Pointer[relay.Relay]
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, listener: memnet.Listen()}
	w.start()
	server := &http.Server{
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.relay.Load().ServeHTTP(rw, r) }),
		// The server complains of connections that a test cuts.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(w.listener) })
	t.Cleanup(func() {
		w.stop(w.relay.Load())
		_ = server.Close()
		serving.Wait()
	})
	return w
}

func (w *world) start() {
	rl, err := relay.New(relay.Config{CreateRate: -1, UpgradeRate: -1})
	if err != nil {
		w.t.Fatal(err)
	}
	w.relay.Store(rl)
}

func (w *world) stop(rl *relay.Relay) {
	if err := rl.Close(); err != nil && !errors.Is(err, relay.ErrClosed) {
		w.t.Errorf("close relay: %v", err)
	}
}

// phone is one person's network.
type phone struct {
	w    *world
	deaf atomic.Bool // what arrives is dropped
	// uplink is how many bytes leave in a second; 0: all at once.
	uplink atomic.Int64

	mu   sync.Mutex
	conn net.Conn // the last one
}

func (p *phone) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&memnet.Dialer{To: p.w.listener}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn = conn
	return &lossy{Conn: conn, phone: p, gone: make(chan struct{})}, nil
}

// cut ends the connection; the next one hears again.
func (p *phone) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.conn.Close()
	p.deaf.Store(false)
}

type lossy struct {
	net.Conn
	phone *phone
	once  sync.Once
	gone  chan struct{} // closed by Close
}

func (l *lossy) Write(b []byte) (int, error) {
	if rate := l.phone.uplink.Load(); rate > 0 {
		select {
		case <-time.After(time.Duration(len(b)) * time.Second / time.Duration(rate)):
		case <-l.gone:
		}
	}
	return l.Conn.Write(b)
}

func (l *lossy) Close() error {
	l.once.Do(func() { close(l.gone) })
	return l.Conn.Close()
}

func (l *lossy) Read(b []byte) (int, error) {
	for {
		n, err := l.Conn.Read(b)
		if err != nil || !l.phone.deaf.Load() {
			return n, err
		}
	}
}

// join opens a session of id, as cfg says otherwise.
func (w *world) join(id client.Identity, cfg client.Config) (*client.Session, *phone, error) {
	p := &phone{w: w}
	cfg.URL, cfg.Identity, cfg.Key = "http://relay.example", id, testKey
	cfg.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: true}}
	s, err := client.Open(w.t.Context(), cfg)
	if err == nil {
		w.t.Cleanup(s.Close)
	}
	return s, p, err
}

func (w *world) mustJoin(id client.Identity) (*client.Session, *phone) {
	w.t.Helper()
	s, p, err := w.join(id, client.Config{})
	if err != nil {
		w.t.Fatalf("open: %v", err)
	}
	next[client.State](w.t, s)
	return s, p
}

// couple joins Alice, then Bob.
func (w *world) couple() (a, b *client.Session, atA, atB *phone) {
	w.t.Helper()
	a, atA = w.mustJoin(alice)
	b, atB = w.mustJoin(bob)
	next[client.Paired](w.t, a)
	return a, b, atA, atB
}

func (w *world) send(s *client.Session, text string) wire.MessageID {
	w.t.Helper()
	id, err := s.Send(w.t.Context(), text)
	if err != nil {
		w.t.Fatalf("send: %v", err)
	}
	return id
}

func wantMessage(t *testing.T, s *client.Session, text string, mine bool) wire.MessageID {
	t.Helper()
	m := next[client.NewMessage](t, s).Message
	if m.Text != text || m.Mine != mine || m.Unreadable {
		t.Errorf("another message than %q", text)
	}
	return m.ID
}

func TestConversation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, _, _ := w.couple()
		ctx := t.Context()

		first := w.send(a, "hello")
		wantMessage(t, a, "hello", true)
		if id := wantMessage(t, b, "hello", false); id != first {
			t.Error("another id")
		}
		if _, err := a.Send(ctx, "again"); !errors.Is(err, client.ErrNotYourTurn) {
			t.Errorf("second message in a row: %v", err)
		}
		if err := a.Edit(ctx, first, "hello!"); err != nil {
			t.Error(err)
		}
		next[client.MessageEdited](t, a)
		if m := next[client.MessageEdited](t, b).Message; m.Text != "hello!" {
			t.Error("another edit")
		}
		b.Typing()
		next[client.Typing](t, a)
		if err := b.MarkRead(ctx, first); err != nil {
			t.Error(err)
		}
		next[client.MessageRead](t, b)
		next[client.MessageRead](t, a)
		if err := a.Edit(ctx, first, "too late"); !errors.Is(err, client.ErrNotEditable) {
			t.Errorf("edit of a read message: %v", err)
		}
		if err := a.Delete(ctx, first); !errors.Is(err, client.ErrNotDeletable) {
			t.Errorf("deletion of a read message: %v", err)
		}
		second := w.send(b, "and you")
		wantMessage(t, b, "and you", true)
		wantMessage(t, a, "and you", false)
		if err := a.Delete(ctx, second); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("deletion of the other's message: %v", err)
		}
		if err := b.Delete(ctx, second); err != nil {
			t.Error(err)
		}
		next[client.MessageDeleted](t, a)
		next[client.MessageDeleted](t, b)
		w.send(a, "free again")
		if _, err := b.Send(ctx, "to nothing"); !errors.Is(err, client.ErrStale) {
			t.Errorf("an answer to what was not seen: %v", err)
		}
		wantMessage(t, b, "free again", false)
		if err := b.ResetPairing(ctx, client.NewPairingCode()); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("reset of a pairing that is done: %v", err)
		}
		if err := b.Expire(ctx); err != nil {
			t.Error(err)
		}
		wantEnd(t, a, client.ErrRoomExpired)
		wantEnd(t, b, client.ErrRoomExpired)
	})
}

func TestPairing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		code := client.NewPairingCode()
		a, _, err := w.join(alice, client.Config{Code: code, Presence: true})
		if err != nil {
			t.Fatal(err)
		}
		state := next[client.State](t, a)
		if !state.AwaitingParty {
			t.Error("no seat is open")
		}
		if e := next[client.Presence](t, a); e.Connected {
			t.Error("somebody is there")
		}
		if _, _, err := w.join(bob, client.Config{}); !errors.Is(err, client.ErrCodeRequired) {
			t.Errorf("without a code: %v", err)
		}
		newCode := client.NewPairingCode()
		if err := a.ResetPairing(t.Context(), newCode); err != nil {
			t.Error(err)
		}
		if _, _, err := w.join(bob, client.Config{Code: code}); !errors.Is(err, client.ErrCodeWrong) {
			t.Errorf("with the old code: %v", err)
		}
		b, _, err := w.join(bob, client.Config{Code: newCode, Intent: wire.IntentEnter})
		if err != nil {
			t.Fatal(err)
		}
		if e := next[client.Paired](t, a); !e.TTLExpiresAt.After(state.TTLExpiresAt) {
			t.Error("the room did not get its full time")
		}
		if e := next[client.Presence](t, a); !e.Connected {
			t.Error("nobody is there")
		}
		b.Close()
		if e := next[client.Presence](t, a); e.Connected {
			t.Error("somebody is still there")
		}
	})
}
