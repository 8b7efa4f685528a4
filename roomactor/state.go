package roomactor

import (
	"iter"
	"time"

	"sotto/lockout"
	"sotto/wire"
)

// state is a room without its goroutine. All of it is owned by that goroutine.
type state struct {
	cfg *Config
	id  wire.RoomID
	// born, expires and restartsAt are monotonic; restartsAt is 0 until a drain.
	born, expires, restartsAt time.Duration

	seats [2]seat
	// gate is the hash of the pairing code while one is set.
	gate    wire.GateHash
	gateSet bool
	lock    lockout.Counter
	slot    slot

	// scratch is borrowed for the step under way, nil between steps.
	scratch *scratch
}

// seat is one of the room's two places, taken for good by its first join.
type seat struct {
	taken   bool
	access  bearer
	sender  wire.SenderHash
	tokens  lockout.Tokens
	sockets []socket // oldest first, at most MaxSockets
	sends   []sent   // the last accepted ones with a nonce, oldest first
	hello   *hello   // nil until there is one
}

type socket struct {
	member Member
	optIn  bool
	token  lockout.Token // that its last join sent or was given
}

// sent is the answer to a send, for its repeats.
type sent struct {
	nonce nonceTag
	id    wire.MessageID
}

// hello is what a seat's page said last. It means nothing to the relay.
type hello struct{ bytes []byte }

// slot is the room's only message.
type slot struct {
	full   bool
	author int // seat
	msg    wire.Message
}

// clear overwrites the message.
func (s *slot) clear() {
	clear(s.msg.Ciphertext[:cap(s.msg.Ciphertext)])
	*s = slot{}
}

// fill overwrites the old ciphertext and keeps a copy of the new one.
func (s *slot) fill(ciphertext []byte) {
	s.msg.Ciphertext = overwrite(s.msg.Ciphertext, ciphertext)
}

// large returns how much the slot holds of a large message beyond a text's
// share, in bytes.
func (s *slot) large() int64 { return largeOf(s.msg.Ciphertext) }

func largeOf(ciphertext []byte) int64 { return int64(max(0, len(ciphertext)-wire.StdCiphertext)) }

// overwrite clears old and returns a copy of b, in the array of old if it fits
// and is none of a large message: a text does not keep that.
func overwrite(old, b []byte) []byte {
	clear(old[:cap(old)])
	if cap(old) < len(b) || cap(old) > wire.StdCiphertext {
		old = make([]byte, 0, len(b))
	}
	return append(old[:0], b...)
}

func newState(cfg *Config, now time.Duration, id *wire.RoomID) *state {
	return &state{cfg: cfg, id: *id, born: now, expires: now + cfg.UnpairedTTL}
}

// step applies one command. The effects are in s.scratch, valid until the next
// step, in the order in which they must be carried out. What frames point to
// is valid as long, so they are encoded before.
func (s *state) step(now moment, c *command) outcome {
	s.scratch.effects = s.scratch.effects[:0]
	switch {
	case c.kind == cmdStop:
		s.closeAll(wire.CloseRestart)
		return outcome{ended: ClosedShutdown}
	case now.Duration >= s.expires:
		// The time-to-live is exact: no command is carried out after it, even
		// when it overtook the timer.
		return s.end(s.ttlCause())
	}
	switch c.kind {
	case cmdTick:
		return outcome{}
	case cmdLeave:
		s.leave(c.from)
		return outcome{}
	case cmdJoin:
		return s.join(now, c)
	case cmdDrain:
		s.restartsAt = c.restartsAt
		s.do(&effect{kind: effBroadcast, seats: bothSeats, optIn: true, frame: s.restarting(now)})
		return outcome{}
	default:
		return s.request(now, c)
	}
}

