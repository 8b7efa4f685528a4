package loadtest

import (
	"context"
	"errors"
	"sync"
	"time"

	"sotto/client"
	"sotto/loadtest/ledger"
	"sotto/wire"
)

// phone is one seat of a pair: a session over a link of its own, and somebody
// who reads, thinks and answers.
type phone struct {
	run  *run
	pair *pair
	seat int
	cfg  client.Config
	link PhoneLink
	tap  tap

	mu        sync.Mutex      // guards what follows; nobody waits while holding it
	session   *client.Session // nil between two
	room      *ledger.Room
	came      time.Time // zero: not yet
	joined    bool
	entered   bool      // the session has been joined
	dropped   int       // connections lost
	lostAt    time.Time // zero while joined
	lostWith  int       // faults, then
	hasty     bool      // lost again before its back-off began anew
	arrivedAt time.Time // in its room, the last time
	gaveUp    time.Time // a connection, the last time
	slot      slot
	paired    bool
	plan      *time.Timer // when it speaks next; nil: not yet known
	reading   *time.Timer // when what it sees counts as read; nil: it does, or is not to
	active    time.Time   // when it last sent, saw or planned something
	sending   bool
	since     time.Time // when it began to send
	faults    int
	faultAt   time.Time // when the last one began or ended
	troubled  bool
	slow      bool          // it reads slowly
	thawed    time.Time     // when it was last frozen
	thaw      chan struct{} // closed when events are taken again; nil: they are
	loseAck   bool          // of the next message
	collides  bool          // the next message is taken back for a collision
	asking    bool          // the relay, for a message that is missing
	asked     time.Time     // when, the last time it has answered
	other     PhoneLink     // of other devices in its place; nil: none was needed
	rivals    int           // pages opened elsewhere in its place, which moved its own
	elsewhere chan struct{} // closed when the person comes back from another device; nil: is here
}

// slot is what the person has seen.
type slot struct {
	full   bool
	id     wire.MessageID
	mine   bool
	text   bool // it opened, and was not deleted
	locked bool
}

func newPhone(p *pair, seat int) *phone {
	ph := &phone{run: p.run, pair: p, seat: seat}
	ph.link = ph.newLink(0, ph.linkBack)
	ph.tap.long = messageFrame
	if !p.run.private() {
		ph.tap.long = shortFrame
	}
	ph.cfg = client.Config{
		URL: p.run.cfg.URL, Identity: p.identity(100_000 + seat), Code: p.code, Key: p.run.key,
		Entry: client.EntryAgain, HTTPClient: ph.over(ph.link.DialContext),
	}
	return ph
}

// live keeps the phone in its pair's rooms until ctx ends.
func (p *phone) live(ctx context.Context) {
	begun := time.Now() // as planned by the ramp
	p.mu.Lock()
	p.came = begun
	p.mu.Unlock()
	for first := true; ctx.Err() == nil; {
		s, err := p.open(ctx)
		if err != nil {
			switch {
			case ctx.Err() != nil:
			case errors.Is(err, client.ErrMoved) && p.overtaken():
				p.returns(ctx)
			default:
				p.run.failed(err)
				p.mu.Lock()
				p.gaveUp = time.Now()
				p.mu.Unlock()
				p.run.wait(ctx, p.redialPause())
			}
			continue
		}
		if first {
			stats := p.link.Stats()
			if !stats.BackAt.After(begun) { // a gap is not the relay's
				p.pair.measures.join.record(time.Since(begun))
			}
			p.run.handshake(stats)
			first = false
		}
		l := p.pair.in(s.RoomID())
		l.room.Opened(p.seat)
		p.mu.Lock()
		p.session, p.room, p.slot, p.entered = s, l.room, slot{}, false
		p.mu.Unlock()
		end := p.receive(ctx, s)
		p.leave(s)
		switch {
		case ctx.Err() != nil:
		case errors.Is(end, client.ErrRoomLost), errors.Is(end, client.ErrRoomExpired):
			p.pair.ended(l)
			p.run.wait(ctx, p.redialPause())
			p.found() // another room
		case errors.Is(end, client.ErrMoved) && p.overtaken():
			p.returns(ctx)
		default:
			p.run.failed(end)
			p.run.wait(ctx, p.redialPause())
		}
	}
}

