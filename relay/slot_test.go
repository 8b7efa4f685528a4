package relay_test

import (
	"testing"
	"time"

	"sotto/relay"
)

// A socket that joined with ext may send more. Everyone gets it, those without ext too;
// for them nothing has changed.
func TestSlot_SendMessage_Large(t *testing.T) {
	const most = relay.DefaultMaxCiphertextBytes
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.dial("room"), w.dial("room")
		a.join(ann, "ext", 1)
		a.event("presence")
		b.join(ben)
		a.paired()
		a.event("presence")
		a.refusedFor(a.post("send_message", message("ciphertext", sealed(most+1))), "message_too_large")
		id := a.sends(b, "ciphertext", sealed(most))
		again := w.dial("room").join(ben)
		m, _ := again["current_message"].(object)
		want(t, "what a join finds", m["ciphertext"], any(sealed(most)))
		a.ok(a.post("edit_message", message("message_id", id, "ciphertext", sealed(most-1))))
		want(t, "edited", a.event("message_edited")["ciphertext"], any(sealed(most-1)))
		want(t, "edited", b.event("message_edited")["ciphertext"], any(sealed(most-1)))
		b.refusedFor(b.post("send_message", message("ciphertext", sealed(8193))), "message_too_large")
		b.refusedFor(b.post("send_message", message("ciphertext", sealed(most))), "message_too_large")
		// The last join counts, not a refused one.
		a.refusedFor(a.post("join", person{"?", "?"}.joining()), "invalid_sender")
		b.sends(a)
		a.sends(b, "ciphertext", sealed(8193))
		a.join(ann)
		b.sends(a)
		a.refusedFor(a.post("send_message", message("ciphertext", sealed(8193))), "message_too_large")
	})
	off := unlimited
	off.MaxCiphertextBytes = 8192
	inWorld(t, off, func(t *testing.T, w *world) {
		a, b := w.extCouple("room")
		a.refusedFor(a.post("send_message", message("ciphertext", sealed(8193))), "message_too_large")
		a.sends(b, "ciphertext", sealed(8192))
	})
}

// The memory for large messages is bound over all rooms; a text always passes.
func TestSlot_SendMessage_SlotMemory(t *testing.T) {
	cfg := unlimited
	cfg.MaxSlotMemory = 10_000
	inWorld(t, cfg, func(t *testing.T, w *world) {
		a, b := w.extCouple("room")
		c, d := w.extCouple("other room")
		a.sends(b, "ciphertext", sealed(18_192))
		refused := c.refused(c.post("send_message", message("ciphertext", sealed(8_193))))
		want(t, "refused", refused, object{"reason": "rate_limited", "retry_after": 60.0})
		want(t, "counted", w.metric("sotto_rate_limited_total", "slot_memory"), 1.0)
		c.sends(d, "ciphertext", sealed(8_192))
		b.sends(a)
		d.sends(c, "ciphertext", sealed(18_192))
	})
}

// At most one a second and socket reaches the room.
func TestSlot_Typing_OnceASecond(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		for range 3 {
			a.post("typing", nil)
			b.event("counterparty_typing")
			a.post("typing", nil)
			time.Sleep(time.Second - time.Nanosecond)
			a.post("typing", nil)
			b.silent()
			time.Sleep(time.Nanosecond)
		}
		want(t, "dropped", w.metric("sotto_frames_rejected_total", "typing_too_often"), 6.0)
	})
}

// A frozen phone still counts as connected until its pings stay without pong.
func TestSlot_Presence_FrozenPhone(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a := w.dial("room")
		a.join(ann, "ext", 1)
		a.event("presence")
		b := w.dialWith("room", dialOptions{deaf: true})
		b.join(ben)
		joined := time.Now()
		a.paired()
		a.event("presence")
		m := a.next(10 * time.Minute)
		want(t, "presence", decode(t, m.text), object{"event": "presence", "data": object{"connected": false}})
		if after := m.at.Sub(joined); after < 240*time.Second || after > 270*time.Second {
			t.Errorf("presence changed after %v", after)
		}
	})
}

// Rooms live as long as the configuration says, to the instant.
func TestTTL(t *testing.T) {
	const ttl, unpaired = 10*time.Hour + 500*time.Millisecond, time.Hour
	inWorld(t, relay.Config{CreateRate: -1, JoinFloor: -1, RoomTTL: ttl, UnpairedTTL: unpaired}, func(t *testing.T, w *world) {
		a, b := w.dial("room"), w.dial("room")
		created := time.Now()
		wantStamp(t, "alone", a.join(ann)["ttl_expires_at"], created.Add(unpaired))
		wantStamp(t, "together", b.join(ben)["ttl_expires_at"], created.Add(ttl))
		a.paired()
		m := a.next(8 * 24 * time.Hour)
		want(t, "it ended after", m.at.Sub(created), ttl)
	})
}
