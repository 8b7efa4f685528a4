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
	checkRules(t, map[string]rule{
		"the first creates": {
			when: join("a", "alice"),
			want: `a joined r1 until 24h0m0s token t1 awaiting
			       = created`,
		},
		"the first creates, with a gate": {
			when: join("a", "alice", gate("code")),
			want: `a joined r1 until 24h0m0s token t1 awaiting
			       = created`,
		},
		"a malformed otp_hash sets no gate": {
			given: join("a", "alice", badGate),
			when:  join("b", "bob"),
			want: `b joined r1 until 168h0m0s token t2
			       a party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       = claimed`,
		},
		"without a gate the second takes the open seat": {
			given: all(created, wait(time.Hour)),
			when:  join("b", "bob"),
			want: `b joined r1 until 168h0m0s token t2
			       a party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       = claimed`,
		},
		"a gate wants a code": {
			given: gated,
			when:  join("b", "bob"),
			want: `b error otp_required
			       = refused otp_required`,
		},
		"a gate wants the right code": {
			given: gated,
			when:  join("b", "bob", gate("wrong")),
			want: `b error otp_invalid
			       = refused otp_invalid`,
		},
		"the right code takes the seat, and every socket of the other is told": {
			given: all(gated, join("a2", "alice"), join("x", "eve", gate("wrong"))),
			when:  join("b", "bob", gate("code")),
			want: `b joined r1 until 168h0m0s token t4
			       a party_paired until 168h0m0s
			       a2 party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       a2 ttl_extended until 168h0m0s
			       = claimed`,
		},
		"after the claim the code is worth nothing": {
			given: all(gated, join("b", "bob", gate("code"))),
			when:  join("x", "eve", gate("code")),
			want: `x error unauthorized left 9
			       = refused unauthorized`,
		},
		"a seat's holder sets no other gate by joining": {
			given: all(gated, join("a2", "alice", gate("other"))),
			when:  join("b", "bob", gate("code")),
			want: `b joined r1 until 168h0m0s token t3
			       a party_paired until 168h0m0s
			       a2 party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       a2 ttl_extended until 168h0m0s
			       = claimed`,
		},
		"a third is unauthorized": {
			given: paired,
			when:  join("x", "eve"),
			want: `x error unauthorized left 9
			       = refused unauthorized`,
		},
		"the all-zero access hash is no one's": {
			given: created,
			when:  join("x", "", sender("bob"), returning("r1")),
			want: `x error unauthorized left 9
			       = refused unauthorized`,
		},
		"without a ref a join is carried out without an answer": {
			given: created,
			when:  join("b", "bob", noRef),
			want: `a party_paired until 168h0m0s
a ttl_extended until 168h0m0s
			       = claimed`,
		},
		"the answer has the message": {
			given: withMessage,
			when:  join("b2", "bob"),
			want: `b2 joined r1 until 168h0m0s token t3 with m1 alice "hi" 1s
			       = entered`,
		},
		"the answer has the time it was read": {
			given: all(withMessage, wait(time.Second), read("b", "m1")),
			when:  join("a2", "alice"),
			want: `a2 joined r1 until 168h0m0s token t3 with m1 alice "hi" 1s read 2s
			       = entered`,
		},
	})
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
	checkRules(t, map[string]rule{
		"to the same life of the room": {
			given: created,
			when:  join("a2", "alice", returning("r1")),
			want: `a2 joined r1 until 24h0m0s token t2 awaiting
			       = entered`,
		},
		"to another life": {
			given: created,
			when:  join("a2", "alice", returning("r2")),
			want: `a2 error not_found
			       = refused not_found`,
		},
		"without a room_id": {
			given: created,
			when:  join("a2", "alice", returning("")),
			want: `a2 error not_found
			       = refused not_found`,
		},
		"to another life comes before the lock": {
			given: all(paired, times(10, join("x", "eve"))),
			when:  join("a2", "alice", returning("r2")),
			want: `a2 error not_found
			       = refused not_found`,
		},
		"never takes a seat": {
			given: created,
			when:  join("b", "bob", returning("r1")),
			want: `b error unauthorized left 9
			       = refused unauthorized`,
		},
	})
}

