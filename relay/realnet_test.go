package relay_test

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sotto/relay"
)

// realWorld is a world on the loopback interface, in real time. The methods of
// world and client that wait for virtual time are not for it.
func realWorld(t *testing.T, cfg relay.Config) (w *world, plain, secured net.Addr) {
	t.Helper()
	w = &world{t: t, registry: prometheus.NewRegistry()}
	cfg.Registerer, cfg.JoinFloor = w.registry, -1
	rl, err := relay.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.relay = rl
	var addrs []net.Addr
	for _, conf := range []*tls.Config{nil, serverTLS()} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, l.Addr())
		if conf != nil {
			l = tls.NewListener(l, conf)
		}
		w.serveOn(l, rl)
	}
	t.Cleanup(func() {
		if err := rl.Close(); err != nil && !errors.Is(err, relay.ErrClosed) {
			t.Error(err)
		}
		if err := rl.Check(); err != nil {
			t.Error(err)
		}
	})
	return w, addrs[0], addrs[1]
}

// dialReal opens a socket over TCP, and TLS if asked to.
func (w *world) dialReal(addr net.Addr, overTLS bool) *client {
	w.t.Helper()
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		w.t.Fatal(err)
	}
	if overTLS {
		conn = secure(w.t, conn)
	}
	resp, br, err := handshake(conn, nil, roomPath("room"))
	if err != nil {
		w.t.Fatal(err)
	}
	want(w.t, "status", resp.StatusCode, http.StatusSwitchingProtocols)
	c := startClient(w.t, conn, br, dialOptions{})
	c.patience = 2 * time.Minute // of a busy machine
	return c
}

// Over the real network: a conversation, every way to end, and the codes that
// arrive.
func TestRealNetwork(t *testing.T) {
	for name, overTLS := range map[string]bool{"TCP": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			w, plain, secured := realWorld(t, relay.Config{CreateRate: -1, UpgradeRate: -1})
			addr := plain
			if overTLS {
				addr = secured
			}
			a, b := w.dialReal(addr, overTLS), w.dialReal(addr, overTLS)
			a.join(ann, "ext", 1)
			a.event("presence")
			b.join(ben)
			a.paired()
			a.event("presence")
			for range 5 {
				a.sends(b, "ciphertext", sealed(8192))
				b.sends(a)
			}

			// A frame that is far too big: the code arrives although the relay
			// has not read it all.
			big := w.dialReal(addr, overTLS)
			big.write(textFrame(string(make([]byte, 300<<10))))
			big.closed(1009, "frame_too_big")

			// The other side ends its half, or all of it, in order or not.
			for _, end := range []func(c *client){
				func(c *client) { c.leave() },
				func(c *client) { _ = c.conn.Close() },
				func(c *client) {
					half, ok := c.conn.(interface{ CloseWrite() error })
					if !ok || half.CloseWrite() != nil {
						t.Error("can't close one half")
					}
					// Nothing is owed to one who says no more.
					if m := c.next(c.patience); !m.ended || m.code != 0 {
						t.Errorf("got %+v; want the end", m)
					}
				},
			} {
				end(b)
				want(t, "presence", a.event("presence"), object{"connected": false})
				b = w.dialReal(addr, overTLS)
				b.join(ben)
				want(t, "presence", a.event("presence"), object{"connected": true})
			}

			held := w.dialReal(addr, overTLS)
			_, err := w.shutdown(time.Minute) // of a busy machine
			want(t, "Shutdown", err, nil)
			for _, c := range []*client{a, b, held} {
				c.closed(1012, "relay_restart")
			}
		})
	}
}
