package client_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto/client"
	"sotto/internal/vectors"
	"sotto/wire"
)

func TestOpen(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*client.Config)
		want   frame // of the join's data; nil: absent
	}{
		"defaults": {func(*client.Config) {}, frame{"intent": nil, "otp_hash": nil, "ext": nil, "room_id": nil, "resume": nil}},
		"enter":    {func(c *client.Config) { c.Intent = wire.IntentEnter }, frame{"intent": "enter"}},
		"presence": {func(c *client.Config) { c.Presence = true }, frame{"ext": 1.0}},
		"code": {
			func(c *client.Config) { c.Code, _ = client.ParsePairingCode("P2K4-9H7M") },
			frame{"otp_hash": "0dc598ee785bee1b860406516fe243b76c2e034619c918ad1c70cf074dace9d9"},
		},
		"prefix": {func(c *client.Config) { c.URL += "/private/" }, frame{"intent": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				joins := make(chan frame, 1)
				f := fake(t, script(t, func(p *peer) {
					p.send(`{"ref":"other","error":{"reason":"not_found"}}`)
					p.send(`%s`, posted(message(6, bob, "too early", "")))
					p.letIn(roomA, tokenA, message(7, bob, "hello", ""))
					joins <- p.join
					p.drain()
				}))
				cfg := f.config()
				test.change(&cfg)
				s := f.open(cfg)
				join := <-joins
				for key, want := range test.want {
					if got := join.data(key); got != want {
						t.Errorf("%s is %v, want %v", key, got, want)
					}
				}
				if join.data("access_hash") != alice.Access().Reveal() || join.data("sender_hash") != alice.Sender().Reveal() {
					t.Error("the join has other hashes than the identity")
				}
				state := next[client.State](t, s)
				if m := state.Message; m == nil || m.Text != "hello" || m.Mine || m.ID != messageID(7) || !m.ReadAt.IsZero() ||
					!m.SentAt.Equal(time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)) {
					t.Error("the state has another message")
				}
				if !state.TTLExpiresAt.Equal(time.Date(2026, 6, 8, 10, 0, 0, 0, time.UTC)) || state.AwaitingParty {
					t.Error("the state has another TTL or seat")
				}
				seen := f.dials()[0]
				want := "/room/" + alice.Room().Reveal() + "/ws"
				if name == "prefix" {
					want = "/private" + want
				}
				if seen.path != want {
					t.Errorf("dialled %s", seen.path)
				}
				if seen.header.Get("User-Agent") != "" {
					t.Errorf("sends User-Agent %s", seen.header.Get("User-Agent"))
				}
			})
		})
	}
}

// What is sealed with the room_hash opens, and what is sealed with the room_id.
// The session itself seals with the room_hash. That key was computed with Python's
// hashlib.
func TestKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		v := vectors.Std1()[0]
		older, err := hex.DecodeString(v.EncKey)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := hex.DecodeString("cf3e9a0c9070e17aff611db0f9b19909227b261e9ceb80c5f5aae65a48d09a06")
		if err != nil {
			t.Fatal(err)
		}
		id, err := client.Derive(v.Phone, v.PIN)
		if err != nil {
			t.Fatal(err)
		}
		key, sealed := client.NewKey(raw), client.NewKey(older).Seal([]byte("hello"))
		f := fake(t, script(t, func(p *peer) {
			p.letIn(v.RoomID, tokenA, sealedMessage(1, bob, b64(sealed.Ciphertext), b64(sealed.IV[:]), ""))
			p.send(`%s`, posted(message(2, bob, "sealed with another key", "")))
			for n, text := range []string{"no text \xff", "hello again"} {
				sealed = key.Seal([]byte(text))
				p.send(`%s`, posted(sealedMessage(3+n, bob, b64(sealed.Ciphertext), b64(sealed.IV[:]), "")))
			}
			send := p.expect("send_message")
			if opened(t, key, send) != "an answer" {
				t.Error("the session sent another text")
			}
			p.took(send, 5)
			p.drain()
		}))
		cfg := f.config()
		cfg.Key, cfg.Identity = nil, id
		s := f.open(cfg)
		if m := next[client.State](t, s).Message; m.Unreadable || m.Text != "hello" {
			t.Error("the session has another key")
		}
		for _, what := range []string{"a message of another key", "a message that is no text"} {
			if m := next[client.NewMessage](t, s).Message; !m.Unreadable || m.Text != "" {
				t.Errorf("%s is readable", what)
			}
		}
		if m := next[client.NewMessage](t, s).Message; m.Text != "hello again" {
			t.Error("the session does not open what is sealed with the room_hash")
		}
		if _, err := s.Send(t.Context(), "an answer"); err != nil {
			t.Error(err)
		}
	})
}

