// Package roomactor holds the rooms of the relay: one goroutine a room, which
// owns the room's single message, its seats, hellos and lockout behind a
// bounded mailbox, and a [Supervisor] that makes rooms on first join, finds
// them and ends them.
//
// The rules of a room are in state.step, and joinNowhere decides where there is
// no room. Both are pure: no goroutine, clock, randomness or I/O. A step answers a
// command with effects, which the goroutine around it carries out without ever
// blocking, by [Member.Deliver] and [Member.Close]. PROTOCOL.md in package wire
// says which function decides what; the connection keeps some rules, such as the
// pace of typing and the times of sockets that have not joined.
//
// Order of locks: a shard of the supervisor's map is locked alone; nothing
// else is locked while it is held.
package roomactor
