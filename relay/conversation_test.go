package relay_test

import (
	"testing"
)

// Two people meet, and one message travels.
func TestConversation(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		ref := a.post("send_message", object{"ciphertext": "c2VhbGVk", "iv": "AAECAwQFBgcICQoL"})
		atB := b.event("new_message")
		want(t, "the message at both", a.event("new_message"), atB)
		want(t, "ok", a.ok(ref), object{"message_id": atB["id"]})
		want(t, "ciphertext", atB["ciphertext"], "c2VhbGVk")
		b.post("read_receipt", object{"message_id": atB["id"]})
		want(t, "read receipt at both", a.event("message_read"), b.event("message_read"))
		a.silent()
		b.silent()
		a.leave()
		b.leave()
	})
}
