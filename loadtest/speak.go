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
	switch {
	case !p.slot.full && p.seat == 1:
		pause += patience // the other begins
	case p.slot.locked:
		pause = patience // the other's page locks it anew
	}
	p.planAt(now.Add(pause))
	if p.slot.text {
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
	p.active = time.Now()
	var plan *time.Timer
	plan = time.AfterFunc(time.Until(planned), func() {
		defer p.run.end()
		p.run.lag(time.Since(planned))
		if p.awaitThaw(p.run.ctx) {
			planned = time.Now()
		}
		p.mu.Lock()
		due := p.plan == plan
		if due {
			p.plan = nil
		}
		p.mu.Unlock()
		if due {
			p.speak(s, room, planned)
		}
	})
	p.plan = plan
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
	p.unread()
	s, room, id := p.session, p.room, p.slot.id
	p.reading = time.AfterFunc(time.Until(now.Add(readAfter)), func() {
		defer p.run.end()
		p.awaitThaw(p.run.ctx)
		p.mu.Lock()
		due := p.session == s && p.slot.id == id && p.slot.text && !p.sending
		if due {
			room.Reads(p.seat, id, p.joined)
		}
		p.mu.Unlock()
		if due {
			// The reply comes first, or the session ends: then it is read anyway.
			_ = s.MarkRead(p.run.ctx, id)
		}
	})
}

// unread is called with p.mu held. Who answers does not say before that it has
// read.
func (p *phone) unread() {
	if p.reading != nil && p.reading.Stop() {
		p.run.end()
	}
	p.reading = nil
}

// speak sends the next message.
func (p *phone) speak(s *client.Session, room *ledger.Room, planned time.Time) {
	p.mu.Lock()
	if p.session != s || p.sending || p.slot.full && p.slot.mine || !p.run.talking() {
		p.mu.Unlock()
		return
	}
	if p.slot.locked && room.Opens(p.seat, p.slot.id) {
		p.planAt(planned.Add(patience))
		p.mu.Unlock()
		return
	}
	p.unread()
	p.sending, p.since = true, time.Now()
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
	id, replaced, err := s.Answer(p.run.ctx, p.pair.text(stamp))
	now := time.Now()

	p.mu.Lock()
	defer p.mu.Unlock()
	p.sending, p.active = false, now
	switch {
	case err == nil:
		room.Accepted(stamp, id, replaced)
		p.pair.measures.acked.record(now.Sub(planned))
		p.run.accepted()
		if p.slot.id != replaced {
			p.plans(now) // the other's answer may have come first
		}
		if p.collides {
			p.collides = false
			p.run.later(func() { p.collide(s, room, stamp, id) })
		} else if kind, pause := p.pair.reconsiders(); kind != stands {
			p.run.later(func() {
				if p.run.wait(p.run.ctx, pause) {
					p.changes(s, room, stamp, id, kind == deleted)
				}
			})
		}
		if p.run.cfg.Scenario == ScenarioChurn && stamp.Seq >= churnTurns/2 && p.seat == 1 {
			p.run.later(func() { p.expire(s) })
		}
	case errors.Is(err, client.ErrStale):
		p.run.stale()
		p.plans(now)
	case over(err):
	default:
		p.run.failed(err)
		p.plans(now)
	}
}

// over reports whether a call ended with the run, the room or the page.
func over(err error) bool {
	return errors.Is(err, client.ErrUnanswered) || errors.Is(err, client.ErrRoomLost) ||
		errors.Is(err, client.ErrRoomExpired) || errors.Is(err, client.ErrClosed) || errors.Is(err, client.ErrMoved)
}

// changes edits or deletes what this phone has sent, if nobody has read it. It
// reports whether the relay said yes.
func (p *phone) changes(s *client.Session, room *ledger.Room, stamp ledger.Stamp, id wire.MessageID, deletes bool) bool {
	p.awaitThaw(p.run.ctx)
	var err error
	if deletes {
		stamp = room.Deleting(stamp)
		err = s.Delete(p.run.ctx, id)
	} else {
		stamp = room.Editing(stamp)
		err = s.Edit(p.run.ctx, id, p.pair.text(stamp))
	}
	switch {
	case err == nil:
		room.Done(stamp)
		return true
	case over(err), errors.Is(err, client.ErrNotFound), errors.Is(err, client.ErrNotEditable),
		errors.Is(err, client.ErrNotDeletable), p.run.ctx.Err() != nil:
	default:
		p.run.failed(err)
	}
	return false
}

// expire ends the room once the other has had time to read.
func (p *phone) expire(s *client.Session) {
	pause := p.pair.pause()
	p.mu.Lock()
	p.active = time.Now().Add(pause)
	p.mu.Unlock()
	p.run.wait(p.run.ctx, pause)
	if err := s.Expire(p.run.ctx); err != nil && p.run.ctx.Err() == nil &&
		!errors.Is(err, client.ErrRoomExpired) && !errors.Is(err, client.ErrRoomLost) {
		p.run.failed(err)
	}
}
