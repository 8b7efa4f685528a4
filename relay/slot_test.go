package relay_test

import (
	"strings"
	"testing"
	"time"
)

func TestSlot_ReadReceipt(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		b2 := w.dial("room")
		b2.join(ben)
		id := a.sends(b)
		b2.event("new_message")
		for _, wrong := range []any{"", "x", "00000000-0000-4000-8000-000000000000", ann.sender} {
			b.sayJSON(object{"event": "read_receipt", "ref": "r", "data": object{"message_id": wrong}})
		}
		b.sayJSON(object{"event": "read_receipt", "ref": "r"})
		a.sayJSON(object{"event": "read_receipt", "ref": "r", "data": object{"message_id": id}}) // one's own
		a.silent()
		b.silent()

		time.Sleep(time.Minute)
		b.sayJSON(object{"event": "read_receipt", "ref": "r", "data": object{"message_id": id}})
		read := a.event("message_read")
		wantStamp(t, "read_at", read["read_at"], time.Now())
		want(t, "message_read", read, object{"message_id": id, "read_at": read["read_at"]})
		want(t, "at the reader", b.event("message_read"), read)
		want(t, "at the reader's other socket", b2.event("message_read"), read)
		time.Sleep(time.Minute)
		b2.post("read_receipt", object{"message_id": id}) // read already
		for _, c := range []*client{a, b, b2} {
			c.silent()
		}
	})
}

func TestSlot_EditMessage(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		id := a.sends(b)
		edit := func(id any, more ...any) object { return message(append(more, "message_id", id)...) }

		b.refusedFor(b.post("edit_message", edit(id)), "not_found") // not the author's
		a.refusedFor(a.post("edit_message", edit("00000000-0000-4000-8000-000000000000")), "not_found")
		a.refusedFor(a.post("edit_message", edit("x", "iv", "?")), "not_found")
		a.refusedFor(a.post("edit_message", edit(id, "iv", "?")), "invalid_encoding")
		a.refusedFor(a.post("edit_message", edit(id, "iv", sealed(13))), "invalid_encoding")
		a.refusedFor(a.post("edit_message", edit(id, "ciphertext", sealed(8193))), "message_too_large")
		b.silent()

		other := sealed(100)
		want(t, "ok", a.ok(a.post("edit_message", edit(id, "ciphertext", other, "iv", sealed(12)))), object{})
		edited := object{"message_id": id, "ciphertext": other, "iv": sealed(12)}
		want(t, "message_edited", a.event("message_edited"), edited)
		want(t, "message_edited", b.event("message_edited"), edited)
		m, _ := w.dial("room").join(ben)["current_message"].(object)
		want(t, "the slot's ciphertext", m["ciphertext"], any(other))
		want(t, "the slot's iv", m["iv"], any(sealed(12)))
		want(t, "its id", m["id"], any(id))

		b.post("read_receipt", object{"message_id": id})
		a.event("message_read")
		b.event("message_read")
		a.refusedFor(a.post("edit_message", edit(id)), "not_editable")
		a.refusedFor(a.post("edit_message", edit(id, "iv", "?")), "not_editable")
		b.refusedFor(b.post("edit_message", edit(id)), "not_found")
		b.silent()
	})
}

func TestSlot_DeleteMessage(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		a.refusedFor(a.post("delete_message", object{"message_id": "00000000-0000-0000-0000-000000000000"}), "not_found")
		id := a.sends(b)
		b.refusedFor(b.post("delete_message", object{"message_id": id}), "not_found")
		a.refusedFor(a.post("delete_message", object{"message_id": "x"}), "not_found")
		a.refusedFor(a.post("delete_message", nil), "not_found")
		b.silent()

		want(t, "ok", a.ok(a.post("delete_message", object{"message_id": id})), object{})
		want(t, "message_deleted", a.event("message_deleted"), object{"message_id": id})
		want(t, "message_deleted", b.event("message_deleted"), object{"message_id": id})
		a.refusedFor(a.post("delete_message", object{"message_id": id}), "not_found")
		if m, there := w.dial("room").join(ben)["current_message"]; there {
			t.Errorf("the slot still holds %v", m)
		}
		// The turn is free, for either.
		next := a.sends(b)
		b.post("read_receipt", object{"message_id": next})
		a.event("message_read")
		b.event("message_read")
		a.refusedFor(a.post("delete_message", object{"message_id": next}), "not_deletable")
	})
}

