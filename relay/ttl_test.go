package relay_test

import (
	"testing"
	"time"

	"sotto/relay"
)

// While a seat is open a room lives 24 hours, to the instant, connected or not.
func TestTTL_Unpaired(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a := w.dial("room")
		ok := a.join(ann)
		created := time.Now()
		wantStamp(t, "ttl_expires_at", ok["ttl_expires_at"], created.Add(24*time.Hour))
		left := w.dial("left alone")
		left.join(ann)
		left.leave()

		time.Sleep(24*time.Hour - time.Since(created) - time.Nanosecond)
		a.silent()
		a.ok(a.post("send_message", message()), "new_message") // it lives to the last
		time.Sleep(time.Nanosecond)
		m := a.next(within)
		want(t, "room_expired", decode(t, m.text), object{"event": "room_expired", "data": object{}})
		want(t, "at", m.at, created.Add(24*time.Hour))
		a.closed(1000, "room_expired")
		time.Sleep(time.Second)
		want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)
		want(t, "ended", w.metric("sotto_rooms_closed_total", "unpaired_ttl"), 2.0)

		again := w.dial("room").join(ann)
		wantKeys(t, again, "room_id", "ttl_expires_at", "awaiting_party", "resume")
		if again["room_id"] == ok["room_id"] {
			t.Error("the new room has the old room's id")
		}
	})
}

// Paired, it lives seven days from its creation, which nothing extends.
func TestTTL_Paired(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a := w.dial("room")
		a.join(ann)
		ends := time.Now().Add(7 * 24 * time.Hour)
		time.Sleep(23 * time.Hour)
		b := w.dial("room")
		ok := b.join(ben)
		wantStamp(t, "ttl_expires_at", ok["ttl_expires_at"], ends)
		want(t, "party_paired", a.paired(), object{"ttl_expires_at": ok["ttl_expires_at"]})
		for range 6 {
			time.Sleep(24 * time.Hour)
			a.sends(b)
			b.sends(a)
			want(t, "ttl_expires_at", a.join(ann)["ttl_expires_at"], ok["ttl_expires_at"])
		}
		time.Sleep(time.Until(ends) - time.Nanosecond)
		a.silent()
		time.Sleep(time.Nanosecond)
		for _, c := range []*client{a, b} {
			m := c.next(within)
			want(t, "room_expired", decode(t, m.text), object{"event": "room_expired", "data": object{}})
			want(t, "at", m.at, ends)
			c.closed(1000, "room_expired")
		}
		want(t, "ended", w.metric("sotto_rooms_closed_total", "ttl"), 1.0)
	})
}

// A claim that is being held when the time is over finds no room to claim.
func TestTTL_UnpairedWhileAClaimIsHeld(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a := w.dial("room")
		first := a.join(ann)
		time.Sleep(24*time.Hour - 100*time.Millisecond)
		b := w.dial("room")
		ok := b.join(ben)
		a.event("room_expired")
		a.closed(1000, "room_expired")
		want(t, "awaiting_party", ok["awaiting_party"], any(true))
		if ok["room_id"] == first["room_id"] {
			t.Error("a seat of a dead room was claimed")
		}
	})
}

func TestTTL_OwnFigures(t *testing.T) {
	for name, tt := range map[string]struct {
		ttl, unpaired   time.Duration
		alone, together time.Duration
	}{
		"both":                   {10 * time.Hour, time.Hour, time.Hour, 10 * time.Hour},
		"unpaired never longer":  {time.Hour, 0, time.Hour, time.Hour},
		"not a whole of seconds": {1500 * time.Millisecond, 1250 * time.Millisecond, 1250 * time.Millisecond, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := relay.Config{CreateRate: -1, JoinFloor: -1, RoomTTL: tt.ttl, UnpairedTTL: tt.unpaired}
			inWorld(t, cfg, func(t *testing.T, w *world) {
				a, b := w.dial("room"), w.dial("room")
				created := time.Now()
				wantStamp(t, "alone", a.join(ann)["ttl_expires_at"], created.Add(tt.alone))
				wantStamp(t, "together", b.join(ben)["ttl_expires_at"], created.Add(tt.together))
				a.paired()
				m := a.next(24 * time.Hour)
				want(t, "it ended after", m.at.Sub(created), tt.together)
			})
		})
	}
}
