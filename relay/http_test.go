package relay_test

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
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

func TestHTTP_RoomWithoutUpgrade(t *testing.T) {
	h := hash("room")
	for name, tt := range map[string]struct {
		path   string
		header http.Header
		status int
		body   string
	}{
		"good hash":               {"/room/" + h + "/ws", nil, 426, `{"error":"upgrade_required"}`},
		"another upgrade":         {"/room/" + h + "/ws", http.Header{"Connection": {"Upgrade"}, "Upgrade": {"h2c"}}, 426, `{"error":"upgrade_required"}`},
		"short hash":              {"/room/" + h[1:] + "/ws", nil, 400, `{"error":"invalid_room"}`},
		"long hash":               {"/room/" + h + "0/ws", nil, 400, `{"error":"invalid_room"}`},
		"empty hash":              {"/room//ws", nil, 400, `{"error":"invalid_room"}`},
		"no hash":                 {"/room/ws", nil, 400, `{"error":"invalid_room"}`},
		"upper case":              {"/room/" + strings.ToUpper(h) + "/ws", nil, 400, `{"error":"invalid_room"}`},
		"not hex":                 {"/room/g" + h[1:] + "/ws", nil, 400, `{"error":"invalid_room"}`},
		"slash inside":            {"/room/" + h[:31] + "/" + h[32:] + "/ws", nil, 400, `{"error":"invalid_room"}`},
		"malformed, with upgrade": {"/room/" + h[1:] + "/ws", upgradeHeader(), 400, `{"error":"invalid_room"}`},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				resp, body := w.request("GET", tt.path, tt.header)
				want(t, "status", resp.StatusCode, tt.status)
				want(t, "body", body, tt.body)
				if tt.status == http.StatusUpgradeRequired {
					want(t, "Upgrade", resp.Header.Get("Upgrade"), "websocket")
				}
			})
		})
	}
}

// What the WebSocket library would answer quotes the request; the relay says
// it in its own words.
func TestHTTP_BadHandshake(t *testing.T) {
	for name, tt := range map[string]struct {
		edit   func(request string) string
		status int
	}{
		"old version":    {replace("Version: 13", "Version: 8; canary"), 400},
		"no version":     {replace("Sec-WebSocket-Version: 13\r\n", ""), 400},
		"no key":         {replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400},
		"two keys":       {replace("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key"), 400},
		"key not base64": {replace("dGhlIHNhbXBsZSBub25jZQ==", "canary"), 400},
		"key too short":  {replace("dGhlIHNhbXBsZSBub25jZQ==", "Y2FuYXJ5"), 400},
		"HTTP/1.0":       {replace("HTTP/1.1", "HTTP/1.0"), 426},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				conn := w.connect(0)
				resp := exchange(t, conn, tt.edit(handshakeText(roomPath("room"))))
				want(t, "status", resp.StatusCode, tt.status)
				if tt.status == http.StatusBadRequest {
					want(t, "Sec-WebSocket-Version", resp.Header.Get("Sec-WebSocket-Version"), "13")
				}
				wantSecurityHeaders(t, resp)
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				var answer struct {
					Error string `json:"error"`
				}
				if err := json.Unmarshal(body, &answer); err != nil {
					t.Fatalf("body is not JSON: %v", err)
				}
				wanted := "bad_handshake"
				if tt.status == http.StatusUpgradeRequired {
					wanted = "upgrade_required"
				}
				want(t, "error", answer.Error, wanted)
				wantNoEcho(t, resp, string(body))
			})
		})
	}
}

func replace(old, with string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, with, 1) }
}

func TestHTTP_Exists(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		exists := func(name string) string {
			t.Helper()
			resp, body := w.request("GET", "/api/room/"+hash(name)+"/exists", nil)
			want(t, "status", resp.StatusCode, 200)
			want(t, "Cache-Control", resp.Header.Get("Cache-Control"), "no-store")
			want(t, "Content-Type", resp.Header.Get("Content-Type"), "application/json")
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
		want(t, "at its end", exists("room"), `{"exists":false}`)

		h := hash("room")
		for _, bad := range []string{h[1:], h + "0", strings.ToUpper(h), "", "x/y"} {
			resp, body := w.request("GET", "/api/room/"+bad+"/exists", nil)
			want(t, "status", resp.StatusCode, 400)
			want(t, "body", body, `{"error":"invalid_room_hash"}`)
		}
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

func TestHTTP_Healthz(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		resp, body := w.request("GET", "/healthz", nil)
		want(t, "status", resp.StatusCode, 200)
		want(t, "body", body, "ok")
		want(t, "Content-Type", resp.Header.Get("Content-Type"), "text/plain; charset=utf-8")
	})
}

