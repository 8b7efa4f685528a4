package relay_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"testing"
	"time"

	"sotto/internal/memnet"
	"sotto/relay"
)

// Page serves every path the relay does not own, and no other.
func TestPage(t *testing.T) {
	var asked []string
	cfg := unlimited
	cfg.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.EscapedPath())
		w.WriteHeader(http.StatusTeapot)
	})
	inWorld(t, cfg, func(t *testing.T, w *world) {
		h := hash("room")
		for _, target := range []string{
			"/", "/x", "/about", "/room", "/room/", "/room/" + h, "/api", "/api/", "/api/room/" + h, "/api/config/",
			"/healthz/", "/room/" + h + "/ws/", "/room%2F" + h + "/ws", "/api/%63onfig",
		} {
			resp, _ := w.request("POST", target, nil)
			want(t, "status of "+target, resp.StatusCode, http.StatusTeapot)
			want(t, "asked", asked[len(asked)-1], "POST "+target)
		}
		n := len(asked)
		for _, target := range []string{"/room/x/ws", "/room/ws", roomPath("room"), "/api/room/x/exists", "/api/room/exists", "/api/config", "/healthz"} {
			if resp, _ := w.request("GET", target, nil); resp.StatusCode == http.StatusTeapot {
				t.Errorf("the page was asked for %s", target)
			}
		}
		want(t, "asked", len(asked), n)
	})
}

// Under a path prefix everything works as at the root.
func TestPathPrefix(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		mux := http.NewServeMux()
		mux.Handle("/private/", http.StripPrefix("/private", w.relay))
		mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "elsewhere") })
		prefixed := memnet.Listen()
		w.serveOn(prefixed, mux)
		under := &world{t: t, relay: w.relay, listener: prefixed, registry: w.registry}

		c := under.dialWith("room", dialOptions{target: "/private" + roomPath("room")})
		c.join(ann)
		exists := "/api/room/" + hash("room") + "/exists"
		resp, body := under.request("GET", "/private"+exists, nil)
		want(t, "status", resp.StatusCode, 200)
		want(t, "body", body, `{"exists":true}`)
		_, body = under.request("GET", "/private/healthz", nil)
		want(t, "body", body, "ok")
		for _, target := range []string{exists, "/healthz", roomPath("room")} {
			_, body = under.request("GET", target, nil)
			want(t, "outside the prefix", body, "elsewhere")
		}
		for _, target := range []string{"/private/", "/private/room%2F" + hash("room") + "/ws"} {
			resp, _ = under.request("GET", target, nil)
			want(t, "status of "+target, resp.StatusCode, 404)
		}
		d := w.dial("room") // the same relay, at its root
		d.join(ben)
		c.paired()
	})
}

// Several relays in one process do not meet.
func TestSeveralRelays(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		other := newWorld(t, relay.Config{MaxRooms: 1, UpgradeRate: 3})
		w.couple("room")
		a := other.dial("room")
		want(t, "awaiting_party", a.join(ann)["awaiting_party"], any(true))
		a.ok(a.post("expire_room", nil))
		want(t, "rooms here", w.metric("sotto_rooms", ""), 1.0)
		want(t, "rooms there", other.metric("sotto_rooms", ""), 0.0)
		for range 5 {
			w.dial("room") // has no limits; the other's are its own
		}
		other.dial("room")
		other.dial("room")
		resp, _ := other.request("GET", roomPath("room"), upgradeHeader())
		want(t, "status", resp.StatusCode, 429)
		if _, err := other.shutdown(time.Second); err != nil {
			t.Error(err)
		}
		w.dial("room").join(ann)
	})
}

// Over TLS browsers are told to stay there.
func TestHTTP_StrictTransportSecurity(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		secured := memnet.Listen()
		w.serveOn(tls.NewListener(secured, serverTLS(t)), w.relay)
		for _, target := range []string{"/healthz", "/canary", roomPath("room")} {
			conn, err := (&memnet.Dialer{To: secured}).DialContext(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			resp := exchange(t, secure(t, conn), "GET "+target+" HTTP/1.1\r\nHost: relay.test\r\nConnection: close\r\n\r\n")
			want(t, "HSTS", resp.Header.Get("Strict-Transport-Security"), "max-age=63072000")
			_ = conn.Close()
		}
	})
}

// A body in chunks may hide another request from a proxy in front: what comes
// behind it on the connection is not read, whatever the page makes of it.
func TestPage_ConnectionEndsAfterChunks(t *testing.T) {
	cfg := unlimited
	cfg.Page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	inWorld(t, cfg, func(t *testing.T, w *world) {
		for _, lines := range [][]string{
			{"Host: relay.test", "Transfer-Encoding: chunked"},
			{"Host: relay.test", "Transfer-Encoding: chunked", "Content-Length: 5"},
		} {
			conn := w.connect(0)
			resp := exchange(t, conn, ask("/", lines...)+"0\r\n\r\n"+ask("/healthz", "Host: relay.test"))
			want(t, "status", resp.StatusCode, 200)
			want(t, "close", resp.Close, true)
			if rest, err := io.ReadAll(conn); err != nil || len(rest) > 0 {
				t.Errorf("the connection went on with %q, %v", rest, err)
			}
		}
	})
}
