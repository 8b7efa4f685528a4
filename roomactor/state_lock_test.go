package roomactor

import (
	"testing"
	"time"

	"sotto/lockout"
	"sotto/wire"
)

// wrong is a join of someone who knows the number and not a PIN.
var wrong = join("x", "eve")

// locked is a paired room that ten wrong joins locked at once.
var locked = all(paired, times(10, wrong))

// PROTOCOL.md, lockout: the counter.
func TestLockout(t *testing.T) {
	gated := join("a", "alice", gate("code"))
	checkRules(t, map[string]rule{
		"the first leaves nine": {
			given: paired, when: wrong,
			want: `x error unauthorized left 9
			       = refused unauthorized`,
		},
		"the tenth locks": {
			given: all(paired, times(9, wrong)), when: wrong,
			want: `x error locked retry 30m0s
			       = refused locked lock began`,
		},
		"the eleventh is told the rest of the wait": {
			given: all(locked, wait(time.Minute)), when: wrong,
			want: `x error locked retry 29m0s
			       = refused locked lock refused`,
		},
		"tries while locked count nothing and prolong nothing": {
			given: all(locked, wait(29*time.Minute), times(50, wrong)),
			when:  wrong,
			want: `x error locked retry 1m0s
			       = refused locked lock refused`,
		},
		"when the lock ends the counter is zero": {
			given: all(locked, wait(30*time.Minute)), when: wrong,
			want: `x error unauthorized left 9
			       = refused unauthorized`,
		},
		"a good join resets nothing": {
			given: all(paired, times(9, wrong), join("a2", "alice"), join("b2", "bob")), when: wrong,
			want: `x error locked retry 30m0s
			       = refused locked lock began`,
		},
		"a claim resets nothing": {
			given: all(gated, times(9, join("x", "eve", gate("wrong"))), join("b", "bob", gate("code"))),
			when:  wrong,
			want: `x error locked retry 30m0s
			       = refused locked lock began`,
		},
		"all kinds count together": {
			given: all(gated, times(3, wrong), times(3, join("x", "eve", gate("wrong"))),
				times(2, join("x", "eve", returning("r1"))), join("b", "bob", gate("code"), sender("alice"))),
			when: join("b", "bob", gate("code"), mustWait(time.Second)),
			want: `b error locked retry 30m0s
			       = refused locked lock began`,
		},
	})
}

// PROTOCOL.md, join, step 3, and the resume token: who gets in while locked.
func TestJoinWhileLocked(t *testing.T) {
	openAndLocked := all(join("a", "alice", gate("code")), times(10, wrong))
	checkRules(t, map[string]rule{
		"right credentials do not": {
			given: locked, when: join("a2", "alice"),
			want: `a2 error locked retry 30m0s
			       = refused locked lock refused`,
		},
		"the right code does not": {
			given: openAndLocked, when: join("b", "bob", gate("code")),
			want: `b error locked retry 30m0s
			       = refused locked lock refused`,
		},
		"the seat's token does": {
			given: all(locked, leave("a")), when: join("a2", "alice", token("t1")),
			want: `a2 joined r1 until 168h0m0s token t1
			       = entered lock resumed`,
		},
		"the other seat's token does not": {
			given: locked, when: join("a2", "alice", token("t2")),
			want: `a2 error locked retry 30m0s
			       = refused locked lock refused`,
		},
		"the zero token does not": {
			given: locked, when: join("a2", "alice", token("")),
			want: `a2 error locked retry 30m0s
			       = refused locked lock refused`,
		},
		"a token without its access hash does not": {
			given: locked, when: join("a2", "eve", token("t1")),
			want: `a2 error locked retry 30m0s
			       = refused locked lock refused`,
		},
		"a socket joined as that seat does": {
			given: locked, when: join("a", "alice"),
			want: `a joined r1 until 168h0m0s token t13
			       = entered lock resumed`,
		},
		"a socket joined as the other seat does not": {
			given: locked, when: join("a", "bob"),
			want: `a error locked retry 30m0s
			       = refused locked lock refused`,
		},
		"a socket joined as the other seat with the token does, and moves": {
			given: locked, when: all(join("a", "bob", token("t2")), typing("b")),
			want: `= typing`,
		},
		"when the lock is over, right credentials do": {
			given: all(locked, wait(30*time.Minute)), when: join("a2", "alice"),
			want: `a2 joined r1 until 168h0m0s token t13
			       = entered`,
		},
		"joined sockets are untouched": {
			given: locked, when: send("a", "hi"),
			want: `a new_message m1 alice "hi" 0s
			       b new_message m1 alice "hi" 0s
			       a ok m1
			       = send_message`,
		},
	})
}

