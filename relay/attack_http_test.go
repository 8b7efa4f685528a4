package relay_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sotto/relay"
)

// ask is a request for the room's socket without what varies.
func ask(path string, lines ...string) string {
	return "GET " + path + " HTTP/1.1\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// Requests that one server reads as one and the next as two, and bodies where
// none belongs: nothing of them is taken for another request or for frames, and
// the connection ends with the answer.
func TestAttack_Smuggling(t *testing.T) {
	const host = "Host: relay.test"
	inner := ask("/healthz", host)
	room, exists := roomPath("room"), "/api/room/"+hash("room")+"/exists"
	upgrade := func(lines ...string) string { return handshakeText(room, lines...) }
	frame := string(textFrame(`{"event":"join","ref":"1"}`))
	for name, tt := range map[string]struct {
		request string
		status  int
	}{
		"length and chunks":          {ask(exists, host, "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n" + inner, 400},
		"a folded header":            {ask(exists, host, "X: y\r\n Transfer-Encoding: chunked") + inner, 200},
		"a body":                     {ask(exists, host, fmt.Sprint("Content-Length: ", len(inner))) + inner, 400},
		"a chunked body":             {ask(exists, host, "Transfer-Encoding: chunked") + "0\r\n\r\n" + inner, 400},
		"a body of the config":       {ask("/api/config", host, "Content-Length: 1") + "x" + inner, 400},
		"a body of health":           {ask("/healthz", host, "Content-Length: 1") + "x" + inner, 400},
		"an upgrade with a body":     {upgrade(fmt.Sprint("Content-Length: ", len(frame))) + frame, 400},
		"an upgrade with chunks":     {upgrade("Transfer-Encoding: chunked") + "0\r\n\r\n" + frame, 400},
		"HTTP/2, known before":       {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404},
		"HTTP/2 by an upgrade":       {ask(room, host, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__") + inner, 426},
		"CONNECT":                    {"CONNECT relay.test:80 HTTP/1.1\r\n" + host + "\r\n\r\n" + inner, 404},
		"another host in the target": {ask("http://evil.test"+exists, host), 200},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				conn := w.connect(0)
				go func() { _, _ = io.WriteString(conn, tt.request) }() // the relay need not take it all
				br := bufio.NewReader(conn)
				resp, err := http.ReadResponse(br, nil)
				if err != nil {
					t.Fatal(err)
				}
				want(t, "status", resp.StatusCode, tt.status)
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					t.Fatal(err)
				}
				if tt.status >= 400 {
					if rest, err := io.ReadAll(br); err != nil || len(rest) > 0 {
						t.Errorf("the connection went on with %q, %v", rest, err)
					}
				}
				want(t, "connections", w.metric("sotto_connections", ""), 0.0)
				want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)
				time.Sleep(time.Second) // net/http lets the answer arrive before it closes
			})
		})
	}
}

// A request that never ends is answered when enough is known, or ends itself.
func TestAttack_Slowloris(t *testing.T) {
	head := handshakeText(roomPath("room"))
	for name, tt := range map[string]struct {
		first string
		drip  string
		// within how long the connection is gone, or the answer there.
		within time.Duration
		status int
	}{
		"nothing at all":         {"", "", 11 * time.Second, 0},
		"headers by drips":       {head[:len(head)-2], "X-A: b\r\n", 11 * time.Second, 0},
		"a body by drips":        {ask("/api/config", "Host: relay.test", "Content-Length: 100000"), "x", time.Second, 400},
		"a body that never came": {ask(roomPath("room"), "Host: relay.test", "Content-Length: 100000"), "", time.Second, 400},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				a, b := w.couple("room")
				began := time.Now()
				for range 100 { // as many connections
					conn := w.connect(0)
					go func() {
						_, err := io.WriteString(conn, tt.first)
						for err == nil && tt.drip != "" {
							time.Sleep(time.Second)
							_, err = io.WriteString(conn, tt.drip)
						}
					}()
					go func() {
						answer, _ := io.ReadAll(conn)
						if took := time.Since(began); took > tt.within {
							t.Errorf("gone after %v; want %v", took, tt.within)
						}
						if tt.status != 0 && !strings.HasPrefix(string(answer), fmt.Sprintf("HTTP/1.1 %d ", tt.status)) {
							t.Errorf("answered %.40q; want %d", answer, tt.status)
						}
						_ = conn.Close()
					}()
				}
				for time.Since(began) < 20*time.Second {
					at := time.Now()
					a.sends(b)
					b.sends(a)
					want(t, "time the others took", time.Since(at), time.Duration(0))
					time.Sleep(500 * time.Millisecond)
				}
				want(t, "connections", w.metric("sotto_connections", ""), 2.0)
			})
		})
	}
}