func (s *state) request(now moment, c *command) outcome {
	me, ok := s.seatOf(c.from)
	if !ok {
		s.refuse(c, wire.ReasonNotJoined)
		return outcome{}
	}
	switch c.req.Event {
	case wire.EventSend:
		return s.send(now, c, me)
	case wire.EventRead:
		return s.read(now, c, me)
	case wire.EventEdit:
		return s.edit(c, me)
	case wire.EventDelete:
		return s.remove(c, me)
	case wire.EventTyping:
		return s.typing(c, me)
	case wire.EventHello:
		return s.hello(c, me)
	case wire.EventExpire:
		if s.faulty(c) {
			return outcome{}
		}
		s.reply(c, &wire.Response{})
		out := s.end(ClosedExpired)
		out.accepted = wire.EventExpire
		return out
	case wire.EventResetPairing:
		return s.resetPairing(c)
	case wire.EventRedeemExtension:
		s.refuse(c, wire.ReasonMonetizationDisabled)
	}
	return outcome{}
}

// typing has no reply, so bad input is dropped in silence.
func (s *state) typing(c *command, me int) outcome {
	if c.req.Fault != "" {
		return outcome{}
	}
	s.broadcast(onlySeat(1-me), &wire.Response{Event: wire.EventCounterpartyTyping})
	return outcome{accepted: wire.EventTyping}
}

func (s *state) resetPairing(c *command) outcome {
	switch {
	case s.faulty(c):
		return outcome{}
	case !s.awaiting():
		s.refuse(c, wire.ReasonNotFound)
		return outcome{}
	case !c.req.Gate.Valid:
		s.refuse(c, wire.ReasonInvalidToken)
		return outcome{}
	}
	s.gate, s.gateSet = c.req.Gate.Hash, true
	s.lock.Reset()
	s.reply(c, &wire.Response{})
	return outcome{accepted: wire.EventResetPairing}
}

// end tells everyone that the room is over and forgets it.
func (s *state) end(cause CloseCause) outcome {
	s.broadcast(bothSeats, &wire.Response{Event: wire.EventRoomExpired})
	s.closeAll(wire.CloseRoomExpired)
	return outcome{ended: cause}
}

func (s *state) closeAll(code wire.CloseCode) {
	for i := range s.seats {
		for _, k := range s.seats[i].sockets {
			s.do(&effect{kind: effClose, member: k.member, code: code})
		}
	}
}

// forget overwrites what the room knew. It is the last thing done to a room.
func (s *state) forget() {
	s.slot.clear()
	for i := range s.seats {
		s.seats[i].tokens.Forget()
		if h := s.seats[i].hello; h != nil {
			overwrite(h.bytes, nil)
		}
	}
	*s = state{}
}

func (s *state) ttlCause() CloseCause {
	if s.awaiting() {
		return ClosedUnpaired
	}
	return ClosedTTL
}

// awaiting reports whether a seat is open.
func (s *state) awaiting() bool { return !s.seats[1].taken }

// seatOf returns the seat that m has joined.
func (s *state) seatOf(m Member) (int, bool) {
	for i := range s.seats {
		for _, k := range s.seats[i].sockets {
			if k.member == m {
				return i, true
			}
		}
	}
	return 0, false
}

// faulty refuses a request that the decoder found a fault in, and reports
// whether it did.
func (s *state) faulty(c *command) bool {
	if c.req.Fault == "" {
		return false
	}
	s.refuse(c, c.req.Fault)
	return true
}

// reply answers the request, if it carried a ref; the zero response is ok {}.
func (s *state) reply(c *command, r *wire.Response) {
	if !c.req.Ref.Set() {
		return
	}
	s.do(&effect{kind: effReply, member: c.from, frame: *r})
	s.scratch.effects[len(s.scratch.effects)-1].frame.Ref = c.req.Ref
}

func (s *state) refuse(c *command, reason wire.Reason) {
	s.reply(c, &wire.Response{Reason: reason})
}

func (s *state) do(e *effect) { s.scratch.effects = append(s.scratch.effects, *e) }

// recipients are the members a broadcast goes to, of those in the room after
// the step.
func (s *state) recipients(e *effect) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		for i := range s.seats {
			if !e.seats.has(i) {
				continue
			}
			for _, k := range s.seats[i].sockets {
				if (k.optIn || !e.optIn) && k.member != e.member && !yield(k.member) {
					return
				}
			}
		}
	}
}

func (s *state) broadcast(to seatSet, r *wire.Response) {
	s.do(&effect{kind: effBroadcast, seats: to, frame: *r})
}