func TestHTTP_Methods(t *testing.T) {
	room := roomPath("room")
	exists := "/api/room/" + hash("room") + "/exists"
	for name, tt := range map[string]struct {
		method, path, allow string
	}{
		"HEAD room":     {"HEAD", room, "GET"},
		"POST room":     {"POST", room, "GET"},
		"POST exists":   {"POST", exists, "GET, HEAD"},
		"DELETE config": {"DELETE", "/api/config", "GET, HEAD"},
		"PUT healthz":   {"PUT", "/healthz", "GET, HEAD"},
		"OPTIONS room":  {"OPTIONS", room, "GET"},
		"odd method":    {"CANARY", exists, "GET, HEAD"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				resp, body := w.request(tt.method, tt.path, upgradeHeader())
				want(t, "status", resp.StatusCode, 405)
				want(t, "Allow", resp.Header.Get("Allow"), tt.allow)
				wantSecurityHeaders(t, resp)
				if tt.method == "HEAD" {
					want(t, "body", body, "")
				} else {
					want(t, "body", body, `{"error":"method_not_allowed"}`)
				}
			})
		})
	}
	inWorld(t, unlimited, func(t *testing.T, w *world) {
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

func TestHTTP_PathTricks(t *testing.T) {
	h := hash("room")
	for name, tt := range map[string]struct {
		path   string
		status int
	}{
		"double slash":          {"//room/" + h + "/ws", 404},
		"double slash inside":   {"/room//" + h + "/ws", 400},
		"escaped slash":         {"/room%2f" + h + "/ws", 404},
		"escaped digit":         {"/room/%" + hexOf(h[0]) + h[1:] + "/ws", 404},
		"escaped dot":           {"/%2e/room/" + h + "/ws", 404},
		"dots":                  {"/x/../room/" + h + "/ws", 404},
		"upper-case route":      {"/ROOM/" + h + "/ws", 404},
		"trailing slash":        {"/room/" + h + "/ws/", 404},
		"trailing slash exists": {"/api/room/" + h + "/exists/", 404},
		"matrix parameter":      {"/room/" + h + ";a=b/ws", 400},
		"full-width digit":      {"/room/%EF%BC%91" + h[1:] + "/ws", 400},
		"arabic digits":         {"/room/" + strings.Repeat("%D9%A1", 64) + "/ws", 400},
		"nothing but prefix":    {"/room/", 404},
		"room of api":           {"/api/room/" + h + "/ws", 404},
		"query":                 {"/room/" + h + "/ws?x=" + hash("canary"), 426},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				resp := exchange(t, w.connect(0), "GET "+tt.path+" HTTP/1.1\r\nHost: relay.test\r\n\r\n")
				want(t, "status", resp.StatusCode, tt.status)
				wantSecurityHeaders(t, resp)
			})
		})
	}
}

func hexOf(b byte) string {
	const digits = "0123456789ABCDEF"
	return string([]byte{digits[b>>4], digits[b&15]})
}

// A browser names the page that opens a socket. Only the relay's own pages and
// those of the configuration may.
func TestHTTP_Origin(t *testing.T) {
	cfg := unlimited
	cfg.AllowedOrigins = []string{"https://notes.example", "http://localhost:5173"}
	inWorld(t, cfg, func(t *testing.T, w *world) {
		for origin, status := range map[string]int{
			"":                               101, // not from a page
			"http://relay.test":              101,
			"https://relay.test":             101, // TLS may end before us
			"https://RELAY.test":             101,
			"https://notes.example":          101,
			"http://localhost:5173":          101,
			"http://notes.example":           403,
			"https://notes.example:444":      403,
			"https://notes.example.evil":     403,
			"https://relay.test.evil":        403,
			"https://relay.test:8443":        403,
			"https://evil.test/relay.test":   403,
			"https://relay.test@evil.test":   403,
			"https://evil.test":              403,
			"null":                           403,
			"relay.test":                     403,
			"://":                            403,
			"http://localhost":               403,
			"https://canary.test/%zz canary": 403,
		} {
			lines := []string{"Origin: " + origin}
			if origin == "" {
				lines = nil
			}
			conn, resp, _ := w.upgrade("room", dialOptions{lines: lines})
			if resp.StatusCode != status {
				t.Errorf("Origin %q is answered %d; want %d", origin, resp.StatusCode, status)
			}
			if status == 403 {
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				want(t, "body", string(body), `{"error":"forbidden"}`)
				wantNoEcho(t, resp, string(body))
			}
			_ = conn.Close()
		}
		want(t, "refused", w.metric("sotto_upgrades_refused_total", "origin"), 13.0)
	})
}

