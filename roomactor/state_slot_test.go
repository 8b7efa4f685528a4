package roomactor

import (
	"bytes"
	"testing"
	"time"

	"sotto/wire"
)

// oneMessage is a paired room in which alice wrote m1 after a second.
var oneMessage = all(paired, wait(time.Second), send("a", "hi"))

// PROTOCOL.md, send_message.
func TestSend(t *testing.T) {
	checkRules(t,
		is("everyone gets it, the sender too, then the ok", all(paired, join("b2", "bob"), wait(time.Second)), send("a", "hi"),
			`a new_message m1 alice "hi" 1s | b new_message m1 alice "hi" 1s | b2 new_message m1 alice "hi" 1s | a ok m1 | = send_message`),
		is("an answer replaces the message", oneMessage, send("b", "ho"),
			`a new_message m2 bob "ho" 1s | b new_message m2 bob "ho" 1s | b ok m2 | = send_message`),
		is("an answer to a read one is not read", all(oneMessage, read("b", "m1"), send("b", "ho")), join("a2", "alice"),
			`a2 joined r1 until 7d token t3 with m2 bob "ho" 1s | = entered`),
		is("not twice in a row after it was read", all(oneMessage, read("b", "m1")), send("a", "and"), `a error not_your_turn`),
		is("a deletion frees the turn", all(oneMessage, remove("a", "m1")), send("a", "again"),
			`a new_message m2 alice "again" 1s | b new_message m2 alice "again" 1s | a ok m2 | = send_message`),
		is("bad encoding", paired, send("a", "", fault(wire.ReasonInvalidEncoding)), `a error invalid_encoding`),
		is("too large", paired, send("a", "", fault(wire.ReasonTooLarge)), `a error message_too_large`),
		is("a fault comes before the nonce", all(paired, send("a", "hi", nonce(1))), send("a", "", nonce(1), fault(wire.ReasonTooLarge)),
			`a error message_too_large`),
		is("the turn comes before replaces", oneMessage, send("a", "and", replacesNothing), `a error not_your_turn`),
	)
}

// PROTOCOL.md, replaces.
func TestReplaces(t *testing.T) {
	sent := `a new_message m2 bob "ho" 1s | b new_message m2 bob "ho" 1s | b ok m2 | = send_message`
	checkRules(t,
		is("what is there", oneMessage, send("b", "ho", replaces("m1")), sent),
		is("null, but there is one", oneMessage, send("b", "ho", replacesNothing), `b error stale`),
		is("another id", oneMessage, send("b", "ho", replaces("m7")), `b error stale`),
		is("no UUID", oneMessage, send("b", "ho", replacesGarbage), `b error stale`),
		is("an id, but it is empty", all(oneMessage, remove("a", "m1")), send("b", "ho", replaces("m1")), `b error stale`),
		is("null, and it is empty", all(paired, wait(time.Second), send("a", "hi"), remove("a", "m1")), send("b", "ho", replacesNothing),
			sent),
		is("stale changes nothing", all(oneMessage, send("b", "ho", replacesNothing)), join("b", "bob"),
			`b joined r1 until 7d token t3 with m1 alice "hi" 1s | = entered`),
	)
}

// PROTOCOL.md, replaces_iv: an edit keeps the id, so the id does not say which
// words were read.
func TestReplacesIV(t *testing.T) {
	sent := `a new_message m2 bob "ho" 1s | b new_message m2 bob "ho" 1s | b ok m2 | = send_message`
	edited := all(oneMessage, edit("a", "m1", "hello"))
	checkRules(t,
		is("what is there", oneMessage, send("b", "ho", replaces("m1"), replacesIV("hi")), sent),
		is("as edited", edited, send("b", "ho", replaces("m1"), replacesIV("hello")), sent),
		is("before the edit", edited, send("b", "ho", replaces("m1"), replacesIV("hi")), `b error stale`),
		is("alone", oneMessage, send("b", "ho", replacesIV("hi")), sent),
		is("alone, of other words", oneMessage, send("b", "ho", replacesIV("hello")), `b error stale`),
		is("with null", paired, send("b", "ho", replacesNothing, replacesIV("")), `b error stale`),
		is("a repeat comes before it", all(paired, send("a", "hi", nonce(1))), send("a", "hi", nonce(1), replacesIV("x")), `a ok m1`),
	)
}

