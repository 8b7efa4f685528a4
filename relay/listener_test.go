package relay_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"sotto/internal/memnet"
	"sotto/relay"
)

// guarded serves the relay on another listener, one of Relay.Listener, from here
// on.
func (w *world) guarded() {
	w.listener = memnet.Listen()
	w.serveOn(w.relay.Listener(w.listener), w.relay)
}

// unheard is the status of a request that got no answer.
const unheard = 0

// ask asks after a room and returns the answer's status.
func (w *world) ask(from netip.Addr) int {
	w.t.Helper()
	conn := w.connectWith(dialOptions{from: from})
	defer conn.Close() //nolint:errcheck // in memory
	// The connection may be closed by then.
	_, _ = io.WriteString(conn, "GET /api/room/"+hash("room")+"/exists HTTP/1.1\r\nHost: relay.test\r\nConnection: close\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return unheard
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode
}

// A client that goes on after as many refusals as there may be in a minute is not heard,
// until one of them has come back. Others are, and sockets that are open stay.
func TestListener_TurnsFloodsAway(t *testing.T) {
	inWorld(t, relay.Config{UpgradeRate: 30}, func(t *testing.T, w *world) {
		w.guarded()
		var flooder netip.Addr
		other := netip.MustParseAddr("198.51.100.7")
		a, b := w.couple("room") // from the flooder's address
		until := func(status int) (asked int) {
			for w.ask(flooder) != status {
				if asked++; asked > 1000 {
					t.Fatalf("no request was answered %d", status)
				}
			}
			return asked
		}
		until(http.StatusTooManyRequests)
		want(t, "refusals that are answered", 1+until(unheard), 15)
		for range 999 {
			want(t, "status", w.ask(flooder), unheard)
		}
		want(t, "counted", w.metric("sotto_rate_limited_total", "knocks"), 1000.0)
		want(t, "another address", w.ask(other), http.StatusOK)
		a.sends(b)

		for range 3 {
			time.Sleep(4 * time.Second)
			if until(unheard) == 0 {
				t.Error("a client that has waited for four seconds is not heard")
			}
		}
		// Whatever it did, its allowances come back as they always do.
		time.Sleep(time.Minute)
		want(t, "requests after a minute", until(http.StatusTooManyRequests), 30)
		want(t, "refusals after a minute", 1+until(unheard), 15)
	})
}

// knock connects and sends the beginning of a request.
func (w *world) knock(from netip.Addr) net.Conn {
	w.t.Helper()
	conn := w.connectWith(dialOptions{from: from})
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\n") // it may be closed by then
	return conn
}

// turnedAway reports whether the relay has closed the connection by now.
func turnedAway(t *testing.T, conn net.Conn) bool {
	t.Helper()
	synctest.Wait()
	if err := conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err := conn.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// Half a request counts: an address, and the networks around it, have so many
// connections, whatever they are for.
func TestListener_ConnsPerAddress(t *testing.T) {
	const most = 3
	proxy := netip.MustParseAddr("10.0.0.1")
	for name, tt := range map[string]struct {
		from func(n int) string
		most int // 0: no limit
	}{
		"an IPv4 address": {func(int) string { return "203.0.113.7" }, most},
		"a /56":           {func(n int) string { return fmt.Sprintf("2001:db8:1:%x::1", n) }, 4 * most},
		"a proxy":         {func(int) string { return proxy.String() }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := relay.Config{MaxConnsPerAddress: most, TrustedProxies: []netip.Prefix{netip.PrefixFrom(proxy, 32)}}
			inWorld(t, cfg, func(t *testing.T, w *world) {
				w.guarded()
				let := 0
				var first net.Conn
				for n := range 100 {
					conn := w.knock(netip.MustParseAddr(tt.from(n)))
					if !turnedAway(t, conn) {
						let++
					}
					if first == nil {
						first = conn
					}
				}
				if tt.most == 0 {
					want(t, "let in", let, 100)
					return
				}
				want(t, "let in", let, tt.most)
				want(t, "pending", w.metric("sotto_connections_pending", ""), float64(let))
				want(t, "counted", w.metric("sotto_rate_limited_total", "address_conns"), float64(100-let))
				want(t, "another address", w.ask(netip.MustParseAddr("198.51.100.7")), http.StatusOK)
				_ = first.Close()
				synctest.Wait()
				want(t, "in the place of one that left", w.ask(netip.MustParseAddr(tt.from(0))), http.StatusOK)
			})
		})
	}
}

// A socket is a connection of its address as long as it is open, and pending no
// more.
func TestListener_SocketsCount(t *testing.T) {
	inWorld(t, relay.Config{MaxConnsPerAddress: 2, JoinFloor: -1}, func(t *testing.T, w *world) {
		w.guarded()
		a, b := w.couple("room")
		want(t, "pending", w.metric("sotto_connections_pending", ""), 0.0)
		want(t, "one more", w.ask(netip.Addr{}), unheard)
		a.sends(b)
		b.leave()
		synctest.Wait()
		want(t, "when one has left", w.ask(netip.Addr{}), http.StatusOK)
	})
}

// However many addresses come, there are only so many connections. The next
// waits, and is served once those that say nothing have used up their time.
func TestListener_ConnsInAll(t *testing.T) {
	const places = 4 + relay.ConnReserve
	inWorld(t, relay.Config{MaxConns: 4}, func(t *testing.T, w *world) {
		w.guarded()
		a, b := w.couple("room")
		for n := range places - 2 {
			w.knock(numberedAddr(n))
		}
		synctest.Wait()
		want(t, "pending", w.metric("sotto_connections_pending", ""), float64(places-2))
		began := time.Now()
		want(t, "one more", w.ask(netip.Addr{}), http.StatusOK)
		want(t, "waited", time.Since(began), 10*time.Second) // the server's ReadHeaderTimeout
		a.sends(b)
	})
}

// Closing the listener ends an Accept that waits for a place.
func TestListener_CloseWhileFull(t *testing.T) {
	inWorld(t, relay.Config{MaxConns: 1, MaxConnsPerAddress: -1}, func(t *testing.T, w *world) {
		w.listener = memnet.Listen()
		l := w.relay.Listener(w.listener)
		d := memnet.Dialer{To: w.listener}
		for range 1 + relay.ConnReserve {
			go d.DialContext(t.Context(), "", "") //nolint:errcheck // Accept fails then
			conn, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close() //nolint:errcheck // in memory
		}
		ended := make(chan error)
		go func() {
			_, err := l.Accept()
			ended <- err
		}()
		synctest.Wait()
		want(t, "Close", l.Close(), error(nil))
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept returned %v", err)
		}
	})
}
