package relay_test

import (
	"fmt"
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

// notFrames are texts that are not frames, whatever the socket's state.
var notFrames = map[string]string{
	"empty":                     "",
	"space":                     " ",
	"no JSON":                   "hello",
	"null":                      "null",
	"array":                     `["join","1",{}]`,
	"string":                    `"join"`,
	"number":                    "1",
	"cut":                       `{"event":"join","ref":"1","data":{`,
	"two values":                `{"event":"typing"}{"event":"typing"}`,
	"trailing comma":            `{"event":"typing",}`,
	"comment":                   `{"event":"typing"/**/}`,
	"single quotes":             `{'event':'typing'}`,
	"no event":                  `{"ref":"1","data":{}}`,
	"event null":                `{"event":null,"ref":"1"}`,
	"event a number":            `{"event":1,"ref":"1"}`,
	"event an object":           `{"event":{},"ref":"1"}`,
	"ref a number":              `{"event":"typing","ref":1}`,
	"ref null":                  `{"event":"typing","ref":null}`,
	"ref an array":              `{"event":"typing","ref":["1"]}`,
	"ref of 65 bytes":           `{"event":"typing","ref":"` + strings.Repeat("r", 65) + `"}`,
	"ref of 33 two-byte runes":  `{"event":"typing","ref":"` + strings.Repeat("é", 33) + `"}`,
	"ref of 65 escaped":         `{"event":"typing","ref":"` + strings.Repeat(`\u0061`, 65) + `"}`,
	"event twice":               `{"event":"typing","event":"typing"}`,
	"event twice, escaped":      `{"event":"typing","\u0065vent":"typing"}`,
	"ref twice":                 `{"event":"typing","ref":"1","ref":"1"}`,
	"data twice":                `{"event":"typing","data":{},"data":{}}`,
	"unknown key twice":         `{"event":"typing","x":1,"x":1}`,
	"a key of data twice":       `{"event":"send_message","ref":"1","data":{"iv":"","iv":""}}`,
	"a key far inside twice":    `{"event":"typing","x":{"y":[{"z":1,"z":1}]}}`,
	"invalid UTF-8 in event":    "{\"event\":\"typ\xffing\"}",
	"invalid UTF-8 in ref":      "{\"event\":\"typing\",\"ref\":\"\xc3\x28\"}",
	"invalid UTF-8 elsewhere":   "{\"event\":\"typing\",\"x\":\"\xed\xa0\x80\"}",
	"lone surrogate":            `{"event":"typing","x":"\ud800"}`,
	"control character":         "{\"event\":\"typing\",\"x\":\"\x01\"}",
	"NUL behind":                "{\"event\":\"typing\"}\x00",
	"byte order mark":           "\ufeff{\"event\":\"typing\"}",
	"leading zero":              `{"event":"typing","x":01}`,
	"not a number":              `{"event":"typing","x":NaN}`,
	"deep arrays":               `{"event":"typing","x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`,
	"deep objects":              `{"event":"typing","x":` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000) + `}`,
	"deep and cut":              strings.Repeat("[", 20_000),
	"thousands of keys":         `{"event":"typing"` + manyKeys(3000) + `}`,
	"white space is not enough": strings.Repeat(" ", 30_000),
}

func manyKeys(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, `,"k%d":0`, i)
	}
	return s.String()
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
	data := object{"ciphertext": ciphertext, "iv": iv}
	for i := 0; i+1 < len(more); i += 2 {
		data[fmt.Sprint(more[i])] = more[i+1]
	}
	ref := c.post("send_message", data)
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

func TestFrames_RefIsEchoed(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, _ := w.couple("room")
		for _, ref := range []string{
			"", "0", "1", " ", "null", strings.Repeat("r", 64), strings.Repeat("é", 32), "🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂",
			`"\/` + "\b\f\n\r\t\x00\x1f\x7f", "<script>&\u2028\u2029",
		} {
			a.sayJSON(object{"event": "redeem_extension", "ref": ref})
			a.refusedFor(ref, "monetization_disabled")
		}
		// Escaped in every way, it is the same ref.
		a.say(`{"event":"redeem_extension","ref":"\u0061\ud83d\ude42\/"}`)
		a.refusedFor("a🙂/", "monetization_disabled")
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

func TestFrames_UnknownFieldsAreIgnored(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.dial("room"), w.dial("room")
		a.join(ann, "country_iso", "KE", "extension_secret", "s3cret", "x", []any{object{"y": nil}, 1e300, true})
		b.join(ben, "country_iso", 7, "extension_secret", object{})
		a.paired()
		a.say(`{"z":{"event":"expire_room"},"data":{"iv":"` + iv + `","é":[[]],"ciphertext":"` + ciphertext +
			`","Ciphertext":7},"topic":null,"event":"send_message","ref":"1","join_ref":"9"}`)
		a.event("new_message")
		a.ok("1")
		b.event("new_message")
	})
}

