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
	checkRules(t,
		is("the tenth locks", all(paired, times(9, wrong)), wrong, `x error locked retry 30m0s | = refused locked lock began`),
		is("the eleventh is told the rest of the wait", all(locked, wait(time.Minute)), wrong, `x error locked retry 29m0s | = refused locked lock refused`),
		is("tries while locked count nothing and prolong nothing", all(locked, wait(29*time.Minute), times(50, wrong)), wrong,
			`x error locked retry 1m0s | = refused locked lock refused`),
		is("when the lock ends the counter is zero", all(locked, wait(30*time.Minute)), wrong, `x error unauthorized left 9 | = refused unauthorized`),
		is("a good join resets nothing", all(paired, times(9, wrong), join("a2", "alice"), join("b2", "bob")), wrong,
			`x error locked retry 30m0s | = refused locked lock began`),
		is("a claim resets nothing", all(gated, times(9, join("x", "eve", gate("wrong"))), join("b", "bob", gate("code"))), wrong,
			`x error locked retry 30m0s | = refused locked lock began`),
		is("all kinds count together", all(gated, times(3, wrong), times(3, join("x", "eve", gate("wrong"))), times(2, join("x", "eve", returning("r1"))), join("b", "bob", gate("code"), sender("alice"))), join("b", "bob", gate("code"), mustWait(time.Second)),
			`b error locked retry 30m0s | = refused locked lock began`),
	)
}

// PROTOCOL.md, join, step 3, and the resume token: who gets in while locked.
func TestJoinWhileLocked(t *testing.T) {
	openAndLocked := all(join("a", "alice", gate("code")), times(10, wrong))
	checkRules(t,
		is("right credentials do not", locked, join("a2", "alice"), `a2 error locked retry 30m0s | = refused locked lock refused`),
		is("the right code does not", openAndLocked, join("b", "bob", gate("code")), `b error locked retry 30m0s | = refused locked lock refused`),
		is("the seat's token does", all(locked, leave("a")), join("a2", "alice", token("t1")), `a2 joined r1 until 7d token t1 | = entered lock resumed`),
		is("the other seat's token does not", locked, join("a2", "alice", token("t2")), `a2 error locked retry 30m0s | = refused locked lock refused`),
		is("the zero token does not", locked, join("a2", "alice", token("")), `a2 error locked retry 30m0s | = refused locked lock refused`),
		is("a token without its access hash does not", locked, join("a2", "eve", token("t1")), `a2 error locked retry 30m0s | = refused locked lock refused`),
		is("a socket joined as that seat does", locked, join("a", "alice"), `a joined r1 until 7d token t13 | = entered lock resumed`),
		is("a socket joined as the other seat does not", locked, join("a", "bob"), `a error locked retry 30m0s | = refused locked lock refused`),
		is("a socket joined as the other seat with the token does, and moves", locked, all(join("a", "bob", token("t2")), typing("b")), `= typing`),
	)
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
		return who + " joined r1 until 1d token " + token + " awaiting\n = entered lock resumed"
	}
	const refused = `a error locked retry 30m0s | = refused locked lock refused`
	checkRules(t,
		is("what no tab has goes", all(kept, leave("a"), lock), join("a", "alice", token("t2")), refused),
		is("it was in use until the tab left", all(kept, leave("a"), times(7, all(join("a2", "alice"), leave("a2"))), lock), join("a", "alice", token("t1")),
			resumed("a", "t1")),
		is("eight later it goes", all(kept, leave("a"), times(8, all(join("a2", "alice"), leave("a2"))), lock), join("a", "alice", token("t1")),
			refused),
		is("one that is used is not the first to go", all(eight, join("a", "alice", token("t1")), leave("a"), join("a", "alice"), leave("a"), lock), join("a", "alice", token("t1")),
			resumed("a", "t1")),
		is("all eight are joined sockets': the ninth takes the place and the token of the oldest", all(crowd, join("a9", "alice"), lock), join("a", "alice", token("t1")),
			refused),
		is("all eight are joined sockets': no other is taken", all(crowd, join("a9", "alice"), leave("a2"), lock), join("a2", "alice", token("t2")),
			resumed("a2", "t2")),
		is("a socket that joins again lets go of its own", all(crowd, join("a8", "alice"), leave("a7"), lock), join("a", "alice", token("t8")),
			refused),
		is("one that moved out lets go of its own", all(join("a1", "alice", gate("code")), join("a2", "alice"), sayHello("a2", "A"), times(7, all(join("a3", "alice"), leave("a3"))), lock), join("a", "alice", token("t1")),
			refused),
		is("a valid one is given back", created, join("a2", "alice", token("t1")), `a2 joined r1 until 1d token t1 awaiting | = entered`),
		is("the other seat's ninth leaves mine", all(paired, times(9, join("b", "bob")), times(10, wrong)), join("a2", "alice", token("t1")),
			`a2 joined r1 until 7d token t1 | = entered lock resumed`),
		is("a new life of the room knows none of the old", all(created, expire("a"), func(s *stage) []string { s.room(); return nil }, join("a", "alice")), join("a2", "alice", token("t1")),
			`a2 joined r2 until 1d token t3 awaiting | = entered`),
	)
}

func TestLockoutPolicy(t *testing.T) {
	s := newStage(t)
	s.cfg.Lockout = lockout.Policy{Attempts: 2, For: time.Minute}
	checkLines(t, all(paired, times(2, wrong))(s), `x error locked retry 1m0s | = refused locked lock began`)
}

// PROTOCOL.md, reset_pairing.
func TestResetPairing(t *testing.T) {
	gated := join("a", "alice", gate("code"))
	checkRules(t,
		is("replaces the gate: the new code is right", all(gated, resetPairing("a", "new")), join("b", "bob", gate("new")),
			`b joined r1 until 7d token t2 | a party_paired 7d | a ttl_extended 7d | = claimed`),
		is("clears the counter", all(gated, times(9, wrong), resetPairing("a", "new")), join("b", "bob"), `b error otp_required | = refused otp_required`),
		is("lifts the lock", all(gated, times(10, wrong), resetPairing("a", "new")), join("b", "bob", gate("new")),
			`b joined r1 until 7d token t12 | a party_paired 7d | a ttl_extended 7d | = claimed`),
		is("malformed changes nothing", all(gated, times(9, wrong), resetPairing("a", "", badGate)), wrong,
			`x error locked retry 30m0s | = refused locked lock began`),
		is("after pairing", paired, resetPairing("a", "new"), `a error not_found`),
		is("after pairing it lifts no lock", all(locked, resetPairing("a", "new")), join("a2", "alice"),
			`a2 error locked retry 30m0s | = refused locked lock refused`),
		is("data that is no object", gated, resetPairing("a", "new", fault(wire.ReasonInvalidEncoding)), `a error invalid_encoding`),
	)
}
