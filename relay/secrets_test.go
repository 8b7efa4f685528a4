package relay_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sotto/relay"
)

// canary is something that must not be seen anywhere, as bytes and as it is
// written on the wire.
type canary struct {
	what string
	raw  []byte
	text string
}

// forms are all the ways in which a canary might show.
func (c canary) forms() []string {
	forms := []string{strings.Trim(fmt.Sprint(c.raw), "[]")}
	for _, b := range [][]byte{c.raw, []byte(c.text)} {
		escaped, err := json.Marshal(string(b))
		if err != nil {
			panic(err)
		}
		forms = append(forms, string(b), string(escaped[1:len(escaped)-1]), hex.EncodeToString(b), fmt.Sprintf("% x", b))
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			// Wherever it stands in what is encoded, some of it shows: the first
			// and last digits mix with what is before and behind.
			for shift := range 3 {
				all := enc.EncodeToString(append(make([]byte, shift), b...))
				forms = append(forms, all[4:len(all)-2])
			}
		}
	}
	return forms
}

// window is how much of a canary must show to be found.
const window = 10

// traces returns the canaries that show in text, whatever the case, if only in
// part.
func traces(text string, canaries []canary) (found []string) {
	text = strings.ToLower(text)
	windows := make(map[string]bool)
	for i := range len(text) - window + 1 {
		windows[text[i:i+window]] = true
	}
	for _, c := range canaries {
		for _, form := range c.forms() {
			form = strings.ToLower(form)
			if len(form) < window && strings.Contains(text, form) {
				found = append(found, fmt.Sprintf("%s: %q", c.what, form))
			}
			for i := range max(0, len(form)-window+1) {
				if windows[form[i:i+window]] {
					found = append(found, fmt.Sprintf("%s: %q", c.what, form[i:i+window]))
					break
				}
			}
		}
	}
	return found
}

// logLines is where a logger writes.
type logLines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func hashCanary(what, name string) canary {
	text := hash(name)
	raw, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return canary{what, raw, text}
}

func textCanary(what, text string) canary { return canary{what, []byte(text), text} }

// The search itself finds what it is for.
func TestCanariesAreFound(t *testing.T) {
	c := hashCanary("hash", "room")
	escaped, err := json.Marshal(string(c.raw))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"as sent":                   "x" + c.text + "x",
		"the first digits":          "x" + c.text[:12] + "x",
		"the last digits":           "x" + c.text[52:] + "x",
		"in upper case":             strings.ToUpper(c.text),
		"as bytes":                  "x" + string(c.raw),
		"as bytes in JSON":          string(escaped),
		"as numbers":                fmt.Sprint("x", c.raw),
		"in base64":                 base64.StdEncoding.EncodeToString(c.raw),
		"inside of base64":          base64.StdEncoding.EncodeToString([]byte("ab" + string(c.raw) + "cd")),
		"inside of base64 for URLs": base64.URLEncoding.EncodeToString([]byte("a" + c.text + "cd")),
		"as hex of hex":             hex.EncodeToString([]byte(c.text)),
	} {
		if len(traces("before "+text+" behind", []canary{c})) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
	if found := traces("before "+hash("another room")+" behind", []canary{c}); found != nil {
		t.Errorf("found where there is none: %s", found)
	}
}

