package relay_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sotto/relay"
)

// upgradeHeader asks for a socket.
func upgradeHeader(more ...string) http.Header {
	h := http.Header{
		"Connection":            {"Upgrade"},
		"Upgrade":               {"websocket"},
		"Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key":     {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	for i := 0; i+1 < len(more); i += 2 {
		h[more[i]] = []string{more[i+1]}
	}
	return h
}

// What is answered, refusals above all: in the relay's own words, with all
// headers, and without a word of the request.
func TestHTTP(t *testing.T) {
	cfg := unlimited
	cfg.Admit = func(r *http.Request) error {
		if r.Header.Get("X-Banned") != "" {
			return io.EOF
		}
		return nil
	}
	h := hash("room")
	room, exists := "/room/"+h+"/ws", "/api/room/"+h+"/exists"
	shake := handshakeText(room)
	edit := func(old, with string) string { return strings.Replace(shake, old, with, 1) }
	inWorld(t, cfg, func(t *testing.T, w *world) {
		for name, tt := range map[string]struct {
			request string // a line of "METHOD path", or all of it
			status  int
			body    string // the reason of an error
			also    string // a header
		}{
			"exists":  {"GET " + exists, 200, `{"exists":false}`, "Content-Type: application/json"},
			"healthz": {"GET /healthz", 200, "ok", "Content-Type: text/plain; charset=utf-8"},

			"good hash":               {"GET " + room, 426, "upgrade_required", "Upgrade: websocket"},
			"query":                   {"GET " + room + "?x=canary", 426, "upgrade_required", ""},
			"another upgrade":         {edit("websocket", "h2c"), 426, "upgrade_required", "Upgrade: websocket"},
			"short hash":              {"GET /room/" + h[1:] + "/ws", 400, "invalid_room", ""},
			"empty hash":              {"GET /room//ws", 400, "invalid_room", ""},
			"no hash":                 {"GET /room/ws", 400, "invalid_room", ""},
			"upper case":              {"GET /room/" + strings.ToUpper(h) + "/ws", 400, "invalid_room", ""},
			"slash inside":            {"GET /room/" + h[:31] + "/" + h[32:] + "/ws", 400, "invalid_room", ""},
			"double slash inside":     {"GET /room//" + h + "/ws", 400, "invalid_room", ""},
			"matrix parameter":        {"GET /room/" + h + ";a=b/ws", 400, "invalid_room", ""},
			"arabic digits":           {"GET /room/" + strings.Repeat("%D9%A1", 64) + "/ws", 400, "invalid_room", ""},
			"malformed, with upgrade": {edit(h, h[1:]), 400, "invalid_room", ""},
			"exists, malformed":       {"GET /api/room/x/exists", 400, "invalid_room_hash", ""},
			"exists, long":            {"GET /api/room/" + h + "0/exists", 400, "invalid_room_hash", ""},
			"exists, slash inside":    {"GET /api/room/x/y/exists", 400, "invalid_room_hash", ""},

			"double slash":       {"GET /" + room, 404, "not_found", ""},
			"escaped slash":      {"GET /room%2f" + h + "/ws", 404, "not_found", ""},
			"escaped digit":      {"GET /room/%30" + h[1:] + "/ws", 404, "not_found", ""},
			"dots":               {"GET /x/.." + room, 404, "not_found", ""},
			"upper-case route":   {"GET /ROOM/" + h + "/ws", 404, "not_found", ""},
			"trailing slash":     {"GET " + room + "/", 404, "not_found", ""},
			"nothing but prefix": {"GET /room/", 404, "not_found", ""},
			"room of api":        {"GET /api" + room, 404, "not_found", ""},
			"nothing there":      {"GET /canary", 404, "not_found", ""},

			"POST room":     {"POST " + room, 405, "method_not_allowed", "Allow: GET"},
			"OPTIONS room":  {"OPTIONS " + room, 405, "method_not_allowed", "Allow: GET"},
			"odd method":    {"CANARY " + exists, 405, "method_not_allowed", "Allow: GET, HEAD"},
			"DELETE config": {"DELETE /api/config", 405, "method_not_allowed", "Allow: GET, HEAD"},
			"PUT healthz":   {"PUT /healthz", 405, "method_not_allowed", "Allow: GET, HEAD"},

			"old version":    {edit("Version: 13", "Version: 8; canary"), 400, "bad_handshake", "Sec-Websocket-Version: 13"},
			"no key":         {edit("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400, "bad_handshake", ""},
			"two keys":       {edit("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key"), 400, "bad_handshake", ""},
			"key not base64": {edit("dGhlIHNhbXBsZSBub25jZQ==", "canary"), 400, "bad_handshake", ""},
			"HTTP/1.0":       {edit("HTTP/1.1", "HTTP/1.0"), 426, "upgrade_required", ""},

			"origin":            {edit("Upgrade:", "Origin: https://canary.test\r\nUpgrade:"), 403, "forbidden", ""},
			"admission":         {edit("Upgrade:", "X-Banned: canary\r\nUpgrade:"), 403, "forbidden", ""},
			"admission, exists": {"GET " + exists + " HTTP/1.1\r\nHost: relay.test\r\nX-Banned: canary\r\n\r\n", 403, "forbidden", ""},
		} {
			request := tt.request
			if !strings.HasSuffix(request, "\r\n\r\n") {
				request += " HTTP/1.1\r\nHost: relay.test\r\n\r\n"
			}
			resp := exchange(t, w.connect(0), request)
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if tt.status >= 400 {
				tt.body = `{"error":"` + tt.body + `"}`
			}
			want(t, name+": status", resp.StatusCode, tt.status)
			want(t, name+": body", string(body), tt.body)
			if header, value, ok := strings.Cut(tt.also, ": "); ok {
				want(t, name+": "+header, resp.Header.Get(header), value)
			}
			wantSecurityHeaders(t, resp)
			wantNoEcho(t, resp, string(body))
		}
		for reason, n := range map[string]float64{"protocol": 5, "origin": 1, "admit": 2} {
			want(t, reason, w.metric("sotto_upgrades_refused_total", reason), n)
		}
		for _, path := range []string{exists, "/api/config", "/healthz"} {
			get, body := w.request("GET", path, nil)
			head, none := w.request("HEAD", path, nil)
			want(t, "status of HEAD", head.StatusCode, 200)
			want(t, "body of HEAD", none, "")
			want(t, "length of HEAD", head.ContentLength, int64(len(body)))
			get.Header.Del("Date")
			head.Header.Del("Date")
			want(t, "headers of HEAD", head.Header, get.Header)
		}
	})
}

func TestHTTP_RoomUpgrade(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		_, resp, _ := w.upgrade("room", dialOptions{lines: []string{
			"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
			"Sec-WebSocket-Protocol: chat",
		}})
		want(t, "status", resp.StatusCode, http.StatusSwitchingProtocols)
		want(t, "accept", resp.Header.Get("Sec-WebSocket-Accept"), acceptOfKey)
		for _, name := range []string{"Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"} {
			want(t, name, resp.Header.Values(name), []string(nil))
		}
	})
}

func TestHTTP_Exists(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		exists := func(name string) string {
			t.Helper()
			resp, body := w.request("GET", "/api/room/"+hash(name)+"/exists", nil)
			want(t, "status", resp.StatusCode, 200)
			wantSecurityHeaders(t, resp)
			return body
		}
		want(t, "before", exists("room"), `{"exists":false}`)
		c := w.dial("room")
		want(t, "with a socket, unjoined", exists("room"), `{"exists":false}`)
		c.join(ann)
		want(t, "joined", exists("room"), `{"exists":true}`)
		want(t, "another room", exists("other"), `{"exists":false}`)
		c.leave()
		want(t, "left", exists("room"), `{"exists":true}`)
		time.Sleep(24 * time.Hour)
		synctest.Wait() // the room's own alarm rings at the same instant
		want(t, "at its end", exists("room"), `{"exists":false}`)
	})
}