// redialPause spreads phones that lost the same relay.
func (p *phone) redialPause() time.Duration {
	if p.run.cfg.NoBackoff {
		return time.Second
	}
	p.pair.mu.Lock()
	defer p.pair.mu.Unlock()
	return time.Second + time.Duration(p.pair.rng.Float64()*float64(time.Second))
}

// overtaken reports whether another page was opened in the phone's place, which
// takes it once and perhaps late, or its own hello may have come late over a
// connection that it had given up.
func (p *phone) overtaken() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rivals > 0 {
		p.rivals--
		return true
	}
	const longest = 2 * time.Minute // that TCP goes on sending, as networks are here
	return time.Since(p.gaveUp) < longest
}

// returns waits until the person is back from another device.
func (p *phone) returns(ctx context.Context) {
	p.mu.Lock()
	elsewhere := p.elsewhere
	p.mu.Unlock()
	if elsewhere != nil {
		select {
		case <-elsewhere:
		case <-ctx.Done():
		}
	}
	p.run.wait(ctx, p.redialPause())
	p.found()
}

// found forgets that the phone has lost its connection, where that was not the
// network's doing.
func (p *phone) found() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lostAt = time.Time{}
}

// leave ends a session and what was planned in it.
func (p *phone) leave(s *client.Session) {
	p.mu.Lock()
	p.unplan()
	p.unread()
	p.session, p.paired = nil, false
	if p.joined {
		p.joined = false
		p.run.present(-1)
	}
	p.mu.Unlock()
	s.Close()
}

// receive takes in what happens until the session ends, and returns why.
func (p *phone) receive(ctx context.Context, s *client.Session) error {
	for {
		event, err := s.Next(ctx)
		if err != nil {
			p.mu.Lock()
			p.lose()
			p.mu.Unlock()
			return err
		}
		p.awaitThaw(ctx)
		p.takes(ctx, s, event)
	}
}

// takes takes in an event. It is no part of receive, so that a phone that waits for
// one has a small stack.
func (p *phone) takes(ctx context.Context, s *client.Session, event client.Event) {
	now := time.Now()
	switch e := event.(type) {
	case client.State:
		p.arrived(now, e)
	case client.NewMessage:
		p.told(now, e.Message, (*ledger.Room).Told)
	case client.MessageEdited:
		p.told(now, e.Message, (*ledger.Room).Changed)
	case client.MessageRead:
		p.mu.Lock()
		p.room.Receipt(p.seat, e.ID)
		p.mu.Unlock()
	case client.MessageDeleted:
		p.mu.Lock()
		p.slot = slot{}
		p.room.Emptied(p.seat)
		p.unplan()
		p.unread()
		p.plans(now)
		p.mu.Unlock()
	case client.Paired:
		p.mu.Lock()
		p.paired = true
		p.plans(now)
		p.mu.Unlock()
	case client.Disconnected:
		p.run.failed(e.Err)
		p.mu.Lock()
		p.lose()
		p.mu.Unlock()
		if p.run.cfg.NoBackoff {
			// As soon as the client dials at all.
			p.run.later(func() { _ = s.Check(ctx) })
		}
	}
}

// steady is more than a connection must last for the client to wait no longer for
// the next one than it did at first.
const steady = 10 * time.Second

// lose notes that the connection is gone. Called with p.mu held.
func (p *phone) lose() {
	if p.lostAt.IsZero() && p.entered {
		p.lostAt, p.lostWith = time.Now(), p.faults
		p.hasty = p.lostAt.Sub(p.arrivedAt) < steady
		p.gaveUp = p.lostAt
		p.dropped++
		p.room.Lost(p.seat, time.Since(p.thawed) > 2*ledger.DueWithin)
	}
	if p.joined {
		p.joined = false
		p.run.present(-1)
	}
}

