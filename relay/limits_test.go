package relay_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"sotto/relay"
)

// An Admit error is a 403 without its text.
func TestAdmit(t *testing.T) {
	asked := 0
	cfg := relay.Config{UpgradeRate: 4, CreateRate: -1}
	cfg.Admit = func(r *http.Request) error {
		asked++
		if r.URL.Query().Get("key") == "good" {
			return nil
		}
		return errors.New("canary: who are you?")
	}
	inWorld(t, cfg, func(t *testing.T, w *world) {
		exists := "/api/room/" + hash("room") + "/exists"
		for _, target := range []string{exists, roomPath("room")} {
			resp, body := w.request("GET", target, upgradeHeader())
			want(t, "status", resp.StatusCode, 403)
			want(t, "body", body, `{"error":"forbidden"}`)
			wantNoEcho(t, resp, body)
		}
		resp, _ := w.request("GET", exists+"?key=good", nil)
		want(t, "status", resp.StatusCode, 200)
		c := w.dialWith("room", dialOptions{target: roomPath("room") + "?key=good"})
		c.join(ann)
		want(t, "asked", asked, 4)
		for _, target := range []string{"/healthz", "/api/config", "/room/x/ws", "/api/room/x/exists"} {
			w.request("GET", target, nil)
		}
		for range 3 { // an address that is refused for its rate is not asked about
			resp, _ := w.request("GET", exists, nil)
			want(t, "status", resp.StatusCode, 429)
		}
		want(t, "asked", asked, 4)
		want(t, "refused", w.metric("sotto_upgrades_refused_total", "admit"), 2.0)
	})
}

// The allowance is that of the client behind a trusted proxy, and of the peer
// otherwise, whatever it says.
func TestLimit_TrustedProxies(t *testing.T) {
	cfg := relay.Config{UpgradeRate: 1, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	inWorld(t, cfg, func(t *testing.T, w *world) {
		for _, tt := range []struct {
			from, forwarded string
			status          int
		}{
			{"10.0.0.1", "192.0.2.1", 200},
			{"10.0.0.1", "192.0.2.2", 200},
			{"10.0.0.1", "192.0.2.1", 429},
			{"203.0.113.7", "192.0.2.3", 200},
			{"203.0.113.7", "192.0.2.4", 429}, // a stranger makes them up
		} {
			resp, _ := w.requestFrom(netip.MustParseAddr(tt.from), "GET", "/api/room/"+hash("room")+"/exists",
				http.Header{"X-Forwarded-For": {tt.forwarded}})
			want(t, tt.from+" for "+tt.forwarded, resp.StatusCode, tt.status)
		}
	})
}

// An address may open UpgradeRate sockets, and ask after as many rooms, in a
// minute and at once, whatever an untrusted peer says of who it is.
func TestHTTP_TooManyFromOneAddress(t *testing.T) {
	inWorld(t, relay.Config{}, func(t *testing.T, w *world) {
		asked := 0
		exists := func(method string) (*http.Response, string) {
			asked++
			made := fmt.Sprint("192.0.2.", asked%256)
			return w.request(method, fmt.Sprintf("/api/room/%s/exists?%d", hash(fmt.Sprint(asked)), asked), http.Header{
				"X-Forwarded-For": {made}, "Forwarded": {"for=" + made}, "X-Real-Ip": {made},
			})
		}
		for n := range relay.DefaultUpgradeRate / 2 {
			resp, _ := exists([]string{"GET", "HEAD"}[n%2])
			want(t, "status", resp.StatusCode, 200)
			_, resp, _ = w.upgrade(fmt.Sprint(n), dialOptions{})
			want(t, "status", resp.StatusCode, 101)
		}
		began, open, refused := time.Now(), 0, 0
		for time.Since(began) < time.Minute {
			for _, header := range []http.Header{{}, upgradeHeader()} {
				resp, body := w.request("GET", roomPath("room"), header)
				if header.Get("Upgrade") == "" {
					resp, body = exists("GET")
				}
				if resp.StatusCode != http.StatusTooManyRequests {
					open++
					continue
				}
				refused++
				want(t, "body", body, `{"error":"rate_limited"}`)
				want(t, "Retry-After", resp.Header.Get("Retry-After"), "1")
				wantSecurityHeaders(t, resp)
				wantNoEcho(t, resp, body)
			}
			time.Sleep(250 * time.Millisecond) // one comes back every half second
		}
		want(t, "let in by and by", open, relay.DefaultUpgradeRate-1)
		want(t, "counted", w.metric("sotto_rate_limited_total", "upgrade"), float64(refused))
	})
}

// An address may take CreateRate seats, by creating a room or by a claim, and is
// told how long to wait, exactly.
func TestJoin_CreationAllowance(t *testing.T) {
	cfg := relay.Config{UpgradeRate: -1, CreateRate: 2, JoinFloor: -1}
	inWorld(t, cfg, func(t *testing.T, w *world) {
		elsewhere := dialOptions{from: netip.MustParseAddr("203.0.113.7")}
		w.dial("one").join(ann)
		other := w.dialWith("two", elsewhere) // nobody else is limited by it
		other.join(ann)
		w.dial("two").join(ben)
		began := time.Now()
		other.paired()
		synctest.Wait() // a seat is paid for after its answer
		refused := object{"reason": "rate_limited", "retry_after": 30.0}
		c := w.dial("one")
		want(t, "claim", c.refused(c.post("join", ben.joining())), refused)
		d := w.dial("room")
		want(t, "create", d.refused(d.post("join", ann.joining())), refused)
		want(t, "rooms", w.metric("sotto_rooms", ""), 2.0)
		// What takes no seat is not limited.
		w.dial("one").join(ann)
		d.refusedFor(d.post("join", ann.joining("intent", "enter")), "not_found")
		time.Sleep(time.Until(began.Add(30*time.Second - time.Millisecond)))
		want(t, "a moment early", c.refused(c.post("join", ben.joining()))["reason"], any("rate_limited"))
		want(t, "counted", w.metric("sotto_rate_limited_total", "create"), 3.0)
		want(t, "joins", w.metric("sotto_joins_total", "rate_limited"), 3.0)
		time.Sleep(time.Until(began.Add(30 * time.Second)))
		c.join(ben)
	})
}