// Requests that open nothing have an allowance too, ten times that of sockets,
// and do not draw on theirs. Refusals end the connection.
func TestAttack_RequestFlood(t *testing.T) {
	cfg := relay.Config{Page: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })}
	for _, path := range []string{"/", "/favicon.ico", "/api/config"} {
		t.Run(path, func(t *testing.T) {
			inWorld(t, cfg, func(t *testing.T, w *world) {
				a, b := w.couple("room")
				requests := strings.Repeat(ask(path, "Host: relay.test"), 2000)
				conn := w.connect(0)
				go func() { _, _ = io.WriteString(conn, requests) }()
				br := bufio.NewReader(conn)
				answered := 0
				for {
					resp, err := http.ReadResponse(br, nil)
					if err != nil {
						t.Fatalf("after %d answers: %v", answered, err)
					}
					body, err := io.ReadAll(resp.Body)
					if err != nil {
						t.Fatal(err)
					}
					if resp.StatusCode == http.StatusTooManyRequests {
						want(t, "body", string(body), `{"error":"rate_limited"}`)
						want(t, "Retry-After", resp.Header.Get("Retry-After"), "1")
						want(t, "close", resp.Close, true)
						break
					}
					answered++
				}
				want(t, "answered", answered, 10*relay.DefaultUpgradeRate)
				if rest, err := io.ReadAll(br); err != nil || len(rest) > 0 {
					t.Errorf("the connection went on with %q, %v", rest, err)
				}
				want(t, "counted", w.metric("sotto_rate_limited_total", "requests"), 1.0)
				// The same address still opens sockets, another one asks.
				w.dial("room").join(ann)
				resp, _ := w.requestFrom(netip.MustParseAddr("203.0.113.7"), "GET", path, nil)
				want(t, "another address", resp.StatusCode, 200)
				a.sends(b)
			})
		})
	}
}

// Asking how the relay is costs what any request costs, and a connection. Only
// this machine and its proxies, for themselves, may ask as often as they like.
func TestAttack_HealthFlood(t *testing.T) {
	proxy := netip.MustParseAddr("10.0.0.1")
	cfg := relay.Config{UpgradeRate: 1, TrustedProxies: []netip.Prefix{netip.PrefixFrom(proxy, 32)}}
	forwarded := http.Header{"X-Forwarded-For": {"192.0.2.1"}}
	for name, tt := range map[string]struct {
		from   netip.Addr
		header http.Header
		free   bool
	}{
		"anyone":                       {from: netip.MustParseAddr("203.0.113.7")},
		"this machine":                 {from: netip.MustParseAddr("127.0.0.1"), free: true},
		"this machine, by IPv6":        {from: netip.IPv6Loopback(), free: true},
		"a proxy":                      {from: proxy, free: true},
		"a proxy, for anyone":          {from: proxy, header: forwarded},
		"a proxy here that is unnamed": {from: netip.MustParseAddr("127.0.0.1"), header: forwarded},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, cfg, func(t *testing.T, w *world) {
				for n := range 50 {
					resp, _ := w.requestFrom(tt.from, "GET", "/healthz", tt.header)
					want(t, fmt.Sprint("refused the ", n), resp.StatusCode == 429, !tt.free && n >= 10)
					want(t, "close", resp.Close, true)
				}
			})
		})
	}
}

// A hostile page makes its visitor's browser ask. It is refused, and uses up
// none of the visitor's allowances, nor has the listener shut the visitor out. What
// is refused for what it is draws nothing either.
func TestAttack_CrossSite(t *testing.T) {
	cfg := relay.Config{
		UpgradeRate: 1, AllowedOrigins: []string{"https://notes.example"},
		Page: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
	}
	inWorld(t, cfg, func(t *testing.T, w *world) {
		w.guarded()
		own := []string{"/api/room/" + hash("room") + "/exists", "/api/config", "/healthz", roomPath("room"), "/", "/picture.png"}
		for name, header := range map[string]http.Header{
			"an image":            {"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"image"}},
			"fetch":               {"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"cors"}, "Origin": {"https://evil.test"}},
			"of an older browser": {"Origin": {"https://evil.test"}},
		} {
			for _, path := range own {
				h := upgradeHeader()
				if path != roomPath("room") {
					h = http.Header{}
				}
				for k, v := range header {
					h[k] = v
				}
				resp, body := w.request("GET", path, h)
				want(t, name+": status", resp.StatusCode, 403)
				want(t, name+": body", body, `{"error":"forbidden"}`)
				want(t, name+": close", resp.Close, true)
			}
		}
		resp, _ := w.request("GET", "/", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://notes.example"}})
		want(t, "status of the page for notes", resp.StatusCode, 200)
		for range 20 {
			for _, tt := range []struct {
				method, target string
				header         http.Header
				status         int
			}{
				{"GET", "/api/room/x/exists", nil, 400},
				{"GET", roomPath("room"), nil, 426},
				{"POST", roomPath("room"), upgradeHeader(), 405},
			} {
				resp, _ := w.request(tt.method, tt.target, tt.header)
				want(t, "status", resp.StatusCode, tt.status)
			}
		}
		want(t, "counted", w.metric("sotto_upgrades_refused_total", "origin"), 18.0)
		// All of that drew nothing from the one socket that is left.
		w.dial("room").join(ann)
		resp, _ = w.request("GET", roomPath("room"), upgradeHeader())
		want(t, "status", resp.StatusCode, 429)
		want(t, "Retry-After", resp.Header.Get("Retry-After"), "60")
	})
}
