package roomactor

import (
	"testing"
	"time"

	"sotto/wire"
)

// PROTOCOL.md, join, steps 2 and 4 to 7.
func TestJoin(t *testing.T) {
	gated := join("a", "alice", gate("code"))
	withMessage := all(paired, wait(time.Second), send("a", "hi"))
	checkRules(t,
		is("the first creates", nil, join("a", "alice"), `a joined r1 until 1d token t1 awaiting | = created`),
		is("a malformed otp_hash sets no gate", join("a", "alice", badGate), join("b", "bob"),
			`b joined r1 until 7d token t2 | a party_paired 7d | a ttl_extended 7d | = claimed`),
		is("without a gate the second takes the open seat", all(created, wait(time.Hour)), join("b", "bob"),
			`b joined r1 until 7d token t2 | a party_paired 7d | a ttl_extended 7d | = claimed`),
		is("a gate wants the right code", gated, join("b", "bob", gate("wrong")), `b error otp_invalid | = refused otp_invalid`),
		is("the right code takes the seat, and every socket of the other is told", all(gated, join("a2", "alice"), join("x", "eve", gate("wrong"))), join("b", "bob", gate("code")),
			`b joined r1 until 7d token t4 | a party_paired 7d | a2 party_paired 7d | a ttl_extended 7d | a2 ttl_extended 7d | = claimed`),
		is("after the claim the code is worth nothing", all(gated, join("b", "bob", gate("code"))), join("x", "eve", gate("code")),
			`x error unauthorized left 9 | = refused unauthorized`),
		is("a seat's holder sets no other gate by joining", all(gated, join("a2", "alice", gate("other"))), join("b", "bob", gate("code")),
			`b joined r1 until 7d token t3 | a party_paired 7d | a2 party_paired 7d | a ttl_extended 7d | a2 ttl_extended 7d | = claimed`),
		is("without a ref a join is carried out without an answer", created, join("b", "bob", noRef), `a party_paired 7d | a ttl_extended 7d | = claimed`),
		is("the answer has the time it was read", all(withMessage, wait(time.Second), read("b", "m1")), join("a2", "alice"),
			`a2 joined r1 until 7d token t3 with m1 alice "hi" 1s read 2s | = entered`),
	)
}

// PROTOCOL.md, join: no such room.
func TestJoinNowhere(t *testing.T) {
	const wait = 7 * time.Second
	for name, tt := range map[string]struct {
		intent wire.Intent
		wait   time.Duration
		drain  time.Duration
		full   bool
		kind   JoinKind
		reason wire.Reason
		retry  time.Duration
	}{
		"creates":                 {kind: JoinCreated},
		"enter":                   {intent: wire.IntentEnter, wait: wait, full: true, kind: JoinRefused, reason: wire.ReasonNotFound},
		"return":                  {intent: wire.IntentReturn, kind: JoinRefused, reason: wire.ReasonNotFound},
		"over the allowance":      {wait: wait, kind: JoinRefused, reason: wire.ReasonRateLimited, retry: wait},
		"over it, and all full":   {wait: wait, full: true, kind: JoinRefused, reason: wire.ReasonRateLimited, retry: wait},
		"during a drain":          {wait: wait, drain: time.Hour, full: true, kind: JoinRefused, reason: wire.ReasonRestarting, retry: time.Hour},
		"to enter, then":          {intent: wire.IntentEnter, drain: time.Hour, kind: JoinRefused, reason: wire.ReasonRestarting, retry: time.Hour},
		"as many as there may be": {full: true, kind: JoinMaxRooms, reason: wire.ReasonRateLimited, retry: time.Minute},
	} {
		kind, answer := joinNowhere(&wire.Join{Intent: tt.intent}, tt.wait, tt.drain, tt.full)
		if kind != tt.kind || answer.Reason != tt.reason || answer.RetryAfter != tt.retry {
			t.Errorf("%s: %s, %q, retry %v", name, kind, answer.Reason, answer.RetryAfter)
		}
	}
}

