package relay_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sotto/internal/memnet"
	"sotto/relay"
)

// world is a relay behind an http.Server on an in-memory network, in a
// synctest bubble: time is virtual and passes only while everyone waits.
type world struct {
	t        *testing.T
	relay    *relay.Relay
	listener *memnet.Listener
	registry *prometheus.Registry
}

// inWorld runs f in a bubble with a relay of its own. Afterwards the relay is
// shut down and must be in order; the bubble itself sees to it that no
// goroutine is left.
func inWorld(t *testing.T, cfg relay.Config, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t, newWorld(t, cfg))
	})
}

// unlimited turns the allowances of addresses off, for tests that are not
// about them: all clients of a test come from one address.
var unlimited = relay.Config{CreateRate: -1, UpgradeRate: -1, MaxConnsPerAddress: -1}

func newWorld(t *testing.T, cfg relay.Config) *world {
	t.Helper()
	w := &world{t: t, listener: memnet.Listen(), registry: prometheus.NewRegistry()}
	if cfg.Registerer == nil {
		cfg.Registerer = w.registry
	}
	rl, err := relay.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	w.relay = rl
	w.serveOn(w.listener, rl)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := rl.Shutdown(ctx); err != nil && !errors.Is(err, relay.ErrClosed) {
			t.Errorf("Shutdown: %v", err)
		}
		if err := rl.Check(); err != nil {
			t.Errorf("Check: %v", err)
		}
	})
	return w
}

// serveOn runs an http.Server for h until the test ends.
func (w *world) serveOn(l net.Listener, h http.Handler) {
	srv := &http.Server{
		Handler:           h,
		ErrorLog:          slog.NewLogLogger(slog.NewTextHandler(failing{w.t}, nil), slog.LevelError),
		ReadHeaderTimeout: 10 * time.Second,
		// The relay answers OPTIONS * itself, with its headers.
		DisableGeneralOptionsHandler: true,
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	w.t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			w.t.Errorf("close the server: %v", err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			w.t.Errorf("Serve: %v", err)
		}
	})
}

// failing fails the test with whatever net/http has to complain about.
type failing struct{ testing.TB }

func (f failing) Write(p []byte) (int, error) {
	f.Errorf("net/http complains: %s", p)
	return len(p), nil
}

// request sends one HTTP request and returns the answer, its body read.
func (w *world) request(method, target string, header http.Header) (*http.Response, string) {
	w.t.Helper()
	return w.requestFrom(netip.Addr{}, method, target, header)
}

// requestFrom is request from a given address.
func (w *world) requestFrom(from netip.Addr, method, target string, header http.Header) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://relay.test"+target, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	d := memnet.Dialer{To: w.listener, From: from}
	transport := &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true, DisableCompression: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		w.t.Fatalf("%s: read the body: %v", method, err)
	}
	return resp, string(body)
}

// hash returns 64 lower-case hex digits that stand for name.
func hash(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// person is someone with a PIN.
type person struct{ access, sender string }

var (
	ann  = person{hash("ann's access"), hash("ann's sender")}
	ben  = person{hash("ben's access"), hash("ben's sender")}
	mole = person{hash("mole's access"), hash("mole's sender")}
)

// joining returns the data of a person's join, with more fields in pairs.
func (p person) joining(more ...any) object {
	return with(object{"sender_hash": p.sender, "access_hash": p.access}, more)
}

// sealed returns the base64 of n bytes.
func sealed(n int) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", n))) }

// message returns the data of a message, with more fields in pairs.
func message(more ...any) object { return with(object{"ciphertext": ciphertext, "iv": iv}, more) }

// with adds fields in pairs.
func with(data object, more []any) object {
	for i := 0; i+1 < len(more); i += 2 {
		data[more[i].(string)] = more[i+1]
	}
	return data
}
