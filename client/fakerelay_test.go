package client_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"sotto/client"
	"sotto/internal/memnet"
	"sotto/wire"
)

const (
	roomA  = "5f0c6f0e-3f0b-4b8e-9f0a-1d2c3b4a5e6f"
	roomB  = "00000000-0000-4000-8000-00000000000b"
	tokenA = "aa00000000000000000000000000000000000000000000000000000000000000"
	tokenB = "bb00000000000000000000000000000000000000000000000000000000000000"
	ttl    = "2026-06-08T10:00:00Z"
)

// fakeRelay plays a relay frame by frame, so that a test can make it answer
// late, wrongly or never. It does not share the codec of the client.
type fakeRelay struct {
	t      *testing.T
	client *http.Client

	mu       sync.Mutex
	requests []request
}

// request is a handshake the relay saw.
type request struct {
	at     time.Time
	path   string
	header http.Header
}

// handler plays one connection; n counts them from 0.
type handler func(n int, w http.ResponseWriter, r *http.Request)

// fake starts a relay inside the bubble of t.
func fake(t *testing.T, handle handler) *fakeRelay {
	f := &fakeRelay{t: t}
	listener := memnet.Listen()
	f.client = (&memnet.Dialer{To: listener, From: netip.MustParseAddr("203.0.113.5")}).HTTPClient()
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f.mu.Lock()
			n := len(f.requests)
			f.requests = append(f.requests, request{time.Now(), r.URL.RequestURI(), r.Header.Clone()})
			f.mu.Unlock()
			handle(n, w, r)
		}),
		ErrorLog: log.New(io.Discard, "", 0),
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return f
}

// dials returns the handshakes so far.
func (f *fakeRelay) dials() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]request(nil), f.requests...)
}

// peer is the relay's end of a connection.
type peer struct {
	t    *testing.T
	conn *websocket.Conn
	join frame // the client's join
}

// script returns a handler that accepts each connection and plays the script of
// its number, the last one for all that follow. When a script returns, the
// connection is cut.
func script(t *testing.T, scripts ...func(p *peer)) handler {
	return func(n int, w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer conn.CloseNow() //nolint:errcheck // scripts close too
		p := &peer{t: t, conn: conn}
		scripts[min(n, len(scripts)-1)](p)
	}
}

// frame is any JSON object.
type frame map[string]any

func (f frame) data(key string) any {
	data, _ := f["data"].(map[string]any)
	return data[key]
}

// read returns the next frame, or nil when the client is gone.
func (p *peer) read() frame {
	_, text, err := p.conn.Read(context.Background())
	if err != nil {
		return nil
	}
	var f frame
	if err := json.Unmarshal(text, &f); err != nil {
		p.t.Errorf("the client sent %q: %v", text, err)
	}
	return f
}

// expect returns the next frame, which must be about event.
func (p *peer) expect(event string) frame {
	f := p.read()
	if f["event"] != event {
		p.t.Errorf("the client sent %v, want %s", f["event"], event)
	}
	return f
}

func (p *peer) send(format string, args ...any) {
	p.write(websocket.MessageText, fmt.Appendf(nil, format, args...))
}

// write does not mind a client that is gone: what the test waits for then does
// not come.
func (p *peer) write(kind websocket.MessageType, content []byte) {
	_ = p.conn.Write(context.Background(), kind, content)
}

// answer sends a reply to f: ok or error with what follows.
func (p *peer) answer(f frame, format string, args ...any) {
	p.send(`{"ref":%q,%s}`, f["ref"], fmt.Sprintf(format, args...))
}

// letIn reads a join and answers it. message is the JSON of the slot, or "".
func (p *peer) letIn(room, token, message string) {
	p.join = p.expect("join")
	if message != "" {
		message = `,"current_message":` + message
	}
	p.answer(p.join, `"ok":{"room_id":%q,"ttl_expires_at":%q,"awaiting_party":false,"resume":%q%s}`, room, ttl, token, message)
}

// drain reads until the client is gone.
func (p *peer) drain() {
	for f := p.read(); f != nil; {
		f = p.read()
	}
}

func (p *peer) close(code int) { _ = p.conn.Close(websocket.StatusCode(code), "") }

// Two people and the key they share.
var (
	alice, bob = mustDerive("493817"), mustDerive("205566")
	testKey    = client.NewKey([]byte(strings.Repeat("k", 32)))
)

func mustDerive(pin string) client.Identity {
	id, err := client.Derive("+44 7700 900123", pin)
	if err != nil {
		panic(err)
	}
	return id
}

// messageID returns the n-th id.
func messageID(n int) wire.MessageID {
	id, ok := wire.ParseUUID[wire.MessageID](fmt.Sprintf("00000000-0000-4000-8000-%012x", n))
	if !ok {
		panic("bad id")
	}
	return id
}

func message(n int, from client.Identity, text, readAt string) string {
	sealed := testKey.Seal([]byte(text))
	return sealedMessage(n, from, base64.StdEncoding.EncodeToString(sealed.Ciphertext),
		base64.StdEncoding.EncodeToString(sealed.IV[:]), readAt)
}

func sealedMessage(n int, from client.Identity, ciphertext, iv, readAt string) string {
	at := "null"
	if readAt != "" {
		at = `"` + readAt + `"`
	}
	return fmt.Sprintf(`{"id":%q,"sender_hash":%q,"ciphertext":%q,"iv":%q,"inserted_at":%q,"read_at":%s}`,
		messageID(n).Reveal(), from.Sender().Reveal(), ciphertext, iv, "2026-06-01T10:00:00Z", at)
}

// posted is the broadcast of a message.
func posted(message string) string {
	return `{"event":"new_message","data":` + message + `}`
}

// config is how Alice joins f.
func (f *fakeRelay) config() client.Config {
	return client.Config{URL: "http://relay.example", Identity: alice, Key: testKey, HTTPClient: f.client}
}

// open opens a session that is closed with the test.
func (f *fakeRelay) open(cfg client.Config) *client.Session {
	f.t.Helper()
	s, err := client.Open(f.t.Context(), cfg)
	if err != nil {
		f.t.Fatalf("open: %v", err)
	}
	f.t.Cleanup(s.Close)
	return s
}

// next takes the next event, which must be an E.
func next[E client.Event](t *testing.T, s *client.Session) E {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	event, err := s.Next(ctx)
	e, ok := event.(E)
	if !ok {
		t.Fatalf("next event is %T (%v), want %T", event, err, e)
	}
	return e
}

// wantEnd takes events until the session has ended, as want.
func wantEnd(t *testing.T, s *client.Session, want error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for {
		if _, err := s.Next(ctx); err != nil {
			if !errors.Is(err, want) {
				t.Errorf("the session ended with %v, want %v", err, want)
			}
			return
		}
	}
}

// bubble runs f in a synctest bubble.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// opened returns the text of a send or edit.
func opened(t *testing.T, key *client.Key, f frame) string {
	t.Helper()
	decode := func(name string) []byte {
		text, _ := f.data(name).(string)
		b, _ := base64.StdEncoding.DecodeString(text)
		return b
	}
	text, err := key.Open(client.Sealed{IV: [wire.IVSize]byte(decode("iv")), Ciphertext: decode("ciphertext")})
	if err != nil {
		t.Errorf("the client sealed with another key: %v", err)
	}
	return string(text)
}
