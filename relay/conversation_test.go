package relay_test

import (
	"testing"
	"time"
)

// Two people do all that the protocol has, and every frame that they get is as
// PROTOCOL.md says, field for field. The rules themselves are tested in package
// roomactor.
func TestConversation(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.dial("room"), w.dial("room")
		ok := a.join(ann, "otp_hash", hash("ref"), "ext", 1)
		created := time.Now()
		wantKeys(t, ok, "room_id", "ttl_expires_at", "awaiting_party", "resume", "sender_hash")
		wantMatch(t, "room_id", ok["room_id"], uuid4)
		wantMatch(t, "resume", ok["resume"], hex32)
		wantStamp(t, "ttl_expires_at", ok["ttl_expires_at"], created.Add(24*time.Hour))
		want(t, "awaiting_party", ok["awaiting_party"], any(true))
		want(t, "sender_hash", ok["sender_hash"], any(ann.sender))
		want(t, "presence", a.event("presence"), object{"connected": false})

		for _, bad := range []any{nil, "", "x", hash("ref")[1:]} {
			a.refusedFor(a.post("reset_pairing", object{"otp_hash": bad}), "invalid_token")
		}
		want(t, "ok", a.ok(a.post("reset_pairing", object{"otp_hash": hash("ref 2")})), object{})
		b.refusedFor(b.post("join", ben.joining()), "otp_required")
		b.refusedFor(b.post("join", ben.joining("otp_hash", hash("ref"))), "otp_invalid")
		b.refusedFor(b.post("join", ben.joining("intent", "return", "room_id", "x")), "not_found")
		b.refusedFor(b.post("join", person{ben.access, ann.sender}.joining("otp_hash", hash("ref 2"))), "invalid_sender")
		paired := b.join(ben, "otp_hash", hash("ref 2"))
		wantKeys(t, paired, "room_id", "ttl_expires_at", "awaiting_party", "resume")
		want(t, "awaiting_party", paired["awaiting_party"], any(false))
		wantStamp(t, "ttl_expires_at", paired["ttl_expires_at"], created.Add(7*24*time.Hour))
		want(t, "party_paired", a.paired(), object{"ttl_expires_at": paired["ttl_expires_at"]})
		want(t, "presence", a.event("presence"), object{"connected": true})
		a.refusedFor(a.post("reset_pairing", object{"otp_hash": hash("ref")}), "not_found")

		w.talkAbout(t, a, b)
		a = w.sayHello(t, a, b)

		want(t, "ok", b.ok(b.post("expire_room", nil)), object{})
		for _, c := range []*client{b, a} {
			want(t, "room_expired", c.event("room_expired"), object{})
			c.closed(1000, "room_expired")
		}
		again := w.dial("room").join(mole)
		wantKeys(t, again, "room_id", "ttl_expires_at", "awaiting_party", "resume")
		if again["room_id"] == ok["room_id"] {
			t.Error("the new room has the old room's id")
		}
	})
}

// talkAbout fills the slot and empties it.
func (w *world) talkAbout(t *testing.T, a, b *client) {
	t.Helper()
	both := func(event string, data object) {
		t.Helper()
		want(t, event, a.event(event), data)
		want(t, event+" at the other", b.event(event), data)
	}
	ref := a.post("send_message", message("nonce", "00000000000000aa"))
	m := a.event("new_message")
	id := m["id"]
	wantMatch(t, "id", id, uuid4)
	wantStamp(t, "inserted_at", m["inserted_at"], time.Now())
	want(t, "new_message", m, object{
		"id": id, "sender_hash": ann.sender, "ciphertext": ciphertext, "iv": iv, "read_at": nil, "inserted_at": m["inserted_at"],
	})
	want(t, "ok", a.ok(ref), object{"message_id": id})
	want(t, "new_message at the other", b.event("new_message"), m)
	want(t, "the first ok again", a.ok(a.post("send_message", message("nonce", "00000000000000aa"))), object{"message_id": id})
	a.refusedFor(a.post("send_message", message()), "not_your_turn")
	for _, reason := range []struct {
		name string
		more []any
	}{
		{"stale", []any{"replaces", nil}},
		{"stale", []any{"replaces", id, "replaces_iv", sealed(12)}},
		{"invalid_encoding", []any{"replaces_iv", "AAAA"}},
		{"invalid_encoding", []any{"ciphertext", "?"}},
		{"message_too_large", []any{"ciphertext", sealed(8193)}},
	} {
		b.refusedFor(b.post("send_message", message(reason.more...)), reason.name)
	}

	edit := message("message_id", id, "ciphertext", sealed(8192), "iv", sealed(12))
	b.refusedFor(b.post("edit_message", edit), "not_found")
	want(t, "ok", a.ok(a.post("edit_message", edit)), object{})
	both("message_edited", edit)
	time.Sleep(time.Hour)
	b.post("read_receipt", object{"message_id": id})
	read := a.event("message_read")
	wantStamp(t, "read_at", read["read_at"], time.Now())
	want(t, "message_read", read, object{"message_id": id, "read_at": read["read_at"]})
	want(t, "message_read at the reader", b.event("message_read"), read)
	want(t, "current_message", b.join(ben)["current_message"], any(object{
		"id": id, "sender_hash": ann.sender, "ciphertext": sealed(8192), "iv": sealed(12),
		"read_at": read["read_at"], "inserted_at": m["inserted_at"],
	}))
	a.refusedFor(a.post("edit_message", edit), "not_editable")
	a.refusedFor(a.post("delete_message", object{"message_id": id}), "not_deletable")

	answer := b.sends(a, "replaces", id, "replaces_iv", sealed(12))
	want(t, "ok", b.ok(b.post("delete_message", object{"message_id": answer})), object{})
	both("message_deleted", object{"message_id": answer})
	if m, there := b.join(ben)["current_message"]; there {
		t.Errorf("the slot still holds %v", m)
	}
	a.post("typing", nil)
	want(t, "counterparty_typing", b.event("counterparty_typing"), object{})
	b.refusedFor(b.post("redeem_extension", nil), "monetization_disabled")
	a.silent()
}

// sayHello says sotto-2's hellos. The second comes from another page of a's
// seat, which it returns, as a is closed by it.
func (w *world) sayHello(t *testing.T, a, b *client) (page *client) {
	t.Helper()
	hello := func(n int) object { return object{"hello": sealed(n)} }
	want(t, "the first", b.ok(b.post("hello", hello(1))), object{})
	want(t, "told", a.event("hello"), hello(1))
	page = w.dial("room")
	page.join(ann)
	want(t, "the second", page.ok(page.post("hello", hello(2048))), hello(1))
	want(t, "told", b.event("hello"), hello(2048))
	a.closed(4500, "moved")
	b.refusedFor(b.post("hello", hello(0)), "invalid_encoding")
	b.refusedFor(b.post("hello", hello(2049)), "message_too_large")
	want(t, "what is kept", b.ok(b.post("hello", hello(1))), hello(2048))
	return page
}
