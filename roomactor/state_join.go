package roomactor

import (
	"crypto/subtle"
	"slices"
	"time"

	"sotto/lockout"
	"sotto/wire"
)

// fullRetry is what a newcomer is told to wait when there are MaxRooms: rooms
// end one by one, so any figure is a guess; a minute keeps retries cheap.
const fullRetry = time.Minute

// joinNowhere decides a join of a hash that no room has: it creates one, or is
// refused with an answer. full means that there are MaxRooms; restartsIn is
// positive during a drain, when the room may be, or begin, at another relay.
func joinNowhere(j *wire.Join, claimWait, restartsIn time.Duration, full bool) (JoinKind, wire.Response) {
	switch {
	case restartsIn > 0:
		return JoinRefused, wire.Response{Reason: wire.ReasonRestarting, RetryAfter: restartsIn}
	case j.Intent != wire.IntentAny:
		return JoinRefused, wire.Response{Reason: wire.ReasonNotFound}
	case claimWait > 0:
		return JoinRefused, wire.Response{Reason: wire.ReasonRateLimited, RetryAfter: claimWait}
	case full:
		return JoinMaxRooms, wire.Response{Reason: wire.ReasonRateLimited, RetryAfter: fullRetry}
	}
	return JoinCreated, wire.Response{}
}

// join decides a join of this room: PROTOCOL.md, join, from step 2's "return"
// on. Malformed hashes were refused before the room was asked.
func (s *state) join(now moment, c *command) outcome {
	j := &c.req.Join
	if j.Intent == wire.IntentReturn && j.RoomID != s.id {
		return s.refuseJoin(c, wire.ReasonNotFound)
	}
	me, known := s.seatFor(&c.access)
	resumed := s.resumes(c, me, known)

	var lock LockKind
	if wait := s.lock.LockedFor(now.Duration); wait > 0 {
		if at, joined := s.seatOf(c.from); !resumed && (!known || !joined || at != me) {
			return s.refuseLocked(c, wait, LockRefused)
		}
		lock = LockResumed
	}

	kind := JoinEntered
	if !known {
		var reason wire.Reason
		if me, kind, reason = s.claim(c); reason != "" {
			return s.countFailure(now, c, reason)
		}
	}
	s.enter(now, c, me, resumed, kind == JoinClaimed)
	return outcome{join: kind, lock: lock}
}

// seatFor finds the seat of an access hash. Both seats are always compared.
func (s *state) seatFor(a *bearer) (seat int, known bool) {
	for i := range s.seats {
		if subtle.ConstantTimeCompare(s.seats[i].access[:], a[:]) == 1 && s.seats[i].taken {
			seat, known = i, true
		}
	}
	return seat, known
}

// resumes reports whether the join carries its seat's token. It looks through
// both seats' even when the access hash is unknown: a locked room, where tries
// are not counted, takes no longer for a PIN that is right.
func (s *state) resumes(c *command, me int, known bool) bool {
	first := s.seats[0].tokens.Has(&c.resume)
	second := s.seats[1].tokens.Has(&c.resume)
	return c.req.Join.HasResume && known && (me == 0 && first || me == 1 && second)
}

// claim takes an open seat for an unknown access hash, or says why not.
func (s *state) claim(c *command) (int, JoinKind, wire.Reason) {
	j := &c.req.Join
	first := &s.seats[0]
	if !first.taken {
		*first = seat{taken: true, access: c.access, sender: j.Sender}
		s.gate, s.gateSet = j.Gate.Hash, j.Gate.Valid
		return 0, JoinCreated, ""
	}
	switch {
	case !s.awaiting() || j.Intent == wire.IntentReturn:
		return 0, "", wire.ReasonUnauthorized
	case s.gateSet && !j.Gate.Present:
		return 0, "", wire.ReasonOTPRequired
	case s.gateSet && (!j.Gate.Valid || !s.gate.Equal(&j.Gate.Hash)):
		return 0, "", wire.ReasonOTPInvalid
	case j.Sender == first.sender:
		return 0, "", wire.ReasonInvalidSender
	case c.claimWait > 0:
		return 0, "", wire.ReasonRateLimited
	}
	s.seats[1] = seat{taken: true, access: c.access, sender: j.Sender}
	s.gate, s.gateSet = wire.GateHash{}, false
	s.expires = s.born + s.cfg.RoomTTL
	return 1, JoinClaimed, ""
}

// countFailure counts a join of an unknown access hash that was not let in,
// whatever the reason: any uncounted refusal would be a free oracle.
func (s *state) countFailure(now moment, c *command, reason wire.Reason) outcome {
	remaining, locked := s.lock.Fail(s.cfg.Lockout, now.Duration)
	if locked {
		return s.refuseLocked(c, s.lock.LockedFor(now.Duration), LockBegan)
	}
	r := wire.Response{Reason: reason}
	switch reason {
	case wire.ReasonUnauthorized:
		r.AttemptsRemaining = remaining
	case wire.ReasonRateLimited:
		r.RetryAfter = c.claimWait
	}
	s.reply(c, &r)
	return outcome{join: JoinRefused, reason: reason}
}