// PROTOCOL.md, who is who.
func TestJoinSender(t *testing.T) {
	checkRules(t, map[string]rule{
		"the other seat's is refused at a claim": {
			given: created,
			when:  join("b", "bob", sender("alice")),
			want: `b error invalid_sender
			       = refused invalid_sender`,
		},
		"the other seat's is refused at a claim, the gate stands": {
			given: all(join("a", "alice", gate("code")), join("b", "bob", gate("code"), sender("alice"))),
			when:  join("b", "bob"),
			want: `b error otp_required
			       = refused otp_required`,
		},
		"the code is looked at before it": {
			given: join("a", "alice", gate("code")),
			when:  join("b", "bob", gate("wrong"), sender("alice")),
			want: `b error otp_invalid
			       = refused otp_invalid`,
		},
		"a seat's later one is ignored": {
			given: all(paired, join("a", "alice", sender("mallory"))),
			when:  send("a", "hi"),
			want: `a new_message m1 alice "hi" 0s
			       b new_message m1 alice "hi" 0s
			       a ok m1
			       = send_message`,
		},
		"the author goes by access, not by sender": {
			given: all(paired, send("a", "hi"), join("b2", "bob", sender("alice"))),
			when:  send("b2", "ho"),
			want: `a new_message m2 bob "ho" 0s
			       b new_message m2 bob "ho" 0s
			       b2 new_message m2 bob "ho" 0s
			       b2 ok m2
			       = send_message`,
		},
	})
}

// Claims draw on the creation allowance of the address.
func TestJoinAllowance(t *testing.T) {
	spent := mustWait(90 * time.Second)
	checkRules(t, map[string]rule{
		"a claim over it is refused": {
			given: created,
			when:  join("b", "bob", spent),
			want: `b error rate_limited retry 1m30s
			       = refused rate_limited`,
		},
		"the right code over it is refused, the seat stays open": {
			given: all(join("a", "alice", gate("code")), join("b", "bob", gate("code"), spent)),
			when:  join("b", "bob", gate("code")),
			want: `b joined r1 until 168h0m0s token t3
			       a party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       = claimed`,
		},
		"a seat's holder does not need it": {
			given: paired,
			when:  join("b2", "bob", spent),
			want: `b2 joined r1 until 168h0m0s token t3
			       = entered`,
		},
	})
}

// A seat may have 8 joined sockets; the ninth closes its oldest.
func TestJoinSockets(t *testing.T) {
	eight := all(join("a1", "alice"), join("a2", "alice"), join("a3", "alice"), join("a4", "alice"),
		join("a5", "alice"), join("a6", "alice"), join("a7", "alice"))
	checkRules(t, map[string]rule{
		"the ninth closes the oldest": {
			given: all(eight, join("a8", "alice")),
			when:  join("a9", "alice"),
			want: `a1 closed 4501
			       a9 joined r1 until 24h0m0s token t9 awaiting
			       = entered`,
		},
		"one that left makes room": {
			given: all(eight, join("a8", "alice"), leave("a3")),
			when:  join("a9", "alice"),
			want: `a9 joined r1 until 24h0m0s token t9 awaiting
			       = entered`,
		},
		"a joined one joining again closes no one": {
			given: all(eight, join("a8", "alice")),
			when:  join("a8", "alice"),
			want: `a8 joined r1 until 24h0m0s token t9 awaiting
			       = entered`,
		},
		"the other seat's are not counted": {
			given: all(eight, join("a8", "alice"), join("b", "bob")),
			when:  join("b2", "bob"),
			want: `b2 joined r1 until 168h0m0s token t10
			       = entered`,
		},
		"the closed one is no member": {
			given: all(eight, join("a8", "alice"), join("a9", "alice")),
			when:  send("a1", "hi"),
			want:  `a1 error not_joined`,
		},
	})
}

func TestRequestsBeforeJoin(t *testing.T) {
	checkRules(t, map[string]rule{
		"with a ref":           {given: created, when: send("x", "hi"), want: `x error not_joined`},
		"after a refused join": {given: all(paired, join("x", "eve")), when: expire("x"), want: `x error not_joined`},
		"a refused join of a member leaves it where it is": {
			given: all(paired, join("a", "eve")), when: typing("a"),
			want: `b counterparty_typing
			       = typing`,
		},
	})
}
