package relay_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"sotto/relay"
)

// sealed returns the base64 of n bytes.
func sealed(n int) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", n))) }

func message(more ...any) object {
	data := object{"ciphertext": ciphertext, "iv": iv}
	for i := 0; i+1 < len(more); i += 2 {
		if key, ok := more[i].(string); ok {
			data[key] = more[i+1]
		}
	}
	return data
}

// Every joined socket, the sender's too, gets the whole message; then the
// sender gets its ok.
func TestSlot_SendMessage(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		a2 := w.dial("room")
		a2.join(ann)
		ref := a.post("send_message", message())
		m := a.event("new_message")
		now := time.Now()
		ok := a.ok(ref)
		wantMatch(t, "id", m["id"], uuid4)
		wantStamp(t, "inserted_at", m["inserted_at"], now)
		want(t, "new_message", m, object{
			"id": m["id"], "sender_hash": ann.sender, "ciphertext": ciphertext, "iv": iv,
			"read_at": nil, "inserted_at": m["inserted_at"],
		})
		want(t, "ok", ok, object{"message_id": m["id"]})
		want(t, "at the seat's other socket", a2.event("new_message"), m)
		want(t, "at the other seat", b.event("new_message"), m)
		for _, c := range []*client{a, a2, b} {
			c.silent()
		}
	})
}

func TestSlot_SendMessage_TooLarge(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		a.refusedFor(a.post("send_message", message("ciphertext", sealed(8193))), "message_too_large")
		b.silent()
		ref := a.post("send_message", message("ciphertext", sealed(8192)))
		want(t, "the largest", a.event("new_message")["ciphertext"], any(sealed(8192)))
		a.ok(ref)
		want(t, "the largest", b.event("new_message")["ciphertext"], any(sealed(8192)))
		// Size and encoding come before the turn.
		a.refusedFor(a.post("send_message", message("ciphertext", sealed(8193))), "message_too_large")
		a.refusedFor(a.post("send_message", message("ciphertext", "?")), "invalid_encoding")
		a.refusedFor(a.post("send_message", message()), "not_your_turn")
	})
}

// Who joined with ext may send more, which everyone gets, those without ext too;
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

func TestSlot_SendMessage_NotYourTurn(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		id := a.sends(b)
		a.refusedFor(a.post("send_message", message()), "not_your_turn")
		b.post("read_receipt", object{"message_id": id})
		a.event("message_read")
		b.event("message_read")
		a.refusedFor(a.post("send_message", message()), "not_your_turn") // read or not
		a.refusedFor(a.post("send_message", message("replaces", id)), "not_your_turn")
		b.silent()
		b.sends(a)
		b.refusedFor(b.post("send_message", message()), "not_your_turn")
		a.sends(b)
	})
}

// Two people who press send at the same moment lose nothing: one is told.
func TestSlot_SendMessage_ReplacesAtTheSameMoment(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		fromA := a.post("send_message", message("replaces", nil))
		fromB := b.post("send_message", message("replaces", nil))
		m := a.event("new_message")
		want(t, "the one message", b.event("new_message"), m)
		winner, loser, won, lost := a, b, fromA, fromB
		if m["sender_hash"] == ben.sender {
			winner, loser, won, lost = b, a, fromB, fromA
		}
		winner.ok(won)
		loser.refusedFor(lost, "stale")
		a.silent()
		b.silent()
	})
}

func TestSlot_SendMessage_Nonce(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		nonce := strings.Repeat("0a", 8)
		id := a.sends(b, "nonce", nonce)
		again := func(c *client, more ...any) {
			t.Helper()
			ref := c.post("send_message", message(append(more, "nonce", nonce)...))
			want(t, "the first ok again", c.ok(ref), object{"message_id": id})
			b.silent()
		}
		again(a)
		again(a, "replaces", "x", "ciphertext", sealed(10)) // whatever else it says
		// From another socket of the seat, as after a reconnect.
		a2 := w.dial("room")
		a2.join(ann)
		again(a2)
		// Even when the message is gone.
		a.ok(a.post("delete_message", object{"message_id": id}))
		for _, c := range []*client{a, a2, b} {
			c.event("message_deleted")
		}
		again(a)
		// Encoding and size come first.
		a.refusedFor(a.post("send_message", message("nonce", nonce, "iv", "")), "invalid_encoding")
		a.refusedFor(a.post("send_message", message("nonce", nonce, "ciphertext", sealed(8193))), "message_too_large")
		// The other seat's same nonce is another nonce.
		other := b.sends(a, "nonce", nonce)
		if other == id {
			t.Error("a nonce reached over to the other seat")
		}
		a2.event("new_message")
		again(a) // a's own is still the last accepted of a's
		// A refused send does not count as the next.
		a.refusedFor(a.post("send_message", message("nonce", strings.Repeat("1", 16), "replaces", nil)), "stale")
		again(a)
		// Three more accepted sends leave it, the fourth does not.
		for _, next := range "FDCB" {
			again(a)
			a.sends(b, "nonce", strings.Repeat(string(next), 64))
			a2.event("new_message")
			b.sends(a)
			a2.event("new_message")
		}
		if a.sends(b, "nonce", nonce) == id {
			t.Error("the nonce of five sends ago is still known")
		}
		a2.event("new_message")
		// Digits are compared as they were sent.
		a.refusedFor(a.post("send_message", message("nonce", strings.Repeat("f", 64))), "not_your_turn")
	})
}

// An edit keeps the id: replaces_iv says which words are answered.
func TestSlot_SendMessage_ReplacesIV(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		id := a.sends(b)
		first, second := message()["iv"], base64.StdEncoding.EncodeToString([]byte("other words!"))
		a.ok(a.post("edit_message", message("message_id", id, "iv", second)))
		a.event("message_edited")
		b.event("message_edited")
		b.refusedFor(b.post("send_message", message("replaces", id, "replaces_iv", first)), "stale")
		b.refusedFor(b.post("send_message", message("replaces", id, "replaces_iv", "AAAA")), "invalid_encoding")
		b.sends(a, "replaces", id, "replaces_iv", second)
	})
}

// sotto-2's hello: kept for the other, told to it, and the end of one's other
// sockets.
func TestHello(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		hello := func(c *client, text string, behind ...string) object {
			t.Helper()
			return c.ok(c.post("hello", object{"hello": base64.StdEncoding.EncodeToString([]byte(text))}), behind...)
		}
		text := func(s string) object { return object{"hello": base64.StdEncoding.EncodeToString([]byte(s))} }
		want(t, "the first", hello(a, "A"), object{})
		want(t, "told", b.event("hello"), text("A"))
		want(t, "the second", hello(b, "B"), text("A"))
		want(t, "told", a.event("hello"), text("B"))

		page := w.dial("room")
		ok := page.join(ann, "ext", 1)
		want(t, "sender_hash", ok["sender_hash"], any(ann.sender))
		page.event("presence")
		want(t, "the same bytes", hello(page, "A"), text("B"))
		a.closed(4500, "moved")
		b.silent()
		hello(page, "AA")
		want(t, "told", b.event("hello"), text("AA"))
		page.sends(b)

		for data, reason := range map[string]string{
			"": "invalid_encoding", "?": "invalid_encoding", sealed(2049): "message_too_large",
		} {
			b.refusedFor(b.post("hello", object{"hello": data}), reason)
		}
		want(t, "the longest", b.ok(b.post("hello", object{"hello": sealed(2048)})), text("AA"))
		want(t, "told", page.event("hello"), object{"hello": sealed(2048)})
	})
}
