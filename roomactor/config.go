package roomactor

import (
	"time"

	"sotto/lockout"
	"sotto/wire"
)

// Defaults of std-1 and of this relay.
const (
	DefaultRoomTTL     = 7 * 24 * time.Hour
	DefaultUnpairedTTL = 24 * time.Hour
	DefaultMaxRooms    = 1_000_000
	// MaxSockets is how many sockets one seat may have joined.
	MaxSockets = 8
	// DefaultMaxSlotMemory is 1,170 of the largest messages.
	DefaultMaxSlotMemory = 64 << 20
	// mailboxSize is how many commands wait for a room before its connections
	// do: two people rarely have more than a few under way.
	mailboxSize = 8
)

// Config configures a Supervisor. Buffers is required; other zero fields mean
// their defaults.
type Config struct {
	// RoomTTL is how long a room lives from its creation once both seats are
	// taken. 0 means DefaultRoomTTL; there is no off.
	RoomTTL time.Duration
	// UnpairedTTL is how long it lives while a seat is open. 0 means
	// DefaultUnpairedTTL; it is never longer than RoomTTL.
	UnpairedTTL time.Duration
	// MaxRooms bounds the rooms alive. 0 means DefaultMaxRooms, negative no limit.
	MaxRooms int
	// MaxSlotMemory bounds what all slots hold above wire.StdCiphertext bytes each,
	// in bytes. 0 means DefaultMaxSlotMemory, negative no limit.
	MaxSlotMemory int64
	Lockout       lockout.Policy
	// Buffers are what frames are encoded into.
	Buffers *wire.Buffers
	// Observer is told what happens; nil means nobody is.
	Observer Observer
}

func (c Config) withDefaults() Config {
	switch {
	case c.Buffers == nil:
		panic("roomactor: Config.Buffers is nil")
	case c.RoomTTL < 0 || c.UnpairedTTL < 0:
		panic("roomactor: a TTL is negative")
	}
	if c.RoomTTL == 0 {
		c.RoomTTL = DefaultRoomTTL
	}
	if c.UnpairedTTL == 0 {
		c.UnpairedTTL = DefaultUnpairedTTL
	}
	c.UnpairedTTL = min(c.UnpairedTTL, c.RoomTTL)
	if c.MaxRooms == 0 {
		c.MaxRooms = DefaultMaxRooms
	}
	if c.MaxSlotMemory == 0 {
		c.MaxSlotMemory = DefaultMaxSlotMemory
	}
	c.Lockout = c.Lockout.WithDefaults()
	if c.Observer == nil {
		c.Observer = nobody{}
	}
	return c
}

// Observer is told what happens in rooms, in closed sets of values and without
// any identifier. Its methods are called in a room's turn, and Joined also from
// callers of Supervisor.Join: they must not block nor call a room, and must be safe
// for concurrent use.
type Observer interface {
	RoomStarted()
	RoomClosed(CloseCause)
	// Joined tells of every join a room or the supervisor decided.
	Joined(JoinKind, wire.Reason)
	// Accepted tells of an event that changed the room or reached the other
	// seat: send_message, edit_message, delete_message, read_receipt, typing,
	// expire_room, reset_pairing, hello.
	Accepted(wire.Event)
	// Locked tells of a lock that began, a join refused or let in during one.
	Locked(LockKind)
	// SlotsFull tells of a large message refused at Config.MaxSlotMemory.
	SlotsFull()
	// Waited tells how long a command lay in the mailbox.
	Waited(time.Duration)
	// Panicked tells that a room failed; RoomClosed follows. It is called on the
	// stack that panicked, where runtime.Callers finds the site, once the members
	// have been closed.
	Panicked()
}

// CloseCause is why a room ended.
type CloseCause string

// Causes of a room's end.
const (
	ClosedTTL      CloseCause = "ttl"
	ClosedUnpaired CloseCause = "unpaired_ttl"
	ClosedExpired  CloseCause = "expire_room"
	ClosedShutdown CloseCause = "shutdown"
	ClosedPanic    CloseCause = "panic"
)

// CloseCauses returns every cause.
func CloseCauses() []CloseCause {
	return []CloseCause{ClosedTTL, ClosedUnpaired, ClosedExpired, ClosedShutdown, ClosedPanic}
}

// JoinKind is how a join got in.
type JoinKind string

// Kinds of join. JoinRefused comes with a reason; JoinMaxRooms is a refusal for
// want of rooms, with wire.ReasonRateLimited; the others come without.
const (
	JoinRefused  JoinKind = "refused"
	JoinCreated  JoinKind = "created"
	JoinClaimed  JoinKind = "claimed"
	JoinEntered  JoinKind = "entered"
	JoinMaxRooms JoinKind = "max_rooms"
)

// LockKind is what happened around a lock.
type LockKind string

// Kinds of lock events.
const (
	LockBegan   LockKind = "began"
	LockRefused LockKind = "refused"
	LockResumed LockKind = "resumed"
)

// LockKinds returns every kind.
func LockKinds() []LockKind { return []LockKind{LockBegan, LockRefused, LockResumed} }

type nobody struct{}

func (nobody) RoomStarted()                 {}
func (nobody) RoomClosed(CloseCause)        {}
func (nobody) Joined(JoinKind, wire.Reason) {}
func (nobody) Accepted(wire.Event)          {}
func (nobody) Locked(LockKind)              {}
func (nobody) SlotsFull()                   {}
func (nobody) Waited(time.Duration)         {}
func (nobody) Panicked()                    {}