func (s *state) refuseLocked(c *command, wait time.Duration, kind LockKind) outcome {
	s.reply(c, &wire.Response{Reason: wire.ReasonLocked, RetryAfter: wait})
	return outcome{join: JoinRefused, reason: wire.ReasonLocked, lock: kind}
}

func (s *state) refuseJoin(c *command, reason wire.Reason) outcome {
	s.refuse(c, reason)
	return outcome{join: JoinRefused, reason: reason}
}

// enter makes the socket a member of the seat and answers it with the whole
// state, before anything else can reach it.
func (s *state) enter(now moment, c *command, me int, resumed, claimed bool) {
	j, seat := &c.req.Join, &s.seats[me]
	at, joined := s.seatOf(c.from)
	moved := joined && at != me
	if moved {
		s.dropSocket(at, c.from)
	}
	wasHere := len(seat.sockets) > 0
	token := &c.resume
	if !resumed {
		token = &c.fresh
	}
	s.addSocket(seat, &socket{member: c.from, optIn: j.Ext, token: *token})
	if !resumed {
		seat.tokens.Add(token, seat.holds)
	}

	ok := &s.scratch.joined
	*ok = wire.Joined{RoomID: s.id, TTLExpiresAt: now.at(s.expires), AwaitingParty: s.awaiting(), HasSender: j.Ext}
	if resumed {
		ok.Resume = j.Resume
	} else {
		ok.Resume = wire.ResumeToken(c.random)
	}
	if j.Ext {
		ok.Sender = seat.sender
	}
	if s.slot.full {
		ok.Message = &s.slot.msg
	}
	s.reply(c, &wire.Response{Joined: ok})

	if j.Ext {
		s.do(&effect{kind: effReply, member: c.from, frame: wire.Response{
			Event: wire.EventPresence, Connected: len(s.seats[1-me].sockets) > 0,
		}})
	}
	if j.Ext && s.restartsAt > 0 {
		s.do(&effect{kind: effReply, member: c.from, frame: s.restarting(now)})
	}
	if claimed {
		ends := now.at(s.expires)
		s.broadcast(onlySeat(1-me), &wire.Response{Event: wire.EventPartyPaired, TTLExpiresAt: ends})
		s.broadcast(onlySeat(1-me), &wire.Response{Event: wire.EventTTLExtended, TTLExpiresAt: ends})
	}
	if !wasHere {
		s.tellPresence(me, nil)
	}
	if moved && len(s.seats[at].sockets) == 0 {
		s.tellPresence(at, c.from) // who has just been told
	}
}

// restarting tells a member how long the relay stays.
func (s *state) restarting(now moment) wire.Response {
	return wire.Response{Event: wire.EventRestarting, RetryAfter: max(0, s.restartsAt-now.Duration)}
}

// addSocket adds the socket to its seat, or updates it. A ninth closes the
// seat's oldest, which may be what is left of the newcomer's last connection.
func (s *state) addSocket(seat *seat, k *socket) {
	for i := range seat.sockets {
		if seat.sockets[i].member == k.member {
			seat.sockets[i] = *k
			return
		}
	}
	if len(seat.sockets) == MaxSockets {
		s.do(&effect{kind: effClose, member: seat.sockets[0].member, code: wire.CloseTooManyDevices})
		seat.sockets = slices.Delete(seat.sockets, 0, 1)
	}
	seat.sockets = append(seat.sockets, *k)
}

// holds reports whether a joined socket of the seat came in with the token. A
// new token never finds all eight held: the new socket is one of at most
// MaxSockets, and has let go of the token it had before.
func (seat *seat) holds(t *lockout.Token) bool {
	for i := range seat.sockets {
		if seat.sockets[i].token == *t {
			return true
		}
	}
	return false
}

// leave forgets a socket that is gone.
func (s *state) leave(m Member) {
	if at, joined := s.seatOf(m); joined {
		s.dropSocket(at, m)
		if len(s.seats[at].sockets) == 0 {
			s.tellPresence(at, nil)
		}
	}
}

// keep drops the sockets that are not wanted.
func (seat *seat) keep(wanted func(*socket) bool) {
	kept := seat.sockets[:0]
	for i := range seat.sockets {
		if wanted(&seat.sockets[i]) {
			kept = append(kept, seat.sockets[i])
		}
	}
	clear(seat.sockets[len(kept):])
	seat.sockets = kept
}

func (s *state) dropSocket(at int, m Member) {
	seat := &s.seats[at]
	seat.keep(func(k *socket) bool {
		if k.member == m {
			seat.tokens.Use(&k.token) // it was in use until now
		}
		return k.member != m
	})
	if len(seat.sockets) == 0 {
		seat.sockets = nil // an idle room has no arrays for sockets
	}
}

// tellPresence tells the other seat's opted-in sockets but one whether this
// seat has a socket.
func (s *state) tellPresence(seat int, but Member) {
	s.do(&effect{
		kind: effBroadcast, member: but, seats: onlySeat(1 - seat), optIn: true,
		frame: wire.Response{Event: wire.EventPresence, Connected: len(s.seats[seat].sockets) > 0},
	})
}
