package roomactor

import (
	"testing"

	"sotto/wire"
)

// PROTOCOL.md, typing.
func TestTyping(t *testing.T) {
	checkRules(t, map[string]rule{
		"every socket of the other seat, none of one's own, no reply": {
			given: all(paired, join("a2", "alice"), join("b2", "bob")), when: typing("a"),
			want: `b counterparty_typing
			       b2 counterparty_typing
			       = typing`,
		},
		"alone": {given: created, when: typing("a"), want: `= typing`},
		"out of turn": {
			given: oneMessage, when: typing("a"),
			want: `b counterparty_typing
			       = typing`,
		},
		"data that is no object": {given: paired, when: typing("a", fault(wire.ReasonInvalidEncoding))},
	})
}

// PROTOCOL.md, presence: the other seat's, on change and after join, for those
// that opted in.
func TestPresence(t *testing.T) {
	optedIn := all(join("a", "alice", ext), join("b", "bob", ext))
	checkRules(t, map[string]rule{
		"after a join: no one is there yet": {
			when: join("a", "alice", ext),
			want: `a joined r1 until 24h0m0s token t1 as alice awaiting
			       a presence false
			       = created`,
		},
		"after a claim: told, and told of, behind the answer": {
			given: join("a", "alice", ext), when: join("b", "bob", ext),
			want: `b joined r1 until 168h0m0s token t2 as bob
			       b presence true
			       a party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       a presence true
			       = claimed`,
		},
		"a std-1 member is not told": {
			given: created, when: join("b", "bob", ext),
			want: `b joined r1 until 168h0m0s token t2 as bob
			       b presence true
			       a party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       = claimed`,
		},
		"a second join on the socket is no change, but answered": {
			given: optedIn, when: join("b", "bob", ext),
			want: `b joined r1 until 168h0m0s token t3 as bob
			       b presence true
			       = entered`,
		},
		"a ninth socket is no change": {
			given: all(optedIn, join("b2", "bob"), join("b3", "bob"), join("b4", "bob"), join("b5", "bob"),
				join("b6", "bob"), join("b7", "bob"), join("b8", "bob")),
			when: join("b9", "bob"),
			want: `b closed 4501
			       b9 joined r1 until 168h0m0s token t10
			       = entered`,
		},
		"the last socket leaves": {given: optedIn, when: leave("b"), want: `a presence false`},
		"a refused join tells no one": {given: all(optedIn, leave("b")), when: join("x", "eve"), want: `x error unauthorized left 9
			= refused unauthorized`},
		"a second join without ext opts out": {
			given: all(optedIn, join("a", "alice")), when: leave("b"),
		},
		"a second join with ext opts in": {
			given: all(paired, join("a", "alice", ext)), when: leave("b"), want: `a presence false`,
		},
	})
}

// A socket that joins again with the other seat's access hash moves there.
func TestMovedSocket(t *testing.T) {
	checkRules(t, map[string]rule{
		"both seats change for those who stay": {
			given: all(join("a", "alice", ext), join("a2", "alice", ext), join("b", "bob"), leave("b")),
			when:  join("a2", "bob", ext),
			want: `a2 joined r1 until 168h0m0s token t4 as bob
			       a2 presence true
			       a presence true
			       = entered`,
		},
		"the seat it left is empty": {
			given: all(join("a", "alice", ext), join("b", "bob", ext)),
			when:  join("a", "bob", ext),
			want: `a joined r1 until 168h0m0s token t3 as bob
			       a presence false
			       b presence false
			       = entered`,
		},
		"it claims the open seat: no one is left to be told": {
			given: join("a", "alice", ext), when: join("a", "bob", ext),
			want: `a joined r1 until 168h0m0s token t2 as bob
			       a presence false
			       = claimed`,
		},
		"it speaks for the new seat": {
			given: all(oneMessage, join("a", "bob")), when: send("a", "ho"),
			want: `b new_message m2 bob "ho" 1s
			       a new_message m2 bob "ho" 1s
			       a ok m2
			       = send_message`,
		},
		"a ninth closes the new seat's oldest": {
			given: all(paired, join("b2", "bob"), join("b3", "bob"), join("b4", "bob"), join("b5", "bob"),
				join("b6", "bob"), join("b7", "bob"), join("b8", "bob")),
			when: join("a", "bob"),
			want: `b closed 4501
			       a joined r1 until 168h0m0s token t10
			       = entered`,
		},
	})
}