func TestHTTP_Config(t *testing.T) {
	for name, tt := range map[string]struct {
		cfg  relay.Config
		body string
	}{
		"default": {relay.Config{}, `{"monetization_enabled":false,"free_ttl_days":7,"paid_ttl_days":7,"price_cents":0,` +
			`"currency":"USD","cf_country":"","room_ttl_seconds":604800,"max_ciphertext_bytes":8192,"max_large_bytes":65536,"protocols":["sTELgano-std-1","sotto-2"]}`},
		"own figures": {relay.Config{RoomTTL: 36 * time.Hour, MaxCiphertextBytes: 1024}, `{"monetization_enabled":false,` +
			`"free_ttl_days":2,"paid_ttl_days":2,"price_cents":0,"currency":"USD","cf_country":"","room_ttl_seconds":129600,` +
			`"max_ciphertext_bytes":1024,"max_large_bytes":1024,"protocols":["sTELgano-std-1"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tt.cfg, func(t *testing.T, w *world) {
				resp, body := w.request("GET", "/api/config", nil)
				want(t, "status", resp.StatusCode, 200)
				want(t, "Content-Type", resp.Header.Get("Content-Type"), "application/json")
				want(t, "body", body, tt.body)
			})
		})
	}
}

// What net/http answers before any handler sees the request has no security
// headers, and can't get any. It is a fixed plain text that repeats nothing, and
// the connection ends with it.
func TestHTTP_AnswersOfTheServer(t *testing.T) {
	for name, tt := range map[string]struct {
		request string
		status  int
		body    string
	}{
		"no host":         {ask("/canary"), 400, "400 Bad Request: missing required Host header"},
		"a huge header":   {ask("/", "Host: relay.test", "X: "+strings.Repeat("canary", 1<<19)), 431, "431 Request Header Fields Too Large"},
		"another version": {"GET / HTTP/3.0\r\nHost: relay.test\r\n\r\n", 505, "505 HTTP Version Not Supported: unsupported protocol version"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				conn := w.connect(0)
				go func() { _, _ = io.WriteString(conn, tt.request) }() // it is not all read
				resp := answerOn(t, conn)
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				want(t, "status", resp.StatusCode, tt.status)
				want(t, "body", string(body), tt.body)
				want(t, "close", resp.Close, true)
				resp.Header.Del("Content-Type")
				want(t, "headers but for the type and close", len(resp.Header), 0)
				time.Sleep(time.Second) // net/http lets the answer arrive before it closes
			})
		})
	}
}