// A conversation in which everything happens leaves no trace in logs of any
// level, in metrics or in the headers of answers.
func TestNoSecretInLogsOrMetrics(t *testing.T) {
	var logs logLines
	const ip = "203.0.113.213"
	cfg := relay.Config{
		Logger:      zerolog.New(&logs).Level(zerolog.TraceLevel).With().Timestamp().Logger(),
		UpgradeRate: 40, CreateRate: 2, MaxRooms: 1, MaxConns: 30,
		AllowedOrigins: []string{"https://canary-origin.example"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		Admit: func(r *http.Request) error {
			if r.URL.Query().Get("key") == "canary-bad-key" {
				return errors.New("canary-admit-error")
			}
			return nil
		},
	}
	secret := "canary-plaintext-under-seal"
	sealedSecret := base64.StdEncoding.EncodeToString([]byte(secret))
	hello := base64.StdEncoding.EncodeToString([]byte("canary-hello-of-a-page"))
	canaries := []canary{
		hashCanary("room hash", "room"), hashCanary("other room hash", "other"),
		hashCanary("access hash", "ann's access"), hashCanary("access hash", "ben's access"),
		hashCanary("guessed access hash", "mole's access"),
		hashCanary("sender hash", "ann's sender"), hashCanary("sender hash", "ben's sender"),
		hashCanary("pairing hash", "ref"), hashCanary("guessed token", "guess"),
		textCanary("ciphertext", secret), textCanary("its base64", sealedSecret),
		textCanary("hello", "canary-hello-of-a-page"), textCanary("its base64", hello),
		textCanary("iv", "canary-iv-12"), textCanary("ref", "canary-ref-of-a-request"),
		hashCanary("nonce", "nonce"),
		textCanary("unknown field", "canary-unknown-field"), textCanary("event", "canary-event"),
		textCanary("origin", "canary-origin.example"), textCanary("user agent", "canary-user-agent/1.0"),
		textCanary("cookie", "canary-cookie"), textCanary("query", "canary-query-string"),
		textCanary("key", "canary-bad-key"), textCanary("admission error", "canary-admit-error"),
		textCanary("path", "canary-of-a-path"), textCanary("address", ip), textCanary("address", "192.0.2.213"), textCanary("proxy address", "198.51.100.1"),
		textCanary("host", "relay.test"), textCanary("close reason", "canary-close-reason"),
	}
	var metrics, headers string
	inWorld(t, cfg, func(t *testing.T, w *world) {
		dump := func(resp *http.Response) {
			text, err := httputil.DumpResponse(resp, false)
			if err != nil {
				t.Fatal(err)
			}
			headers += string(text)
		}
		lines := []string{
			"Origin: https://canary-origin.example", "User-Agent: canary-user-agent/1.0",
			"Cookie: session=canary-cookie", "X-Forwarded-For: " + ip, "Sec-WebSocket-Protocol: canary-event",
		}
		dial := func(name string) *client {
			conn, resp, br := w.upgrade(name, dialOptions{lines: lines, target: roomPath(name) + "?x=canary-query-string"})
			dump(resp)
			if resp.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("upgrade: %s", resp.Status)
			}
			return startClient(t, conn, br, dialOptions{})
		}
		a, b := dial("room"), dial("room")
		first := a.join(ann, "otp_hash", hash("ref"), "ext", 1, "canary-unknown-field", "canary-unknown-field")
		a.event("presence")
		b.refusedFor(b.post("join", ben.joining()), "otp_required")
		b.join(ben, "otp_hash", hash("ref"))
		a.paired()
		a.event("presence")
		for what, key := range map[string]string{"resume token": "resume", "room id": "room_id"} {
			text, _ := first[key].(string)
			canaries = append(canaries, textCanary(what, text))
		}
		a.ok(a.post("hello", object{"hello": hello}))
		b.event("hello")
		b.refusedFor(b.post("hello", object{"hello": hello + "="}), "invalid_encoding")
		a.sayJSON(object{"event": "send_message", "ref": "canary-ref-of-a-request", "data": object{
			"ciphertext": sealedSecret, "iv": base64.StdEncoding.EncodeToString([]byte("canary-iv-12")), "nonce": hash("nonce"),
		}})
		m := a.event("new_message")
		a.ok("canary-ref-of-a-request")
		b.event("new_message")
		id, _ := m["id"].(string)
		canaries = append(canaries, textCanary("message id", id))
		a.ok(a.post("edit_message", message("message_id", id, "ciphertext", sealedSecret)))
		b.post("read_receipt", object{"message_id": id})
		b.post("typing", nil)
		b.post("canary-event", object{"canary-unknown-field": sealedSecret})
		b.say("canary-unknown-field " + hash("room"))
		b.write(frameBytes(finBit|opBinary, []byte(secret)))
		// Everything that is refused.
		c := dial("room")
		c.refusedFor(c.post("typing", object{"x": hash("guess")}), "not_joined")
		for range 12 {
			c.refused(c.post("join", mole.joining("resume", hash("guess"))))
		}
		a.ok(a.post("join", ann.joining("resume", first["resume"])), "message_edited", "message_read", "counterparty_typing")
		// CreateRate, and from another address MaxRooms.
		d := dial("other")
		want(t, "reason", d.refused(d.post("join", ann.joining()))["reason"], any("rate_limited"))
		d = w.dialWith("other", dialOptions{from: netip.MustParseAddr("192.0.2.213")})
		want(t, "reason", d.refused(d.post("join", ann.joining()))["reason"], any("rate_limited"))
		for _, h := range []http.Header{
			upgradeHeader("Origin", "https://evil.canary-origin.example"),
			upgradeHeader("Sec-Websocket-Key", "canary-cookie"),
			upgradeHeader("User-Agent", "canary-user-agent/1.0", "X-Forwarded-For", ip, "Cookie", "canary-cookie"),
		} {
			for _, target := range []string{
				roomPath("room") + "?key=canary-bad-key", "/api/room/" + hash("room") + "/exists?key=canary-bad-key",
				"/canary-of-a-path", "/room/canary-of-a-path/ws", "/api/config", "/healthz",
			} {
				resp, body := w.request("GET", target, h)
				dump(resp)
				headers += body
			}
		}
		for range 60 { // UpgradeRate and MaxConns
			conn, resp, _ := w.upgrade("room", dialOptions{lines: lines[1:4]})
			dump(resp)
			if resp.StatusCode == http.StatusSwitchingProtocols {
				defer func() { _ = conn.Close() }()
			}
		}
		c.sendClose(append([]byte{0x13, 0x88}, "canary-close-reason"...))
		b.write(frameHeader(finBit|opText, 1<<40)) // dies by 1009 below
		b.write(bytes.Repeat([]byte(secret), 2000))
		time.Sleep(time.Second)
		a.ok(a.post("expire_room", nil))
		time.Sleep(time.Second)
		metrics = metricsText(t, w.registry)
	})
	for where, text := range map[string]string{"log": logs.String(), "metrics": metrics, "headers": headers} {
		for _, trace := range traces(text, canaries) {
			t.Errorf("%s: there is the %s", where, trace)
		}
	}

	// What was logged is there at all, and holds nothing that might be a hash.
	for _, line := range []string{"socket opened", "socket closed", "refusing newcomers at a limit"} {
		if !strings.Contains(logs.String(), line) {
			t.Errorf("the log lacks %q", line)
		}
	}
	long := regexp.MustCompile(`[A-Za-z0-9+/]{40,}`)
	if run := long.FindString(logs.String()); run != "" {
		t.Errorf("the log has a run of %d characters: %q", len(run), run)
	}
	if run := long.FindString(metrics); run != "" {
		t.Errorf("the metrics have a run of %d characters: %q", len(run), run)
	}
	for _, limit := range []string{"upgrade", "create", "rooms", "conns"} {
		if !strings.Contains(logs.String(), `"limit":"`+limit+`"`) {
			t.Errorf("the limit %s was not hit: the test is not what it says", limit)
		}
	}
}