// PROTOCOL.md, hello.
func TestHello(t *testing.T) {
	both := all(paired, sayHello("a", "A"), sayHello("b", "B"))
	checkRules(t, map[string]rule{
		"alone": {
			given: created, when: sayHello("a", "A"),
			want: `a ok
			       = hello`,
		},
		"the first of two": {
			given: all(paired, join("b2", "bob")), when: sayHello("a", "A"),
			want: `b hello "A"
			       b2 hello "A"
			       a ok
			       = hello`,
		},
		"the answer has the other's": {
			given: all(paired, sayHello("a", "A")), when: sayHello("b", "B"),
			want: `a hello "B"
			       b ok hello "A"
			       = hello`,
		},
		"the same again is not told": {
			given: both, when: sayHello("a", "A"),
			want: `a ok hello "B"
			       = hello`,
		},
		"another one is": {
			given: both, when: sayHello("a", "AA"),
			want: `b hello "AA"
			       a ok hello "B"
			       = hello`,
		},
		"the newest is kept": {
			given: all(both, sayHello("a", "AA")), when: sayHello("b", "B"),
			want: `b ok hello "AA"
			       = hello`,
		},
		"without a ref": {
			given: paired, when: sayHello("a", "A", noRef),
			want: `b hello "A"
			       = hello`,
		},
		"is kept while no one is there": {
			given: all(both, leave("a"), leave("b")), when: all(join("b", "bob"), sayHello("b", "BB")),
			want: `b ok hello "A"
			       = hello`,
		},
		"waits for who claims the seat": {
			given: all(created, sayHello("a", "A"), join("b", "bob")), when: sayHello("b", "B"),
			want: `a hello "B"
			       b ok hello "A"
			       = hello`,
		},
		"moves every other socket of the seat out, and tells them nothing else": {
			given: all(paired, join("a2", "alice"), join("a3", "alice", ext)), when: sayHello("a2", "A"),
			want: `a closed 4500
			       a3 closed 4500
			       b hello "A"
			       a2 ok
			       = hello`,
		},
		"moves them out when it is the same as well": {
			given: all(both, join("a2", "alice")), when: sayHello("a2", "A"),
			want: `a closed 4500
			       a2 ok hello "B"
			       = hello`,
		},
		"one that moved is no member": {
			given: all(both, join("a2", "alice"), sayHello("a2", "A")), when: send("a", "hi"),
			want: `a error not_joined`,
		},
		"one that moved leaves: no change of presence": {
			given: all(paired, join("b", "bob", ext), join("a2", "alice"), sayHello("a2", "A")), when: leave("a"),
		},
		"extends no time": {given: all(created, sayHello("a", "A"), wait(day)), when: timer, want: `a room_expired
			a closed 1000
			= over unpaired_ttl`},
		"frees no turn": {given: all(oneMessage, sayHello("a", "A")), when: send("a", "and"), want: `a error not_your_turn`},
		"bad encoding moves no one": {
			given: all(paired, join("a2", "alice")), when: all(sayHello("a2", "", fault(wire.ReasonInvalidEncoding)), typing("a")),
			want: `b counterparty_typing
			       = typing`,
		},
		"bad encoding": {given: paired, when: sayHello("a", "", fault(wire.ReasonInvalidEncoding)), want: `a error invalid_encoding`},
		"too large":    {given: paired, when: sayHello("a", "", fault(wire.ReasonTooLarge)), want: `a error message_too_large`},
		"a bad one is not kept": {
			given: all(paired, sayHello("a", "A"), sayHello("a", "", fault(wire.ReasonTooLarge))), when: sayHello("b", "B"),
			want: `a hello "B"
			       b ok hello "A"
			       = hello`,
		},
		"before a join": {given: created, when: sayHello("x", "X"), want: `x error not_joined`},
	})
}
