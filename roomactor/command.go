package roomactor

import (
	"time"

	"sotto/lockout"
	"sotto/wire"
)

// command is what a room is asked to do. Randomness and time come with it, so
// that step needs neither.
type command struct {
	kind commandKind
	from Member
	// req of a join belongs to the caller, who waits; that of a request
	// belongs to the room once it is in the mailbox.
	req *wire.Request
	// random is the id of a message sent, or a resume token in clear.
	random [32]byte
	// Of a join: the hashes of its access hash, its resume token and random.
	access        bearer
	resume, fresh lockout.Token
	// nonce of a send, zero when there is none.
	nonce nonceTag
	// slotsFull: there is no memory for the large message it brings.
	slotsFull bool
	// claimWait is how long the caller's address must wait before it may take
	// a seat; 0 when it may.
	claimWait time.Duration
	// restartsAt is when the relay will, of a cmdDrain.
	restartsAt time.Duration
	// posted is when the sender brought it.
	posted time.Duration
	// placed is closed when a command that came to a full mailbox has a place in it,
	// or when it is refused, as the room is over.
	placed chan struct{}
	// refused is guarded by the mailbox's mu.
	refused bool
	// answer is where a join's caller waits; it has room for one answer.
	answer chan joinAnswer
}

type commandKind uint8

const (
	// cmdJoin is a join of this room; its wire answer is an effect.
	cmdJoin commandKind = iota
	// cmdRequest is any other event from a joined member.
	cmdRequest
	// cmdLeave: the member's socket is gone.
	cmdLeave
	// cmdTick: the room's time may be over.
	cmdTick
	// cmdDrain: the relay will restart.
	cmdDrain
	// cmdStop: the relay shuts down.
	cmdStop
)

// joinAnswer is how a join ended, for the connection; the client has been
// answered by then.
type joinAnswer struct {
	result JoinResult
	err    error
}

// moment is when a step happens. The room's own time is monotonic; wall only
// goes into stamps, so that they follow the clock when it is set.
type moment struct {
	time.Duration // since the supervisor was made
	wall          time.Time
}

// at returns the wall-clock time of a monotonic instant.
func (m moment) at(instant time.Duration) time.Time { return m.wall.Add(instant - m.Duration).UTC() }

// scratch is the memory that a step needs. A room borrows it for each step, so
// that an idle room has none.
type scratch struct {
	effects []effect
	// joined is the answer to a join. It has the resume token in clear, so it is
	// cleared with the rest.
	joined wire.Joined
	// flush are the members that may have something to send after the step.
	flush []Member
}

// clear overwrites what the step left.
func (w *scratch) clear() {
	clear(w.effects[:cap(w.effects)])
	w.effects = w.effects[:0]
	w.joined = wire.Joined{}
	clear(w.flush[:cap(w.flush)])
	w.flush = w.flush[:0]
}

// effect is one thing a step wants done, in order.
type effect struct {
	kind effectKind
	// member is whom a reply or close goes to, and whom a broadcast leaves out.
	member Member
	// seats a broadcast goes to.
	seats seatSet
	// optIn limits a broadcast to members that joined with ext.
	optIn bool
	frame wire.Response
	code  wire.CloseCode
}

type effectKind uint8

const (
	effReply effectKind = iota
	effBroadcast
	effClose
)

// seatSet is a set of seats, one bit each.
type seatSet uint8

func onlySeat(i int) seatSet { return 1 << i }

const bothSeats seatSet = 0b11

func (s seatSet) has(i int) bool { return s&(1<<i) != 0 }

// outcome is what a step did, beside its effects, for metrics and the caller.
type outcome struct {
	join     JoinKind
	reason   wire.Reason
	accepted wire.Event
	lock     LockKind
	// slotsFull: a large message was refused for want of memory.
	slotsFull bool
	// ended is why the room is over, or "".
	ended CloseCause
}