// After the claim the room does not keep the code's hash either.
func TestClaimForgetsTheGate(t *testing.T) {
	s := newStage(t)
	all(join("a", "alice", gate("code")), join("b", "bob", gate("code")))(s)
	if s.state.gateSet || s.state.gate != (wire.GateHash{}) {
		t.Error("the gate is still there")
	}
}

// PROTOCOL.md, join, step 2: intent "return".
func TestJoinReturn(t *testing.T) {
	checkRules(t,
		is("to the same life of the room", created, join("a2", "alice", returning("r1")), `a2 joined r1 until 1d token t2 awaiting | = entered`),
		is("to another life", created, join("a2", "alice", returning("r2")), `a2 error not_found | = refused not_found`),
		is("to another life comes before the lock", all(paired, times(10, join("x", "eve"))), join("a2", "alice", returning("r2")),
			`a2 error not_found | = refused not_found`),
		is("never takes a seat", created, join("b", "bob", returning("r1")), `b error unauthorized left 9 | = refused unauthorized`),
	)
}

// PROTOCOL.md, who is who.
func TestJoinSender(t *testing.T) {
	checkRules(t,
		is("the other seat's is refused at a claim", created, join("b", "bob", sender("alice")), `b error invalid_sender | = refused invalid_sender`),
		is("the code is looked at before it", join("a", "alice", gate("code")), join("b", "bob", gate("wrong"), sender("alice")),
			`b error otp_invalid | = refused otp_invalid`),
		is("a seat's later one is ignored", all(paired, join("a", "alice", sender("mallory"))), send("a", "hi"),
			`a new_message m1 alice "hi" 0s | b new_message m1 alice "hi" 0s | a ok m1 | = send_message`),
		is("the author goes by access, not by sender", all(paired, send("a", "hi"), join("b2", "bob", sender("alice"))), send("b2", "ho"),
			`a new_message m2 bob "ho" 0s | b new_message m2 bob "ho" 0s | b2 new_message m2 bob "ho" 0s | b2 ok m2 | = send_message`),
	)
}

// Claims draw on the creation allowance of the address.
func TestJoinAllowance(t *testing.T) {
	spent := mustWait(90 * time.Second)
	checkRules(t,
		is("the right code over it is refused, the seat stays open", all(join("a", "alice", gate("code")), join("b", "bob", gate("code"), spent)), join("b", "bob", gate("code")),
			`b joined r1 until 7d token t3 | a party_paired 7d | a ttl_extended 7d | = claimed`),
		is("a seat's holder does not need it", paired, join("b2", "bob", spent), `b2 joined r1 until 7d token t3 | = entered`),
	)
}

// A seat may have 8 joined sockets; the ninth closes its oldest.
func TestJoinSockets(t *testing.T) {
	eight := all(join("a1", "alice"), join("a2", "alice"), join("a3", "alice"), join("a4", "alice"),
		join("a5", "alice"), join("a6", "alice"), join("a7", "alice"))
	checkRules(t,
		is("the ninth closes the oldest", all(eight, join("a8", "alice")), join("a9", "alice"),
			`a1 closed 4501 | a9 joined r1 until 1d token t9 awaiting | = entered`),
		is("one that left makes room", all(eight, join("a8", "alice"), leave("a3")), join("a9", "alice"),
			`a9 joined r1 until 1d token t9 awaiting | = entered`),
		is("the closed one is no member", all(eight, join("a8", "alice"), join("a9", "alice")), send("a1", "hi"), `a1 error not_joined`),
	)
}

func TestRequestsBeforeJoin(t *testing.T) {
	checkRules(t,
		is("after a refused join", all(paired, join("x", "eve")), expire("x"), `x error not_joined`),
		is("a refused join of a member leaves it where it is", all(paired, join("a", "eve")), typing("a"), `b counterparty_typing | = typing`),
	)
}
