package relay_test

import (
	"strings"
	"testing"
	"time"
)

const (
	ciphertext = "c2VhbGVkIGFuZCBub3QgZm9yIHlvdQ=="
	iv         = "AAECAwQFBgcICQoL"
)

// badFrame is the answer to what is no frame.
const badFrame = `{"ref":"0","error":{"reason":"invalid_encoding"}}`

// notFrames are texts that are not frames, one of each kind that package wire
// refuses: its own tests have them all.
var notFrames = map[string]string{
	"no JSON":             "hello",
	"ref of 65 bytes":     `{"event":"typing","ref":"` + strings.Repeat("r", 65) + `"}`,
	"a key of data twice": `{"event":"send_message","ref":"1","data":{"iv":"","iv":""}}`,
	"invalid UTF-8":       "{\"event\":\"typing\",\"x\":\"\xed\xa0\x80\"}",
}

// What is no frame is answered with ref "0", the socket stays usable, nothing
// changes and the other party notices nothing.
func TestFrames_Malformed(t *testing.T) {
	for name, text := range notFrames {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				stranger := w.dial("room")
				stranger.say(text)
				want(t, "answer before the join", stranger.next(within).text, badFrame)
				stranger.refusedFor(stranger.post("typing", nil), "not_joined")

				a, b := w.couple("room")
				a.say(text)
				want(t, "answer", a.next(within).text, badFrame)
				a.silent()
				b.silent()
				a.sends(b)
				want(t, "counted", w.metric("sotto_frames_rejected_total", "not_a_frame"), 2.0)
			})
		})
	}
}

// sends makes c send a message, which must arrive at both, and returns its id.
func (c *client) sends(to *client, more ...any) (id string) {
	c.t.Helper()
	ref := c.post("send_message", message(more...))
	m := c.event("new_message")
	want(c.t, "the message at the other party", to.event("new_message"), m)
	want(c.t, "ok", c.ok(ref), object{"message_id": m["id"]})
	id, _ = m["id"].(string)
	return id
}

func TestFrames_Binary(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		good := `{"event":"expire_room","ref":"1"}`
		a.write(frameBytes(finBit|opBinary, []byte(good)))
		want(t, "answer", a.next(within).text, badFrame)
		a.write(frameBytes(finBit|opBinary, nil))
		want(t, "answer to an empty one", a.next(within).text, badFrame)
		a.sends(b)
		want(t, "counted", w.metric("sotto_frames_rejected_total", "binary"), 2.0)
	})
}

func TestFrames_UnknownEvent(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		for _, name := range []string{"", "shout", "Join", "JOIN", "join ", "new_message", "phx_join", "typing\u0000", "ｔyping"} {
			a.post(name, object{"ciphertext": ciphertext, "iv": iv})
		}
		time.Sleep(time.Second)
		for _, c := range []*client{a, b} {
			c.silent()
		}
	})
}

func TestFrames_NotJoined(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		id := a.sends(b)
		stranger := w.dial("room")
		for _, event := range []string{
			"send_message", "read_receipt", "edit_message", "delete_message", "typing",
			"expire_room", "reset_pairing", "redeem_extension", "hello", "", "shout", "JOIN", "new_message",
		} {
			data := object{
				"message_id": id, "ciphertext": ciphertext, "iv": iv,
				"otp_hash": hash("x"), "sender_hash": ben.sender, "access_hash": ben.access,
			}
			stranger.refusedFor(stranger.post(event, data), "not_joined")
			stranger.sayJSON(object{"event": event, "data": data}) // without a ref: silence
			stranger.silent()
			stranger.refusedFor(stranger.post(event, 7), "not_joined") // whatever the data is
		}
		a.silent()
		b.silent()
		// A refused join does not make a member.
		stranger.refused(stranger.post("join", mole.joining()))
		stranger.refusedFor(stranger.post("expire_room", nil), "not_joined")
		want(t, "counted", w.metric("sotto_frames_rejected_total", "not_joined"), 40.0)
	})
}

// Without a ref there is no reply, good or bad; the event counts all the same.
func TestFrames_WithoutRef(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.dial("room"), w.dial("room")
		a.sayJSON(object{"event": "join", "data": ann.joining()})
		time.Sleep(time.Second)
		a.silent()
		b.join(ben)
		a.paired()
		a.sayJSON(object{"event": "send_message", "data": object{"ciphertext": ciphertext, "iv": iv}})
		a.event("new_message")
		b.event("new_message")
		a.sayJSON(object{"event": "send_message", "data": object{"ciphertext": ciphertext, "iv": iv}})
		a.sayJSON(object{"event": "send_message", "data": object{"ciphertext": "?", "iv": iv}})
		a.sayJSON(object{"event": "edit_message", "data": object{"message_id": "x"}})
		a.sayJSON(object{"event": "redeem_extension"})
		a.sayJSON(object{"event": "reset_pairing"})
		a.silent()
		b.silent()
		stranger := w.dial("room")
		stranger.sayJSON(object{"event": "join", "data": mole.joining()})
		stranger.sayJSON(object{"event": "join", "data": object{}})
		time.Sleep(2 * time.Second)
		stranger.silent()
	})
}