// PROTOCOL.md, nonce.
func TestNonce(t *testing.T) {
	first := all(paired, send("a", "hi", nonce(1)))
	checkRules(t,
		is("a repeat gets the first ok and changes nothing", first, send("a", "hi", nonce(1)), `a ok m1`),
		is("a repeat comes before replaces", first, send("a", "hi", nonce(1), replacesNothing), `a ok m1`),
		is("from another socket of the seat", all(first, join("a2", "alice")), send("a2", "hi", nonce(1)), `a2 ok m1`),
		is("after the message was deleted", all(first, remove("a", "m1")), send("a", "hi", nonce(1)), `a ok m1`),
		is("of the other seat is no repeat", first, send("b", "ho", nonce(1)),
			`a new_message m2 bob "ho" 0s | b new_message m2 bob "ho" 0s | b ok m2 | = send_message`),
		is("after three more sends, with and without nonces", all(first, send("b", "ho"), send("a", "2", nonce(2)), send("b", "ho"), send("a", "-"), send("b", "ho"), send("a", "3", nonce(3)), send("b", "ho"), send("a", "4", nonce(4))), send("a", "hi", nonce(1)),
			`a ok m1`),
		is("after four more is no repeat", all(first, send("b", "ho"), send("a", "2", nonce(2)), send("b", "ho"), send("a", "3", nonce(3)), send("b", "ho"), send("a", "4", nonce(4)), send("b", "ho"), send("a", "5", nonce(5)), send("b", "ho")), send("a", "hi", nonce(1)),
			`a new_message m11 alice "hi" 0s | b new_message m11 alice "hi" 0s | a ok m11 | = send_message`),
		is("of a refused send is no repeat", all(first, send("b", "ho", nonce(5), replacesNothing)), send("b", "ho", nonce(5)),
			`a new_message m3 bob "ho" 0s | b new_message m3 bob "ho" 0s | b ok m3 | = send_message`),
	)
}

// PROTOCOL.md, read_receipt.
func TestRead(t *testing.T) {
	checkRules(t,
		is("everyone is told, without a reply", all(oneMessage, join("b2", "bob"), wait(time.Second)), read("b", "m1"),
			`a message_read m1 2s | b message_read m1 2s | b2 message_read m1 2s | = read_receipt`),
		is("one's own is ignored", oneMessage, read("a", "m1"), ""),
		is("twice is ignored", all(oneMessage, read("b", "m1"), wait(time.Second)), read("b", "m1"), ""),
		is("a replaced one is ignored", all(oneMessage, send("b", "ho")), read("b", "m1"), ""),
	)
}

// PROTOCOL.md, edit_message.
func TestEdit(t *testing.T) {
	checkRules(t,
		is("ok, then everyone is told", oneMessage, edit("a", "m1", "hello"),
			`a ok | a message_edited m1 "hello" | b message_edited m1 "hello" | = edit_message`),
		is("keeps id, author and time", all(oneMessage, wait(time.Minute), edit("a", "m1", "hello")), join("b", "bob"),
			`b joined r1 until 7d token t3 with m1 alice "hello" 1s | = entered`),
		is("not the author's", oneMessage, edit("b", "m1", "ho"), `b error not_found`),
		is("read", all(oneMessage, read("b", "m1")), edit("a", "m1", "ho"), `a error not_editable`),
		is("bad encoding", oneMessage, edit("a", "m1", "", fault(wire.ReasonInvalidEncoding)), `a error invalid_encoding`),
		is("too large", oneMessage, edit("a", "m1", "", fault(wire.ReasonTooLarge)), `a error message_too_large`),
		is("not found comes before bad encoding", oneMessage, edit("b", "m1", "", fault(wire.ReasonInvalidEncoding)), `b error not_found`),
		is("read comes before too large", all(oneMessage, read("b", "m1")), edit("a", "m1", "", fault(wire.ReasonTooLarge)), `a error not_editable`),
	)
}

