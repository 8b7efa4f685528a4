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
	checkRules(t, map[string]rule{
		"everyone gets it, the sender too, then the ok": {
			given: all(paired, join("b2", "bob"), wait(time.Second)), when: send("a", "hi"),
			want: `a new_message m1 alice "hi" 1s
			       b new_message m1 alice "hi" 1s
			       b2 new_message m1 alice "hi" 1s
			       a ok m1
			       = send_message`,
		},
		"before the other joins": {
			given: created, when: send("a", "hi"),
			want: `a new_message m1 alice "hi" 0s
			       a ok m1
			       = send_message`,
		},
		"an answer replaces the message": {
			given: oneMessage, when: send("b", "ho"),
			want: `a new_message m2 bob "ho" 1s
			       b new_message m2 bob "ho" 1s
			       b ok m2
			       = send_message`,
		},
		"an answer to a read one is not read": {
			given: all(oneMessage, read("b", "m1"), send("b", "ho")), when: join("a2", "alice"),
			want: `a2 joined r1 until 168h0m0s token t3 with m2 bob "ho" 1s
			       = entered`,
		},
		"not twice in a row":                   {given: oneMessage, when: send("a", "and"), want: `a error not_your_turn`},
		"not twice in a row after it was read": {given: all(oneMessage, read("b", "m1")), when: send("a", "and"), want: `a error not_your_turn`},
		"a deletion frees the turn": {
			given: all(oneMessage, remove("a", "m1")), when: send("a", "again"),
			want: `a new_message m2 alice "again" 1s
			       b new_message m2 alice "again" 1s
			       a ok m2
			       = send_message`,
		},
		"bad encoding": {given: paired, when: send("a", "", fault(wire.ReasonInvalidEncoding)), want: `a error invalid_encoding`},
		"too large":    {given: paired, when: send("a", "", fault(wire.ReasonTooLarge)), want: `a error message_too_large`},
		"a fault comes before the nonce": {
			given: all(paired, send("a", "hi", nonce(1))), when: send("a", "", nonce(1), fault(wire.ReasonTooLarge)),
			want: `a error message_too_large`,
		},
		"the turn comes before replaces": {
			given: oneMessage, when: send("a", "and", replacesNothing),
			want: `a error not_your_turn`,
		},
	})
}

// PROTOCOL.md, replaces.
func TestReplaces(t *testing.T) {
	sent := `a new_message m2 bob "ho" 1s
	         b new_message m2 bob "ho" 1s
	         b ok m2
	         = send_message`
	checkRules(t, map[string]rule{
		"what is there":            {given: oneMessage, when: send("b", "ho", replaces("m1")), want: sent},
		"absent":                   {given: oneMessage, when: send("b", "ho"), want: sent},
		"null, but there is one":   {given: oneMessage, when: send("b", "ho", replacesNothing), want: `b error stale`},
		"another id":               {given: oneMessage, when: send("b", "ho", replaces("m7")), want: `b error stale`},
		"no UUID":                  {given: oneMessage, when: send("b", "ho", replacesGarbage), want: `b error stale`},
		"an id, but it is empty":   {given: all(oneMessage, remove("a", "m1")), when: send("b", "ho", replaces("m1")), want: `b error stale`},
		"no UUID, and it is empty": {given: paired, when: send("b", "ho", replacesGarbage), want: `b error stale`},
		"null, and it is empty": {
			given: all(paired, wait(time.Second), send("a", "hi"), remove("a", "m1")), when: send("b", "ho", replacesNothing),
			want: sent,
		},
		"stale changes nothing": {
			given: all(oneMessage, send("b", "ho", replacesNothing)), when: join("b", "bob"),
			want: `b joined r1 until 168h0m0s token t3 with m1 alice "hi" 1s
			       = entered`,
		},
		"both pressed send at once": {
			given: all(paired, send("a", "hi", replacesNothing)), when: send("b", "ho", replacesNothing),
			want: `b error stale`,
		},
	})
}