// A seat keeps 8 tokens: the least recently used leaves, but never that of a
// joined socket. A join with one gets it back.
func TestResumeTokens(t *testing.T) {
	// Alice has t1 to t8 and no socket.
	eight := times(8, all(join("a", "alice", gate("code")), leave("a")))
	// Alice's a has t1; eight others came and went without a token.
	kept := all(join("a", "alice", gate("code")), times(8, all(join("a2", "alice"), leave("a2"))))
	// Alice has eight sockets with t1 to t8.
	crowd := all(join("a1", "alice", gate("code")), join("a2", "alice"), join("a3", "alice"), join("a4", "alice"),
		join("a5", "alice"), join("a6", "alice"), join("a7", "alice"), join("a8", "alice"))
	lock := times(10, wrong)
	resumed := func(who, token string) string {
		return who + " joined r1 until 24h0m0s token " + token + " awaiting\n = entered lock resumed"
	}
	const refused = `a error locked retry 30m0s
		= refused locked lock refused`
	checkRules(t, map[string]rule{
		"an open tab's stays": {given: all(kept, leave("a"), lock), when: join("a", "alice", token("t1")), want: resumed("a", "t1")},
		"what no tab has goes": {
			given: all(kept, leave("a"), lock), when: join("a", "alice", token("t2")), want: refused,
		},
		"it was in use until the tab left": {
			given: all(kept, leave("a"), times(7, all(join("a2", "alice"), leave("a2"))), lock),
			when:  join("a", "alice", token("t1")), want: resumed("a", "t1"),
		},
		"eight later it goes": {
			given: all(kept, leave("a"), times(8, all(join("a2", "alice"), leave("a2"))), lock),
			when:  join("a", "alice", token("t1")), want: refused,
		},
		"one that is used is not the first to go": {
			given: all(eight, join("a", "alice", token("t1")), leave("a"), join("a", "alice"), leave("a"), lock),
			when:  join("a", "alice", token("t1")), want: resumed("a", "t1"),
		},
		"all eight are joined sockets': the ninth takes the place and the token of the oldest": {
			given: all(crowd, join("a9", "alice"), lock), when: join("a", "alice", token("t1")), want: refused,
		},
		"all eight are joined sockets': no other is taken": {
			given: all(crowd, join("a9", "alice"), leave("a2"), lock), when: join("a2", "alice", token("t2")), want: resumed("a2", "t2"),
		},
		"a socket that joins again lets go of its own": {
			given: all(crowd, join("a8", "alice"), leave("a7"), lock), when: join("a", "alice", token("t8")), want: refused,
		},
		"one that moved out lets go of its own": {
			given: all(join("a1", "alice", gate("code")), join("a2", "alice"), sayHello("a2", "A"), times(7, all(join("a3", "alice"), leave("a3"))), lock),
			when:  join("a", "alice", token("t1")), want: refused,
		},
		"a join without one draws one": {
			given: created, when: join("a2", "alice"),
			want: `a2 joined r1 until 24h0m0s token t2 awaiting
			       = entered`,
		},
		"a valid one is given back": {
			given: created, when: join("a2", "alice", token("t1")),
			want: `a2 joined r1 until 24h0m0s token t1 awaiting
			       = entered`,
		},
		"a wrong one is as if absent": {
			given: created, when: join("a2", "alice", token("t7")),
			want: `a2 joined r1 until 24h0m0s token t2 awaiting
			       = entered`,
		},
		"coming back with one draws none": {
			given: all(eight, times(20, join("a", "alice", token("t3"))), leave("a"), lock),
			when:  join("a", "alice", token("t1")),
			want: `a joined r1 until 24h0m0s token t1 awaiting
			       = entered lock resumed`,
		},
		"a second socket's counts as the first's": {
			given: all(paired, join("a2", "alice"), leave("a2"), times(10, wrong)),
			when:  join("a2", "alice", token("t3")),
			want: `a2 joined r1 until 168h0m0s token t3
			       = entered lock resumed`,
		},
		"the other seat's ninth leaves mine": {
			given: all(paired, times(9, join("b", "bob")), times(10, wrong)),
			when:  join("a2", "alice", token("t1")),
			want: `a2 joined r1 until 168h0m0s token t1
			       = entered lock resumed`,
		},
		"a new life of the room knows none of the old": {
			given: all(created, expire("a"), func(s *stage) []string { s.room(); return nil }, join("a", "alice")),
			when:  join("a2", "alice", token("t1")),
			want: `a2 joined r2 until 24h0m0s token t3 awaiting
			       = entered`,
		},
	})
}

