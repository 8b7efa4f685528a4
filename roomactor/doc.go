// Package roomactor holds the rooms of the relay: one goroutine a room, which
// owns the room's single message, its seats and its lockout behind a bounded
// mailbox, and a [Supervisor] that spawns rooms on first join, finds them and
// reaps them.
//
// All rules of PROTOCOL.md are in state.step, which is pure: it has no
// goroutine, clock, randomness or I/O, and answers a command with effects. The
// goroutine around it carries the effects out without ever blocking, by
// [Member.Deliver] and [Member.Close].
//
// Order of locks: a shard of the supervisor's map is locked alone; nothing
// else is locked while it is held.
package roomactor