// An http page may not talk to a relay that speaks https, on its own or behind
// a proxy that says so.
func TestHTTP_OriginsScheme(t *testing.T) {
	rl, err := relay.New(relay.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rl.Close() }()
	const proxy, client = "10.0.0.1:1", "192.0.2.1:1"
	for name, tt := range map[string]struct {
		tls    bool
		peer   string
		proto  []string
		origin string
		status int
	}{
		"https to https":                    {true, client, nil, "https://relay.test", 200},
		"http to https":                     {true, client, nil, "http://relay.test", 403},
		"http to http":                      {false, client, nil, "http://relay.test", 200},
		"https to a proxy that says it":     {false, proxy, []string{"https"}, "https://relay.test", 200},
		"http to a proxy of https":          {false, proxy, []string{"https"}, "http://relay.test", 403},
		"the nearest proxy decides":         {false, proxy, []string{"http", "http, HTTPS"}, "http://relay.test", 403},
		"http to a proxy of http":           {false, proxy, []string{"https, http"}, "http://relay.test", 200},
		"a proxy that does not say":         {false, proxy, nil, "http://relay.test", 200},
		"a client is not believed":          {false, client, []string{"https"}, "http://relay.test", 200},
		"https to a proxy that is not ours": {false, client, nil, "https://relay.test", 200},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "http://relay.test/api/config", http.NoBody)
		r.RemoteAddr = tt.peer
		r.Header = http.Header{"Origin": {tt.origin}, "X-Forwarded-Proto": tt.proto}
		if tt.tls {
			r.TLS = new(tls.ConnectionState)
		}
		w := httptest.NewRecorder()
		rl.ServeHTTP(w, r)
		want(t, name, w.Code, tt.status)
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
		"a bad line":      {"canary\r\n\r\n", 400, "400 Bad Request"},
		"a huge header":   {ask("/", "Host: relay.test", "X: "+strings.Repeat("canary", 1<<19)), 431, "431 Request Header Fields Too Large"},
		"odd encoding":    {ask("/", "Host: relay.test", "Transfer-Encoding: canary"), 501, "Unsupported transfer encoding"},
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

func TestHTTP_SecurityHeaders(t *testing.T) {
	cfg := unlimited
	cfg.Admit = func(r *http.Request) error {
		if r.Header.Get("X-Banned") != "" {
			return io.EOF
		}
		return nil
	}
	exists := "/api/room/" + hash("room") + "/exists"
	for name, tt := range map[string]struct {
		method, path string
		header       http.Header
		status       int
	}{
		"exists":           {"GET", exists, nil, 200},
		"exists malformed": {"GET", "/api/room/x/exists", nil, 400},
		"exists refused":   {"GET", exists, http.Header{"X-Banned": {"1"}}, 403},
		"config":           {"GET", "/api/config", nil, 200},
		"healthz":          {"GET", "/healthz", nil, 200},
		"method":           {"POST", "/api/config", nil, 405},
		"no upgrade":       {"GET", roomPath("room"), nil, 426},
		"malformed":        {"GET", "/room/x/ws", nil, 400},
		"nothing there":    {"GET", "/canary", nil, 404},
		"origin":           {"GET", roomPath("room"), upgradeHeader("Origin", "https://canary.test"), 403},
		"admission":        {"GET", roomPath("room"), upgradeHeader("X-Banned", "1"), 403},
		"handshake":        {"GET", roomPath("room"), upgradeHeader("Sec-Websocket-Version", "8"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, cfg, func(t *testing.T, w *world) {
				resp, body := w.request(tt.method, tt.path, tt.header)
				want(t, "status", resp.StatusCode, tt.status)
				wantSecurityHeaders(t, resp)
				wantNoEcho(t, resp, body)
			})
		})
	}
}