func TestLockoutPolicy(t *testing.T) {
	s := newStage(t)
	s.cfg.Lockout = lockout.Policy{Attempts: 2, For: time.Minute}
	checkLines(t, all(paired, times(2, wrong))(s), `
		x error locked retry 1m0s
		= refused locked lock began`)
}

// PROTOCOL.md, reset_pairing.
func TestResetPairing(t *testing.T) {
	gated := join("a", "alice", gate("code"))
	checkRules(t, map[string]rule{
		"sets a gate": {
			given: all(created, resetPairing("a", "code")), when: join("b", "bob"),
			want: `b error otp_required
			       = refused otp_required`,
		},
		"without a ref is carried out": {
			given: gated, when: all(resetPairing("a", "new", noRef), join("b", "bob", gate("new"))),
			want: `b joined r1 until 168h0m0s token t2
			       a party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       = claimed`,
		},
		"replaces the gate: the new code is right": {
			given: all(gated, resetPairing("a", "new")), when: join("b", "bob", gate("new")),
			want: `b joined r1 until 168h0m0s token t2
			       a party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       = claimed`,
		},
		"clears the counter": {
			given: all(gated, times(9, wrong), resetPairing("a", "new")), when: join("b", "bob"),
			want: `b error otp_required
			       = refused otp_required`,
		},
		"lifts the lock": {
			given: all(gated, times(10, wrong), resetPairing("a", "new")), when: join("b", "bob", gate("new")),
			want: `b joined r1 until 168h0m0s token t12
			       a party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       = claimed`,
		},
		"malformed": {
			given: gated, when: resetPairing("a", "", badGate),
			want: `a error invalid_token`,
		},
		"malformed changes nothing": {
			given: all(gated, times(9, wrong), resetPairing("a", "", badGate)), when: wrong,
			want: `x error locked retry 30m0s
			       = refused locked lock began`,
		},
		"after pairing": {
			given: paired, when: resetPairing("a", "new"),
			want: `a error not_found`,
		},
		"after pairing it lifts no lock": {
			given: all(locked, resetPairing("a", "new")), when: join("a2", "alice"),
			want: `a2 error locked retry 30m0s
			       = refused locked lock refused`,
		},
		"data that is no object": {
			given: gated, when: resetPairing("a", "new", fault(wire.ReasonInvalidEncoding)),
			want: `a error invalid_encoding`,
		},
	})
}
