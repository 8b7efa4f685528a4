package roomactor

import (
	"testing"

	"sotto/wire"
)

// PROTOCOL.md, typing.
func TestTyping(t *testing.T) {
	checkRules(t,
		is("every socket of the other seat, none of one's own, no reply", all(paired, join("a2", "alice"), join("b2", "bob")), typing("a"),
			`b counterparty_typing | b2 counterparty_typing | = typing`),
		is("alone", created, typing("a"), `= typing`),
		is("data that is no object", paired, typing("a", fault(wire.ReasonInvalidEncoding)), ""),
	)
}

// PROTOCOL.md, presence: the other seat's, on change and after join, for those
// that opted in.
func TestPresence(t *testing.T) {
	optedIn := all(join("a", "alice", ext), join("b", "bob", ext))
	checkRules(t,
		is("after a join: no one is there yet", nil, join("a", "alice", ext),
			`a joined r1 until 1d token t1 as alice awaiting | a presence false | = created`),
		is("after a claim: told, and told of, behind the answer", join("a", "alice", ext), join("b", "bob", ext),
			`b joined r1 until 7d token t2 as bob | b presence true | a party_paired 7d | a ttl_extended 7d | a presence true | = claimed`),
		is("a std-1 member is not told", created, join("b", "bob", ext),
			`b joined r1 until 7d token t2 as bob | b presence true | a party_paired 7d | a ttl_extended 7d | = claimed`),
		is("a ninth socket is no change", all(optedIn, join("b2", "bob"), join("b3", "bob"), join("b4", "bob"), join("b5", "bob"), join("b6", "bob"), join("b7", "bob"), join("b8", "bob")), join("b9", "bob"),
			`b closed 4501 | b9 joined r1 until 7d token t10 | = entered`),
		is("a refused join tells no one", all(optedIn, leave("b")), join("x", "eve"), `x error unauthorized left 9 | = refused unauthorized`),
		is("a second join without ext opts out", all(optedIn, join("a", "alice")), leave("b"), ""),
		is("a second join with ext opts in", all(paired, join("a", "alice", ext)), leave("b"), `a presence false`),
	)
}

// A socket that joins again with the other seat's access hash moves there.
func TestMovedSocket(t *testing.T) {
	checkRules(t,
		is("both seats change for those who stay", all(join("a", "alice", ext), join("a2", "alice", ext), join("b", "bob"), leave("b")), join("a2", "bob", ext),
			`a2 joined r1 until 7d token t4 as bob | a2 presence true | a presence true | = entered`),
		is("the seat it left is empty", all(join("a", "alice", ext), join("b", "bob", ext)), join("a", "bob", ext),
			`a joined r1 until 7d token t3 as bob | a presence false | b presence false | = entered`),
		is("it claims the open seat: no one is left to be told", join("a", "alice", ext), join("a", "bob", ext),
			`a joined r1 until 7d token t2 as bob | a presence false | = claimed`),
		is("it speaks for the new seat", all(oneMessage, join("a", "bob")), send("a", "ho"),
			`b new_message m2 bob "ho" 1s | a new_message m2 bob "ho" 1s | a ok m2 | = send_message`),
		is("a ninth closes the new seat's oldest", all(paired, join("b2", "bob"), join("b3", "bob"), join("b4", "bob"), join("b5", "bob"), join("b6", "bob"), join("b7", "bob"), join("b8", "bob")), join("a", "bob"),
			`b closed 4501 | a joined r1 until 7d token t10 | = entered`),
	)
}

// PROTOCOL.md, hello.
func TestHello(t *testing.T) {
	both := all(paired, sayHello("a", "A"), sayHello("b", "B"))
	checkRules(t,
		is("alone", created, sayHello("a", "A"), `a ok | = hello`),
		is("the first of two", all(paired, join("b2", "bob")), sayHello("a", "A"), `b hello "A" | b2 hello "A" | a ok | = hello`),
		is("the answer has the other's", all(paired, sayHello("a", "A")), sayHello("b", "B"), `a hello "B" | b ok hello "A" | = hello`),
		is("another one is", both, sayHello("a", "AA"), `b hello "AA" | a ok hello "B" | = hello`),
		is("without a ref", paired, sayHello("a", "A", noRef), `b hello "A" | = hello`),
		is("is kept while no one is there", all(both, leave("a"), leave("b")), all(join("b", "bob"), sayHello("b", "BB")), `b ok hello "A" | = hello`),
		is("moves every other socket of the seat out, and tells them nothing else", all(paired, join("a2", "alice"), join("a3", "alice", ext)), sayHello("a2", "A"),
			`a closed 4500 | a3 closed 4500 | b hello "A" | a2 ok | = hello`),
		is("one that moved is no member", all(both, join("a2", "alice"), sayHello("a2", "A")), send("a", "hi"), `a error not_joined`),
		is("one that moved leaves: no change of presence", all(paired, join("b", "bob", ext), join("a2", "alice"), sayHello("a2", "A")), leave("a"),
			""),
		is("late, of a connection that its page gave up: where the page came back stays",
			all(both, join("a2", "alice", token("t1")), join("a3", "alice")), sayHello("a", "A"), `a3 closed 4500 | a ok hello "B" | = hello`),
		is("and moves out the one that was given up",
			all(both, join("a2", "alice", token("t1")), sayHello("a", "A")), sayHello("a2", "A"), `a closed 4500 | a2 ok hello "B" | = hello`),
		is("bad encoding moves no one", all(paired, join("a2", "alice")), all(sayHello("a2", "", fault(wire.ReasonInvalidEncoding)), typing("a")),
			`b counterparty_typing | = typing`),
		is("too large", paired, sayHello("a", "", fault(wire.ReasonTooLarge)), `a error message_too_large`),
		is("a bad one is not kept", all(paired, sayHello("a", "A"), sayHello("a", "", fault(wire.ReasonTooLarge))), sayHello("b", "B"),
			`a hello "B" | b ok hello "A" | = hello`),
	)
}
