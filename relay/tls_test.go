package relay_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"testing"
	"time"

	"sotto/internal/memnet"
	"sotto/internal/selfsigned"
)

// serverTLS is for a listener of the test's own.
func serverTLS() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{selfsigned.New(1, "relay.test").TLS()}, MinVersion: tls.VersionTLS13}
}

// secure makes a TLS client of a connection.
func secure(t testing.TB, conn net.Conn) *tls.Conn {
	t.Helper()
	c := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// dialTLS opens a socket through a listener that speaks TLS.
func (w *world) dialTLS(l *memnet.Listener, name string, capacity int) *client {
	w.t.Helper()
	conn, err := (&memnet.Dialer{To: l, Capacity: capacity}).DialContext(w.t.Context(), "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	over := secure(w.t, conn)
	resp, br, err := handshake(over, nil, roomPath(name))
	if err != nil {
		w.t.Fatal(err)
	}
	want(w.t, "status", resp.StatusCode, http.StatusSwitchingProtocols)
	return startClient(w.t, over, br, dialOptions{})
}

// Under TLS too, a peer that stops reading holds up neither its room nor the
// other party, also not while it is cut: TLS would like to have a last word.
func TestSlowPeerDoesNotFreezeOther_TLS(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		secured := memnet.Listen()
		w.serveOn(tls.NewListener(secured, serverTLS()), w.relay)
		a, slow := w.dial("room"), w.dialTLS(secured, "room", 4096)
		a.join(ann)
		slow.join(ben)
		a.paired()
		slow.freeze()
		a.fillUp(2)
		began := time.Now()
		for time.Since(began) < 30*time.Second {
			asked := time.Now()
			a.post("typing", nil) // one frame more for the slow one
			a.refusedFor(a.post("redeem_extension", nil), "monetization_disabled")
			want(t, "time it took", time.Since(asked), time.Duration(0))
			time.Sleep(time.Second)
			if time.Since(began) > 10*time.Second {
				want(t, "connections", w.metric("sotto_connections", ""), 1.0)
			}
		}
		want(t, "closed", w.metric("sotto_connections_closed_total", "4000"), 1.0)
	})
}
