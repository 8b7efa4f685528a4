package relay_test

import (
	"strings"
	"testing"
	"time"
)

func TestJoin_1_Malformed(t *testing.T) {
	for name, bad := range map[string]any{
		"short": ann.access[1:], "long": ann.access + "0", "upper case": strings.ToUpper(ann.access),
		"not hex": "g" + ann.access[1:], "empty": "", "spaces": " " + ann.access[1:],
		"full-width digits": strings.Repeat("１", 64), "two-byte digits": strings.Repeat("é", 32),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				c := w.dial("room")
				c.refusedFor(c.post("join", object{"sender_hash": bad, "access_hash": ann.access}), "invalid_sender")
				c.refusedFor(c.post("join", object{"sender_hash": ann.sender, "access_hash": bad}), "invalid_access")
				c.refusedFor(c.post("join", object{"sender_hash": bad, "access_hash": bad}), "invalid_sender")
				want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)

				// No room is touched: not even a lock shows, and nothing is counted.
				w.couple("room")
				for range 20 {
					c.refusedFor(c.post("join", object{"sender_hash": ann.sender, "access_hash": bad}), "invalid_access")
				}
				want(t, "error", c.refused(c.post("join", mole.joining())),
					object{"reason": "unauthorized", "attempts_remaining": 9.0})
				w.lockRest("room", 8)
				c.refusedFor(c.post("join", object{"sender_hash": bad, "access_hash": ann.access}), "invalid_sender")
			})
		})
	}
}

// lockRest fails n times and once more, which locks.
func (w *world) lockRest(name string, n int) {
	w.t.Helper()
	c := w.dial(name)
	for range n {
		c.refused(c.post("join", mole.joining()))
	}
	want(w.t, "reason", c.refused(c.post("join", mole.joining()))["reason"], any("locked"))
	c.leave()
}

func TestJoin_2_Creates(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		ids := make(map[any]bool)
		for _, name := range []string{"one", "two", "three"} {
			c := w.dial(name)
			ok := c.join(ann)
			created := time.Now()
			wantKeys(t, ok, "room_id", "ttl_expires_at", "awaiting_party", "resume")
			wantMatch(t, "room_id", ok["room_id"], uuid4)
			wantMatch(t, "resume", ok["resume"], hex32)
			wantStamp(t, "ttl_expires_at", ok["ttl_expires_at"], created.Add(24*time.Hour))
			want(t, "awaiting_party", ok["awaiting_party"], any(true))
			c.silent()
			ids[ok["room_id"]] = true
			ids[ok["resume"]] = true
		}
		want(t, "distinct ids and tokens", len(ids), 6)
		want(t, "rooms", w.metric("sotto_rooms", ""), 3.0)
	})
}

func TestJoin_2_IntentEnter(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		c := w.dial("room")
		for range 12 { // never counts
			c.refusedFor(c.post("join", ann.joining("intent", "enter", "otp_hash", hash("ref"))), "not_found")
		}
		want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)
		w.dial("room").join(ben)
		want(t, "awaiting_party", c.join(ann, "intent", "enter")["awaiting_party"], any(false))
		want(t, "again, as a seat", c.join(ann, "intent", "enter")["awaiting_party"], any(false))
	})
}

func TestJoin_2_IntentReturn(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		c := w.dial("room")
		other := "00000000-0000-4000-8000-000000000000"
		c.refusedFor(c.post("join", ann.joining("intent", "return", "room_id", other)), "not_found")
		c.refusedFor(c.post("join", ann.joining("intent", "return")), "not_found")
		want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)

		a, _ := w.couple("room")
		id, _ := a.join(ann)["room_id"].(string)
		// Another life of the room is looked at before credentials, and uncounted.
		for _, p := range []person{ann, mole} {
			for _, wrong := range []any{other, "", "x", nil, id[:35], id + "0"} {
				c.refusedFor(c.post("join", p.joining("intent", "return", "room_id", wrong)), "not_found")
			}
		}
		// The same life: as any join, but of a seat only.
		want(t, "error", c.refused(c.post("join", mole.joining("intent", "return", "room_id", id))),
			object{"reason": "unauthorized", "attempts_remaining": 9.0})
		want(t, "room_id", c.join(ann, "intent", "return", "room_id", id)["room_id"], any(id))
		want(t, "in upper case", c.join(ann, "intent", "return", "room_id", strings.ToUpper(id))["room_id"], any(id))
	})
}

