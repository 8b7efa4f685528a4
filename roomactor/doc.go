// Package roomactor holds the rooms of the relay: actors that each own a single
// message, the seats, hellos and lockout behind a bounded mailbox, and a
// [Supervisor] that makes rooms on first join, finds them and ends them.
//
// # Rules
//
// The rules of a room are in state.step, and joinNowhere decides where there is
// no room. Both are pure: no goroutine, clock, randomness or I/O. PROTOCOL.md in
// package wire says which function decides what; the connection keeps some rules,
// such as the pace of typing and the times of sockets that have not joined.
//
// # Turns
//
// Commands are carried out one at a time, in the order in which they came, by the
// goroutine that has the room's turn. It takes the step and carries out its effects
// without ever blocking, by [Member.Deliver] and [Member.Close]. It then passes the
// turn on, and only after that lets the members send ([Member.Flush]).
//
// A goroutine that brings a command takes the turn if it is free, so that two people
// who talk wait for no other goroutine. If it is not free, the goroutine leaves the
// command in the mailbox and goes on; for each command there a goroutine is started.
// So nobody works for others, and a room at which nothing happens has no goroutine:
// that would cost two thirds of an idle room's memory. The timer brings a command
// like anyone else.
//
// A room that ends takes no more commands and refuses those in its mailbox. Its turn
// is never given up: nobody sees what is left of its state, which is overwritten. A
// panic in a turn ends the room alone.
//
// # Locks
//
// A shard of the supervisor's map is locked alone, and so is a mailbox, for a few
// instructions. Members and observers are called without a lock, but in a turn: they
// must not call the room, which would leave their command to itself.
package roomactor