func TestSlot_Typing(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		a2, b2 := w.dial("room"), w.dial("room")
		a2.join(ann)
		b2.join(ben)
		a.post("typing", nil)
		want(t, "counterparty_typing", b.event("counterparty_typing"), object{})
		want(t, "counterparty_typing", b2.event("counterparty_typing"), object{})
		a.silent()
		a2.silent()
		a2.post("typing", object{"x": 1}) // another socket has its own second
		b.event("counterparty_typing")
		b2.event("counterparty_typing")
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

func TestSlot_ExpireRoom(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		a2 := w.dial("room")
		before := a2.join(ann)
		a.sends(b)
		a2.event("new_message")
		unjoined := w.dial("room")

		want(t, "ok", b.ok(b.post("expire_room", nil)), object{})
		for _, c := range []*client{b, a, a2} {
			want(t, "room_expired", c.event("room_expired"), object{})
			c.closed(1000, "room_expired")
		}
		want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)
		want(t, "counted", w.metric("sotto_connections_closed_total", "1000"), 3.0)

		// The next join creates a new room with a new room_id.
		after := unjoined.join(mole)
		wantKeys(t, after, "room_id", "ttl_expires_at", "awaiting_party", "resume")
		want(t, "awaiting_party", after["awaiting_party"], any(true))
		if after["room_id"] == before["room_id"] {
			t.Error("the new room has the old room's id")
		}
	})
}

func TestSlot_ResetPairing(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.dial("room"), w.dial("room")
		a.join(ann) // without a gate
		for _, bad := range []any{nil, "", "x", hash("ref")[1:], strings.ToUpper(hash("ref"))} {
			a.refusedFor(a.post("reset_pairing", object{"otp_hash": bad}), "invalid_token")
		}
		a.refusedFor(a.post("reset_pairing", nil), "invalid_token")
		want(t, "ok", a.ok(a.post("reset_pairing", object{"otp_hash": hash("ref")})), object{})
		b.refusedFor(b.post("join", ben.joining()), "otp_required")
		want(t, "ok", a.ok(a.post("reset_pairing", object{"otp_hash": hash("ref 2")})), object{})
		b.refusedFor(b.post("join", ben.joining("otp_hash", hash("ref"))), "otp_invalid")
		a.silent()
		b.join(ben, "otp_hash", hash("ref 2"))
		a.paired()
		a.refusedFor(a.post("reset_pairing", object{"otp_hash": hash("ref")}), "not_found")
		a.refusedFor(a.post("reset_pairing", nil), "not_found")
		b.refusedFor(b.post("reset_pairing", object{"otp_hash": hash("ref")}), "not_found")
	})
}

// Replies and broadcasts reach a member in the order of the room's steps,
// however fast the requests come.
func TestSlot_InTheOrderOfSteps(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		id := a.sends(b)
		var refs []string
		for n := range 25 {
			refs = append(refs,
				a.post("edit_message", message("message_id", id, "ciphertext", sealed(n))),
				a.post("send_message", message()),
				a.post("redeem_extension", nil))
		}
		refs = append(refs, a.post("delete_message", object{"message_id": id}))
		for n := range 25 {
			want(t, "ok", a.ok(refs[3*n]), object{})
			edited := object{"message_id": id, "ciphertext": sealed(n), "iv": iv}
			want(t, "edit at the author", a.event("message_edited"), edited)
			want(t, "edit at the other", b.event("message_edited"), edited)
			a.refusedFor(refs[3*n+1], "not_your_turn")
			a.refusedFor(refs[3*n+2], "monetization_disabled")
		}
		a.ok(refs[75])
		a.event("message_deleted")
		b.event("message_deleted")
		a.silent()
		b.silent()
	})
}