func TestJoin_5_Gate(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, a2, b := w.dial("room"), w.dial("room"), w.dial("room")
		a.join(ann, "otp_hash", hash("ref"))
		created := time.Now()
		a2.join(ann)
		b.refusedFor(b.post("join", ben.joining()), "otp_required")
		b.refusedFor(b.post("join", ben.joining("otp_hash", nil)), "otp_required")
		b.refusedFor(b.post("join", ben.joining("otp_hash", hash("guess"))), "otp_invalid")
		b.refusedFor(b.post("join", ben.joining("otp_hash", hash("ref")[:63])), "otp_invalid")
		b.refusedFor(b.post("join", ben.joining("otp_hash", strings.ToUpper(hash("ref")))), "otp_invalid")
		b.refusedFor(b.post("join", ben.joining("otp_hash", 1)), "otp_invalid")
		a.silent()

		ok := b.join(ben, "otp_hash", hash("ref"))
		want(t, "awaiting_party", ok["awaiting_party"], any(false))
		wantStamp(t, "ttl_expires_at", ok["ttl_expires_at"], created.Add(7*24*time.Hour))
		for _, c := range []*client{a, a2} {
			want(t, "party_paired", c.paired(), object{"ttl_expires_at": ok["ttl_expires_at"]})
			c.silent()
		}
		b.silent()

		// The gate is gone for good, and so is the open seat.
		c := w.dial("room")
		want(t, "reason", c.refused(c.post("join", mole.joining("otp_hash", hash("ref"))))["reason"], any("unauthorized"))
		c.join(ben)
		c.join(ben, "otp_hash", hash("wrong"))
	})
}

// Author, turn, receipts and typing go by seat. The sender of a seat's first
// join is kept.
func TestJoin_WhoIsWho(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.dial("room"), w.dial("room")
		a.join(ann)
		b.refusedFor(b.post("join", person{ben.access, ann.sender}.joining()), "invalid_sender")
		b.join(ben)
		a.paired()

		// The same PIN on another phone, which has made up another sender.
		a2 := w.dial("room")
		a2.join(person{ann.access, hash("another sender")})
		ref := a2.post("send_message", object{"ciphertext": ciphertext, "iv": iv})
		m := a2.event("new_message")
		a2.ok(ref)
		want(t, "sender_hash", m["sender_hash"], any(ann.sender))
		want(t, "at the seat's other socket", a.event("new_message"), m)
		want(t, "at the other seat", b.event("new_message"), m)
		a.refusedFor(a.post("send_message", object{"ciphertext": ciphertext, "iv": iv}), "not_your_turn")
		a.post("read_receipt", object{"message_id": m["id"]}) // one's own
		a.silent()
		a.ok(a.post("edit_message", object{"message_id": m["id"], "ciphertext": ciphertext, "iv": iv}))
		a2.event("message_edited")
	})
}

func TestJoin_TellsTheWholeState(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		id := a.sends(b)
		inserted := time.Now()
		c := w.dial("room")
		ok := c.join(ben)
		wantKeys(t, ok, "room_id", "ttl_expires_at", "awaiting_party", "current_message", "resume")
		m, _ := ok["current_message"].(object)
		wantStamp(t, "inserted_at", m["inserted_at"], inserted)
		want(t, "current_message", m, object{
			"id": id, "sender_hash": ann.sender, "ciphertext": ciphertext, "iv": iv,
			"read_at": nil, "inserted_at": m["inserted_at"],
		})
		time.Sleep(time.Hour)
		b.post("read_receipt", object{"message_id": id})
		read := a.event("message_read")
		wantStamp(t, "read_at", read["read_at"], time.Now())
		m, _ = w.dial("room").join(ann)["current_message"].(object)
		want(t, "read_at", m["read_at"], read["read_at"])
	})
}

// A seat may have 8 joined sockets; the 9th closes the oldest.
func TestJoin_NinthSocket(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		phones := []*client{b}
		for range 7 {
			c := w.dial("room")
			c.join(ben)
			phones = append(phones, c)
		}
		b.join(ben) // again: no ninth, and b stays the oldest
		b.silent()
		ninth := w.dial("room")
		ninth.join(ben)
		b.closed(4501, "too_many_devices")
		a.silent()
		id := a.sends(ninth)
		for _, c := range phones[1:] {
			want(t, "message", c.event("new_message")["id"], any(id))
		}
		tenth := w.dial("room")
		tenth.join(ben)
		phones[1].closed(4501, "too_many_devices")
		a.silent() // the other seat is not touched
		want(t, "counted", w.metric("sotto_connections_closed_total", "4501"), 2.0)
	})
}