// PROTOCOL.md, replaces_iv: an edit keeps the id, so the id does not say which
// words were read.
func TestReplacesIV(t *testing.T) {
	sent := `a new_message m2 bob "ho" 1s
	         b new_message m2 bob "ho" 1s
	         b ok m2
	         = send_message`
	edited := all(oneMessage, edit("a", "m1", "hello"))
	checkRules(t, map[string]rule{
		"what is there":         {given: oneMessage, when: send("b", "ho", replaces("m1"), replacesIV("hi")), want: sent},
		"as edited":             {given: edited, when: send("b", "ho", replaces("m1"), replacesIV("hello")), want: sent},
		"before the edit":       {given: edited, when: send("b", "ho", replaces("m1"), replacesIV("hi")), want: `b error stale`},
		"of another id":         {given: oneMessage, when: send("b", "ho", replaces("m7"), replacesIV("hi")), want: `b error stale`},
		"alone":                 {given: oneMessage, when: send("b", "ho", replacesIV("hi")), want: sent},
		"alone, of other words": {given: oneMessage, when: send("b", "ho", replacesIV("hello")), want: `b error stale`},
		"with nothing there":    {given: paired, when: send("b", "ho", replacesIV("")), want: `b error stale`},
		"with null":             {given: paired, when: send("b", "ho", replacesNothing, replacesIV("")), want: `b error stale`},
		"of what was deleted":   {given: all(oneMessage, remove("a", "m1")), when: send("b", "ho", replacesIV("hi")), want: `b error stale`},
		"a repeat comes before it": {
			given: all(paired, send("a", "hi", nonce(1))), when: send("a", "hi", nonce(1), replacesIV("x")), want: `a ok m1`,
		},
	})
}

// PROTOCOL.md, nonce.
func TestNonce(t *testing.T) {
	first := all(paired, send("a", "hi", nonce(1)))
	checkRules(t, map[string]rule{
		"a repeat gets the first ok and changes nothing": {
			given: first, when: send("a", "hi", nonce(1)), want: `a ok m1`,
		},
		"a repeat comes before replaces": {
			given: first, when: send("a", "hi", nonce(1), replacesNothing), want: `a ok m1`,
		},
		"from another socket of the seat": {
			given: all(first, join("a2", "alice")), when: send("a2", "hi", nonce(1)), want: `a2 ok m1`,
		},
		"after the message was deleted": {
			given: all(first, remove("a", "m1")), when: send("a", "hi", nonce(1)), want: `a ok m1`,
		},
		"after the other answered": {
			given: all(first, send("b", "ho")), when: send("a", "hi", nonce(1)), want: `a ok m1`,
		},
		"after the other answered with the same nonce": {
			given: all(first, send("b", "ho", nonce(1))), when: send("b", "ho", nonce(1)), want: `b ok m2`,
		},
		"of the other seat is no repeat": {
			given: first, when: send("b", "ho", nonce(1)),
			want: `a new_message m2 bob "ho" 0s
			       b new_message m2 bob "ho" 0s
			       b ok m2
			       = send_message`,
		},
		"after three more sends, with and without nonces": {
			given: all(first, send("b", "ho"), send("a", "2", nonce(2)), send("b", "ho"), send("a", "-"), send("b", "ho"),
				send("a", "3", nonce(3)), send("b", "ho"), send("a", "4", nonce(4))),
			when: send("a", "hi", nonce(1)), want: `a ok m1`,
		},
		"of another device, after this one's": {
			given: all(first, send("b", "ho"), join("a2", "alice"), send("a2", "2", nonce(2))),
			when:  send("a", "hi", nonce(1)), want: `a ok m1`,
		},
		"after four more is no repeat": {
			given: all(first, send("b", "ho"), send("a", "2", nonce(2)), send("b", "ho"), send("a", "3", nonce(3)),
				send("b", "ho"), send("a", "4", nonce(4)), send("b", "ho"), send("a", "5", nonce(5)), send("b", "ho")),
			when: send("a", "hi", nonce(1)),
			want: `a new_message m11 alice "hi" 0s
			       b new_message m11 alice "hi" 0s
			       a ok m11
			       = send_message`,
		},
		"of a refused send is no repeat": {
			given: all(first, send("b", "ho", nonce(5), replacesNothing)), when: send("b", "ho", nonce(5)),
			want: `a new_message m3 bob "ho" 0s
			       b new_message m3 bob "ho" 0s
			       b ok m3
			       = send_message`,
		},
		"another one is no repeat": {
			given: first, when: send("a", "hi", nonce(2)), want: `a error not_your_turn`,
		},
		"lasts over a reconnect": {
			given: all(first, leave("a"), join("a2", "alice")), when: send("a2", "hi", nonce(1)), want: `a2 ok m1`,
		},
	})
}