// PROTOCOL.md, delete_message.
func TestDelete(t *testing.T) {
	checkRules(t,
		is("ok, then everyone is told", oneMessage, remove("a", "m1"), `a ok | a message_deleted m1 | b message_deleted m1 | = delete_message`),
		is("not the author's", oneMessage, remove("b", "m1"), `b error not_found`),
		is("not that message", oneMessage, remove("a", "m7"), `a error not_found`),
		is("no id", oneMessage, ask("a", wire.EventDelete), `a error not_found`),
		is("twice", all(oneMessage, remove("a", "m1")), remove("a", "m1"), `a error not_found`),
		is("read", all(oneMessage, read("b", "m1")), remove("a", "m1"), `a error not_deletable`),
		is("read, not the author's", all(oneMessage, read("b", "m1")), remove("b", "m1"), `b error not_found`),
	)
}

func TestRedeemExtension(t *testing.T) {
	checkRules(t,
		is("nothing is for sale", paired, ask("a", wire.EventRedeemExtension), `a error monetization_disabled`),
		is("in silence", paired, ask("a", wire.EventRedeemExtension, noRef), ""),
	)
}

// A message's bytes and a hello's are overwritten when they are replaced or the
// room ends, however they are.
func TestSlotIsOverwritten(t *testing.T) {
	const secret, longer = "a secret", "something much longer than the word before, by far"
	forget := func(s *stage) []string { s.state.forget(); return nil }
	slotOf := func(s *stage) []byte { return s.state.slot.msg.Ciphertext }
	helloOf := func(s *stage) []byte { return s.state.seats[0].hello.bytes }
	for name, tt := range map[string]struct {
		held  func(*stage) []byte
		leave act
	}{
		"replaced by a shorter one":       {slotOf, send("b", "x")},
		"replaced by a longer one":        {slotOf, send("b", longer)},
		"edited to a shorter one":         {slotOf, edit("a", "m1", "y")},
		"edited to a longer one":          {slotOf, edit("a", "m1", longer)},
		"deleted":                         {slotOf, remove("a", "m1")},
		"the room ends":                   {slotOf, forget},
		"hello replaced by a shorter one": {helloOf, sayHello("a", "x")},
		"hello replaced by a longer one":  {helloOf, sayHello("a", longer)},
		"hello, the room ends":            {helloOf, forget},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			all(paired, send("a", secret), sayHello("a", secret))(s)
			array := tt.held(s)
			array = array[:cap(array)]
			if !bytes.Contains(array, []byte(secret)) {
				t.Fatal("the room does not hold it")
			}
			tt.leave(s)
			for i := range len(secret) - 1 {
				if bytes.Contains(array, []byte(secret)[i:i+2]) {
					t.Fatalf("something is left: %q", array)
				}
			}
		})
	}
}

// The slot keeps its own copy: the request's buffer goes back when it is done.
func TestSlotCopies(t *testing.T) {
	s := newStage(t)
	paired(s)
	text := []byte("hi")
	send("a", "", func(c *command) { c.req.Ciphertext, c.req.IV = text, ivOf("hi") })(s)
	sayHello("a", "", func(c *command) { c.req.Hello = text })(s)
	clear(text)
	checkLines(t, join("b", "bob")(s), `b joined r1 until 7d token t3 with m1 alice "hi" 0s | = entered`)
	checkLines(t, sayHello("b", "ho")(s), `a hello "ho" | b ok hello "hi" | = hello`)
}
