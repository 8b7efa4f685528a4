package relay_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"testing"
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
	d := memnet.Dialer{To: w.listener, From: from}
	conn, err := d.DialContext(w.t.Context(), "", "")
	if err != nil {
		w.t.Fatal(err)
	}
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

// Who goes on after as many refusals as there may be in a minute is not heard,
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
				t.Error("who has waited for four seconds is not heard")
			}
		}
		// Whatever it did, its allowances come back as they always do.
		time.Sleep(time.Minute)
		want(t, "requests after a minute", until(http.StatusTooManyRequests), 30)
		want(t, "refusals after a minute", 1+until(unheard), 15)
	})
}

// Answers that are no refusal of an allowance draw nothing: a hostile page can't
// shut its visitor out.
func TestListener_OnlyCountsAllowances(t *testing.T) {
	page := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	inWorld(t, relay.Config{UpgradeRate: 10, Page: page}, func(t *testing.T, w *world) {
		w.guarded()
		for n := range 500 {
			resp, _ := w.request("GET", roomPath("room"), upgradeHeader("Origin", "https://evil.test"))
			want(t, "status", resp.StatusCode, http.StatusForbidden)
			resp, _ = w.request("HEAD", "/", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Dest": {"empty"}})
			want(t, "page refused", resp.StatusCode == http.StatusTooManyRequests, n >= 100)
		}
		want(t, "status", w.ask(netip.Addr{}), http.StatusOK)
	})
}

// A proxy knocks for many.
func TestListener_TrustedProxies(t *testing.T) {
	proxy := netip.MustParseAddr("192.0.2.9")
	cfg := relay.Config{UpgradeRate: 1, TrustedProxies: []netip.Prefix{netip.PrefixFrom(proxy, 32)}}
	inWorld(t, cfg, func(t *testing.T, w *world) {
		w.guarded()
		want(t, "status", w.ask(proxy), http.StatusOK)
		for range 100 {
			want(t, "status", w.ask(proxy), http.StatusTooManyRequests)
		}
	})
}

func TestListener_Off(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		w.guarded()
		for range 1000 {
			want(t, "status", w.ask(netip.Addr{}), http.StatusOK)
		}
	})
}
