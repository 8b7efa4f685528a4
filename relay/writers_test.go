package relay_test

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"net/http"
	"testing"

	"sotto/internal/memnet"
)

// What other handlers put around a ResponseWriter is looked through.
func TestWriters_Wrapped(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		wrapped := memnet.Listen()
		w.serveOn(wrapped, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.relay.ServeHTTP(wrapper{wrapper{rw}}, r)
		}))
		under := &world{t: t, relay: w.relay, listener: wrapped, registry: w.registry}
		a, b := under.couple("room")
		a.sends(b)
	})
}

type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Where there is no connection to take over, the answer is in our words.
func TestWriters_NoConnection(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		rec := &recorder{header: make(http.Header)}
		w.relay.ServeHTTP(rec, upgradeRequest(t))
		want(t, "status", rec.status, http.StatusNotImplemented)
		want(t, "body", rec.body.String(), `{"error":"no_upgrade_here"}`)
		want(t, "nosniff", rec.header.Get("X-Content-Type-Options"), "nosniff")
		want(t, "Upgrade", rec.header.Get("Upgrade"), "")
		want(t, "refused", w.metric("sotto_upgrades_refused_total", "protocol"), 1.0)
		want(t, "Check", w.relay.Check(), nil)
	})
}

// When taking it over fails, the answer has been given: no other follows.
func TestWriters_HijackFails(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		rec := &failingHijacker{recorder{header: make(http.Header)}}
		w.relay.ServeHTTP(rec, upgradeRequest(t))
		want(t, "status", rec.status, http.StatusSwitchingProtocols)
		want(t, "body", rec.body.String(), "")
		want(t, "refused", w.metric("sotto_upgrades_refused_total", "protocol"), 1.0)
		want(t, "Check", w.relay.Check(), nil)
	})
}

func upgradeRequest(t *testing.T) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", roomPath("room"), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = upgradeHeader()
	return req
}

// recorder is a ResponseWriter without a connection.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

type failingHijacker struct{ recorder }

func (f *failingHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.New("gone")
}