// Keys are case-sensitive: an access_hash under another name is missing.
func TestFrames_KeysAreCaseSensitive(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		c := w.dial("room")
		c.refusedFor(c.post("join", object{"sender_hash": ann.sender, "ACCESS_HASH": ann.access}), "invalid_access")
		c.refusedFor(c.post("join", object{"Sender_Hash": ann.sender, "access_hash": ann.access}), "invalid_sender")
		c.say(`{"EVENT":"typing","ref":"1"}`)
		want(t, "answer", c.next(within).text, badFrame)
		c.say(`{"event":"join","ref":"1","Data":{"sender_hash":"` + ann.sender + `","access_hash":"` + ann.access + `"}}`)
		c.refusedFor("1", "invalid_sender")
		want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)
	})
}

// Wrong types in known fields are bad input: the answer is the event's own.
func TestFrames_WrongTypes(t *testing.T) {
	for name, wrong := range map[string]any{
		"number": 1, "huge number": 1e308, "null": nil, "bool": true, "array": []any{}, "object": object{},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				stranger := w.dial("room")
				stranger.refusedFor(stranger.post("join", ann.joining("sender_hash", wrong)), "invalid_sender")
				stranger.refusedFor(stranger.post("join", ann.joining("access_hash", wrong)), "invalid_access")
				want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)

				a := w.dial("room")
				a.join(ann)
				a.refusedFor(a.post("reset_pairing", object{"otp_hash": wrong}), "invalid_token")
				w.dial("room").join(ben)
				a.paired()
				for _, field := range []string{"ciphertext", "iv"} {
					data := object{"ciphertext": ciphertext, "iv": iv}
					data[field] = wrong
					a.refusedFor(a.post("send_message", data), "invalid_encoding")
				}
				if wrong != nil { // null is as if absent
					a.refusedFor(a.post("send_message", object{
						"ciphertext": ciphertext, "iv": iv, "nonce": wrong,
					}), "invalid_encoding")
					a.refusedFor(a.post("send_message", object{
						"ciphertext": ciphertext, "iv": iv, "replaces": wrong,
					}), "invalid_encoding")
				}
				a.refusedFor(a.post("edit_message", object{"message_id": wrong, "ciphertext": ciphertext, "iv": iv}), "not_found")
				a.refusedFor(a.post("delete_message", object{"message_id": wrong}), "not_found")
				a.post("read_receipt", object{"message_id": wrong})
				a.silent()
			})
		})
	}
}

// A huge number, in any field that takes none, changes nothing.
func TestFrames_HugeNumbers(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		c := w.dial("room")
		digits := strings.Repeat("9", 20_000)
		c.say(`{"event":"join","ref":"1","data":{"sender_hash":` + digits + `}}`)
		c.refusedFor("1", "invalid_sender")
		c.say(`{"event":"join","ref":"2","data":{"sender_hash":"` + ann.sender + `","access_hash":"` + ann.access + `","ext":1e` + digits[:400] + `}}`)
		want(t, "presence for a client that asks in no known way", len(c.ok("2")), 4)
		c.silent()
	})
}

func TestFrames_DataIsNoObject(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		for _, data := range []any{1, "x", true, []any{}} {
			for _, event := range []string{"send_message", "expire_room", "reset_pairing"} {
				a.refusedFor(a.post(event, data), "invalid_encoding")
			}
			for _, event := range []string{"delete_message", "edit_message"} {
				a.refusedFor(a.post(event, data), "not_found")
			}
			a.refusedFor(a.post("join", data), "invalid_encoding")
		}
		b.silent()
		a.sends(b)
	})
}