func TestOpenRefused(t *testing.T) {
	status := func(code int, header ...string) handler {
		return func(_ int, w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	refuse := func(body string) func(*testing.T) handler {
		return func(t *testing.T) handler {
			return script(t, func(p *peer) {
				p.answer(p.expect("join"), `"error":{%s}`, body)
				p.drain()
			})
		}
	}
	closed := func(code int) func(*testing.T) handler {
		return func(t *testing.T) handler {
			return script(t, func(p *peer) { p.expect("join"); p.close(code) })
		}
	}
	const strange = "0417ce1c20d654587bb311ad6632ff8bf9967ade392b25a82cb996b91e71bf07"
	for name, test := range map[string]struct {
		handler func(*testing.T) handler
		is      error
		text    string
	}{
		"not_found":     {refuse(`"reason":"not_found"`), client.ErrNotFound, "client: refused: not_found"},
		"unauthorized":  {refuse(`"reason":"unauthorized","attempts_remaining":8`), client.ErrUnauthorized, "client: refused: unauthorized"},
		"locked":        {refuse(`"reason":"locked","retry_after":1800`), client.ErrLocked, "client: refused: locked"},
		"otp_required":  {refuse(`"reason":"otp_required"`), client.ErrCodeRequired, "client: refused: otp_required"},
		"otp_invalid":   {refuse(`"reason":"otp_invalid"`), client.ErrCodeWrong, "client: refused: otp_invalid"},
		"rate_limited":  {refuse(`"reason":"rate_limited","retry_after":3`), client.ErrRateLimited, "client: refused: rate_limited"},
		"invalid_room":  {refuse(`"reason":"invalid_room"`), nil, "client: refused: invalid_room"},
		"strange":       {refuse(`"reason":"` + strange + `"`), nil, "client: refused for a strange reason"},
		"403":           {func(*testing.T) handler { return status(403) }, nil, "client: relay answered 403 Forbidden"},
		"redirect":      {func(*testing.T) handler { return status(302, "Location", "http://elsewhere.example/") }, nil, "client: relay answered 302 Found"},
		"frame too big": {closed(1009), nil, "client: relay closed the connection: 1009 frame_too_big"},
		"many devices":  {closed(4501), client.ErrTooManyDevices, "client: relay closed the connection: 4501 too_many_devices"},
		"room expired":  {closed(1000), client.ErrRoomExpired, "client: room expired"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := fake(t, test.handler(t))
				_, err := client.Open(t.Context(), f.config())
				if err == nil {
					t.Fatal("no error")
				}
				if test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("%v is not %v", err, test.is)
				}
				if got := strings.TrimPrefix(err.Error(), "open session: "); got != test.text {
					t.Errorf("reads %q, want %q", got, test.text)
				}
				matches := 0
				for _, sentinel := range []error{client.ErrNotFound, client.ErrUnauthorized, client.ErrLocked, client.ErrCodeRequired, client.ErrCodeWrong, client.ErrRateLimited, client.ErrRoomExpired, client.ErrStale, client.ErrTooManyDevices} {
					if errors.Is(err, sentinel) {
						matches++
					}
				}
				if matches > 1 || (matches == 1) != (test.is != nil) {
					t.Errorf("%v is %d sentinels", err, matches)
				}
				if no, ok := errors.AsType[*client.Refusal](err); ok {
					if no.AttemptsRemaining != 0 != (name == "unauthorized") || no.RetryAfter != 0 != (name == "locked" || name == "rate_limited") {
						t.Errorf("attempts %d, retry after %v", no.AttemptsRemaining, no.RetryAfter)
					}
				}
				if n := len(f.dials()); n != 1 {
					t.Errorf("dialled %d times", n)
				}
			})
		})
	}
}

// None of these is an answer: Open tries again and gets in.
func TestOpenTriesAgain(t *testing.T) {
	for name, test := range map[string]struct {
		first func(p *peer) // nil: status
		code  int
		wait  time.Duration // before the second dial, at least
		retry time.Duration // in Disconnected, at least
	}{
		"cut before the answer": {first: func(p *peer) { p.expect("join") }},
		"relay restarts":        {first: func(p *peer) { p.expect("join"); p.close(1012) }},
		"slow consumer":         {first: func(p *peer) { p.close(4000) }},
		"room failed":           {first: func(p *peer) { p.close(4004) }},
		"internal error":        {first: func(p *peer) { p.answer(p.expect("join"), `"error":{"reason":"internal_error"}`); p.drain() }},
		"garbage":               {first: func(p *peer) { p.expect("join"); p.send(`[]`); p.drain() }},
		"ok without a state":    {first: func(p *peer) { p.answer(p.expect("join"), `"ok":{}`); p.drain() }},
		"no answer":             {first: func(p *peer) { p.drain() }, wait: 30 * time.Second},
		"429":                   {code: 429, wait: 42 * time.Second, retry: 42 * time.Second},
		"503":                   {code: 503, wait: 42 * time.Second, retry: 42 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				good := script(t, func(p *peer) {
					p.letIn(roomA, tokenA, "")
					if p.join.data("intent") != nil {
						t.Error("returns to a room it never was in")
					}
					p.drain()
				})
				f := fake(t, func(n int, w http.ResponseWriter, r *http.Request) {
					switch {
					case n > 0:
						good(n, w, r)
					case test.first != nil:
						script(t, test.first)(n, w, r)
					default:
						w.Header().Set("Retry-After", "42")
						w.WriteHeader(test.code)
					}
				})
				start := time.Now()
				s := f.open(f.config())
				if lost := next[client.Disconnected](t, s); lost.Err == nil || lost.Retry < test.retry {
					t.Errorf("disconnected by %v, retry in %v", lost.Err, lost.Retry)
				}
				next[client.State](t, s)
				if took := time.Since(start); took < test.wait || took > test.wait+time.Second {
					t.Errorf("tried again after %v", took)
				}
			})
		})
	}
}

func TestOpenEndsWithContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := fake(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := client.Open(ctx, f.config())
		status, ok := errors.AsType[*client.StatusError](err)
		if !errors.Is(err, context.DeadlineExceeded) || !ok || status.Code != 503 {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

func TestOpenChecksConfig(t *testing.T) {
	for _, url := range []string{"", "relay.example", "ftp://relay.example", "http://", "http://relay.example/?a=b", "http://relay.example/#a", "http://[::1"} {
		if _, err := client.Open(t.Context(), client.Config{URL: url, Identity: alice}); err == nil {
			t.Errorf("takes %q", url)
		}
	}
	for name, cfg := range map[string]client.Config{
		"no identity":   {URL: "http://relay.example"},
		"intent return": {URL: "http://relay.example", Identity: alice, Intent: wire.IntentReturn},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			_, _ = client.Open(t.Context(), cfg)
		}()
	}
}
