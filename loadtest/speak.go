package loadtest

import (
	"errors"
	"time"

	"sotto/client"
	"sotto/loadtest/ledger"
	"sotto/wire"
)

// readAfter is how long a message is on the screen before it counts as read.
const readAfter = 500 * time.Millisecond

// patience is how long the second seat waits for the first to begin.
const patience = 20 * time.Second

// churnTurns is how many messages a churning pair exchanges.
const churnTurns = 6

// plans decides when the phone speaks next, if it is its turn. Called with p.mu
// held.
func (p *phone) plans(now time.Time) {
	if p.slot.full && p.slot.mine {
		p.unplan()
		return
	}
	if p.plan != nil || p.sending || !p.paired || p.session == nil || !p.run.talking() {
		return
	}
	pause := p.pair.pause()
	if !p.slot.full && p.seat == 1 {
		pause += patience // the other begins
	}
	p.planAt(now.Add(pause))
	if p.slot.full {
		p.reads(now)
	}
}

// planAt is called with p.mu held.
func (p *phone) planAt(planned time.Time) {
	p.unplan()
	if !p.run.begin() {
		return
	}
	s, room := p.session, p.room
	p.plan = time.AfterFunc(time.Until(planned), func() {
		defer p.run.end()
		p.run.lag(time.Since(planned))
		p.speak(s, room, planned)
	})
}

// unplan is called with p.mu held.
func (p *phone) unplan() {
	if p.plan != nil && p.plan.Stop() {
		p.run.end()
	}
	p.plan = nil
}

// reads marks what is in the slot as read, a little later. Called with p.mu
// held.
func (p *phone) reads(now time.Time) {
	if !p.run.begin() {
		return
	}
	s, id := p.session, p.slot.id
	time.AfterFunc(time.Until(now.Add(readAfter)), func() {
		defer p.run.end()
		// The reply comes first, or the session ends: then it is read anyway.
		_ = s.MarkRead(p.run.ctx, id)
	})
}

// speak sends the next message.
func (p *phone) speak(s *client.Session, room *ledger.Room, planned time.Time) {
	p.mu.Lock()
	p.plan = nil
	if p.session != s || p.sending || p.slot.full && p.slot.mine || !p.run.talking() {
		p.mu.Unlock()
		return
	}
	p.sending = true
	var replaced wire.MessageID
	if p.slot.full {
		replaced = p.slot.id
	}
	loseAck := p.loseAck
	p.loseAck = false
	p.mu.Unlock()

	stamp := room.Sending(p.seat)
	p.pair.depart(stamp, planned)
	if loseAck {
		p.run.later(func() {
			// By now the relay has it, and its answer is under way.
			p.run.wait(p.run.ctx, p.pair.run.shares[p.pair.profile].Profile.Link.RTT*3/4)
			p.link.Cut()
		})
	}
	id, err := s.Send(p.run.ctx, stamp.Text(messageBytes))
	now := time.Now()

	p.mu.Lock()
	defer p.mu.Unlock()
	p.sending = false
	switch {
	case err == nil:
		room.Accepted(stamp, id, replaced)
		p.pair.measures.acked.record(now.Sub(planned))
		p.run.accepted()
		if p.collides {
			p.collides = false
			p.run.later(func() { p.collide(s, room, stamp, id) })
		}
		if p.run.cfg.Scenario == ScenarioChurn && stamp.Seq >= churnTurns/2 && p.seat == 1 {
			p.run.later(func() { p.expire(s) })
		}
	case errors.Is(err, client.ErrStale):
		p.run.stale()
		p.plans(now)
	case errors.Is(err, client.ErrUnanswered), errors.Is(err, client.ErrRoomLost),
		errors.Is(err, client.ErrRoomExpired), errors.Is(err, client.ErrClosed):
		// The run or the room is over.
	default:
		p.run.failed(err)
		p.plans(now)
	}
}

// expire ends the room once the other has had time to read.
func (p *phone) expire(s *client.Session) {
	p.run.wait(p.run.ctx, p.pair.pause())
	if err := s.Expire(p.run.ctx); err != nil && p.run.ctx.Err() == nil &&
		!errors.Is(err, client.ErrRoomExpired) && !errors.Is(err, client.ErrRoomLost) {
		p.run.failed(err)
	}
}
