package relay_test

import (
	"io"
	"net/http"
	"testing"
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