// PROTOCOL.md, read_receipt.
func TestRead(t *testing.T) {
	checkRules(t, map[string]rule{
		"everyone is told, without a reply": {
			given: all(oneMessage, join("b2", "bob"), wait(time.Second)), when: read("b", "m1"),
			want: `a message_read m1 2s
			       b message_read m1 2s
			       b2 message_read m1 2s
			       = read_receipt`,
		},
		"one's own is ignored":      {given: oneMessage, when: read("a", "m1")},
		"twice is ignored":          {given: all(oneMessage, read("b", "m1"), wait(time.Second)), when: read("b", "m1")},
		"another id is ignored":     {given: oneMessage, when: read("b", "m7")},
		"a replaced one is ignored": {given: all(oneMessage, send("b", "ho")), when: read("b", "m1")},
	})
}

// PROTOCOL.md, edit_message.
func TestEdit(t *testing.T) {
	checkRules(t, map[string]rule{
		"ok, then everyone is told": {
			given: oneMessage, when: edit("a", "m1", "hello"),
			want: `a ok
			       a message_edited m1 "hello"
			       b message_edited m1 "hello"
			       = edit_message`,
		},
		"keeps id, author and time": {
			given: all(oneMessage, wait(time.Minute), edit("a", "m1", "hello")), when: join("b", "bob"),
			want: `b joined r1 until 168h0m0s token t3 with m1 alice "hello" 1s
			       = entered`,
		},
		"not the author's":       {given: oneMessage, when: edit("b", "m1", "ho"), want: `b error not_found`},
		"not that message":       {given: oneMessage, when: edit("a", "m7", "ho"), want: `a error not_found`},
		"no id":                  {given: oneMessage, when: ask("a", wire.EventEdit, sealed("ho")), want: `a error not_found`},
		"deleted":                {given: all(oneMessage, remove("a", "m1")), when: edit("a", "m1", "ho"), want: `a error not_found`},
		"read":                   {given: all(oneMessage, read("b", "m1")), when: edit("a", "m1", "ho"), want: `a error not_editable`},
		"read, not the author's": {given: all(oneMessage, read("b", "m1")), when: edit("b", "m1", "ho"), want: `b error not_found`},
		"bad encoding":           {given: oneMessage, when: edit("a", "m1", "", fault(wire.ReasonInvalidEncoding)), want: `a error invalid_encoding`},
		"too large":              {given: oneMessage, when: edit("a", "m1", "", fault(wire.ReasonTooLarge)), want: `a error message_too_large`},
		"not found comes before bad encoding": {
			given: oneMessage, when: edit("b", "m1", "", fault(wire.ReasonInvalidEncoding)), want: `b error not_found`,
		},
		"read comes before too large": {
			given: all(oneMessage, read("b", "m1")), when: edit("a", "m1", "", fault(wire.ReasonTooLarge)),
			want: `a error not_editable`,
		},
	})
}

// PROTOCOL.md, delete_message.
func TestDelete(t *testing.T) {
	checkRules(t, map[string]rule{
		"ok, then everyone is told": {
			given: oneMessage, when: remove("a", "m1"),
			want: `a ok
			       a message_deleted m1
			       b message_deleted m1
			       = delete_message`,
		},
		"not the author's":       {given: oneMessage, when: remove("b", "m1"), want: `b error not_found`},
		"not that message":       {given: oneMessage, when: remove("a", "m7"), want: `a error not_found`},
		"no id":                  {given: oneMessage, when: ask("a", wire.EventDelete), want: `a error not_found`},
		"nothing there":          {given: paired, when: ask("a", wire.EventDelete), want: `a error not_found`},
		"twice":                  {given: all(oneMessage, remove("a", "m1")), when: remove("a", "m1"), want: `a error not_found`},
		"read":                   {given: all(oneMessage, read("b", "m1")), when: remove("a", "m1"), want: `a error not_deletable`},
		"read, not the author's": {given: all(oneMessage, read("b", "m1")), when: remove("b", "m1"), want: `b error not_found`},
	})
}

func TestRedeemExtension(t *testing.T) {
	checkRules(t, map[string]rule{
		"nothing is for sale": {given: paired, when: ask("a", wire.EventRedeemExtension), want: `a error monetization_disabled`},
		"in silence":          {given: paired, when: ask("a", wire.EventRedeemExtension, noRef)},
	})
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
	checkLines(t, join("b", "bob")(s), `
		b joined r1 until 168h0m0s token t3 with m1 alice "hi" 0s
		= entered`)
	checkLines(t, sayHello("b", "ho")(s), `
		a hello "ho"
		b ok hello "hi"
		= hello`)
}