// arrived takes in the state of the room after a join.
func (p *phone) arrived(now time.Time, e client.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.lostAt.IsZero() {
		back := p.lostAt
		for _, t := range []time.Time{p.link.Stats().BackAt, p.thawed, p.faultAt} {
			if t.After(back) {
				back = t
			}
		}
		// After a restart, and from fault to fault, it is back-off that takes time:
		// the storm has a bound of its own.
		if !p.run.relayBack().After(p.lostAt) && !p.hasty && p.faults <= p.lostWith+1 {
			p.pair.measures.reconnect.record(now.Sub(back))
		}
		p.lostAt = time.Time{}
	}
	p.troubled, p.entered, p.arrivedAt = false, true, now
	if !p.joined {
		p.joined = true
		p.run.present(1)
	}
	p.paired, p.active = !e.AwaitingParty, now
	if e.Message == nil {
		p.slot = slot{}
		p.room.Found(p.seat, nil)
	} else {
		m := seen(*e.Message)
		stamp, fresh := p.room.Found(p.seat, &m)
		p.sees(now, stamp, fresh, *e.Message)
	}
	p.plans(now)
}

// told takes in a message.
func (p *phone) told(now time.Time, m client.Message, note func(*ledger.Room, int, ledger.Message) (ledger.Stamp, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stamp, fresh := note(p.room, p.seat, seen(m))
	p.sees(now, stamp, fresh, m)
	p.plans(now)
}

func seen(m client.Message) ledger.Message {
	return ledger.Message{
		ID: m.ID, Text: m.Text, Mine: m.Mine, Readable: !m.Unreadable, Deleted: m.Deleted, Read: !m.ReadAt.IsZero(),
	}
}

// sees is called with p.mu held.
func (p *phone) sees(now time.Time, stamp ledger.Stamp, fresh bool, m client.Message) {
	opened := p.slot.locked && !m.Unreadable
	p.slot = slot{full: true, id: m.ID, mine: m.Mine, text: !m.Unreadable && !m.Deleted, locked: m.Unreadable && !m.Mine}
	p.active = now
	if fresh || opened {
		p.unplan() // whatever it was going to say
	}
	if fresh {
		taken := p.tap.message()
		p.run.later(func() { p.pair.arrive(stamp, now, taken) }) // which asks this phone
	}
}

// mark is called by the pair.
func (p *phone) mark() mark {
	p.mu.Lock()
	defer p.mu.Unlock()
	return mark{wakes: p.link.Stats().RadioWakes, faults: p.faults, troubled: p.troubled || p.slow, dropped: p.dropped, here: p.joined}
}

// meets notes that a fault begins or ends. Called with p.mu held.
func (p *phone) meets() {
	p.faults++
	p.faultAt = time.Now()
}

// awaitThaw waits while the tab is frozen, and reports whether it was.
func (p *phone) awaitThaw(ctx context.Context) bool {
	p.mu.Lock()
	thaw := p.thaw
	p.mu.Unlock()
	if thaw == nil {
		return false
	}
	select {
	case <-thaw:
	case <-ctx.Done():
	}
	return true
}

// linkBack is told that a gap has ended. As a page would on being told so, the
// phone checks its connection.
func (p *phone) linkBack(since time.Time, _ bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.troubled { // else the scenario has done it, and notes it
		p.run.series.fault("gap", since, time.Since(since))
	}
	p.meets()
	p.troubled = true
	p.check()
}

// check asks whether the connection still carries, and has it made anew if not.
// Called with p.mu held.
func (p *phone) check() {
	s := p.session
	if s == nil {
		return
	}
	p.run.later(func() {
		const patience = 3 * time.Second
		ctx, cancel := context.WithTimeout(p.run.ctx, patience)
		defer cancel()
		if s.Check(ctx) == nil {
			p.mu.Lock()
			p.troubled = false
			p.mu.Unlock()
		}
	})
}
