package relay_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sotto/relay"
)

// numberedAddr is one of very many addresses.
func numberedAddr(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

// Sockets that never join fill the relay up to its limit: newcomers are told
// when to come again, those who are there notice nothing, and when the relay
// has closed what did not join, newcomers are let in.
func TestAttack_FillsTheSockets(t *testing.T) {
	const most = 100
	inWorld(t, relay.Config{MaxConns: most}, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		began := time.Now()
		for n := range most - 2 {
			w.dialWith(fmt.Sprint(n), dialOptions{from: numberedAddr(n), inbox: 2})
		}
		for n := range 40 { // and more
			_, resp, _ := w.upgrade("room", dialOptions{from: numberedAddr(n)})
			want(t, "status", resp.StatusCode, 503)
			want(t, "Retry-After", resp.Header.Get("Retry-After"), "30")
			wantSecurityHeaders(t, resp)
		}
		a.sends(b)
		b.sends(a)
		want(t, "connections", w.metric("sotto_connections", ""), float64(most))
		want(t, "counted", w.metric("sotto_rate_limited_total", "conns"), 40.0)
		time.Sleep(time.Until(began.Add(31 * time.Second)))
		w.dialWith("new", dialOptions{from: numberedAddr(most)}).join(ann)
		want(t, "connections", w.metric("sotto_connections", ""), 3.0)
		a.sends(b)
	})
}

// Rooms made from many addresses fill the relay up to its limit: newcomers are
// told when to come again, rooms that are there can be entered, and when those
// of nobody have gone, newcomers are let in.
func TestAttack_FillsTheRooms(t *testing.T) {
	const most = 50
	inWorld(t, relay.Config{MaxRooms: most, PingInterval: -1}, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		for n := range 2 * most {
			c := w.dialWith(fmt.Sprint(n), dialOptions{from: numberedAddr(n), inbox: 2})
			ref := c.post("join", ann.joining())
			if n < most-1 {
				c.ok(ref)
			} else {
				want(t, "error", c.refused(ref), object{"reason": "rate_limited", "retry_after": 60.0})
			}
			c.leave()
		}
		want(t, "rooms", w.metric("sotto_rooms", ""), float64(most))
		want(t, "counted", w.metric("sotto_rate_limited_total", "rooms"), float64(most+1))
		want(t, "counted", w.metric("sotto_joins_total", "max_rooms"), float64(most+1))
		a.sends(b)
		w.dialWith("room", dialOptions{from: numberedAddr(0)}).join(ben)
		time.Sleep(24 * time.Hour)
		want(t, "rooms", w.metric("sotto_rooms", ""), 1.0)
		w.dialWith("new", dialOptions{from: numberedAddr(0)}).join(ann)
		b.sends(a)
	})
}
