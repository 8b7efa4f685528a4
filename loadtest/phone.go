package loadtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"sotto/client"
	"sotto/loadtest/ledger"
	"sotto/loadtest/link"
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

	mu       sync.Mutex      // guards what follows; nobody waits while holding it
	session  *client.Session // nil between two
	room     *ledger.Room
	joined   bool
	dropped  int       // connections lost
	lostAt   time.Time // zero while joined
	slot     slot
	paired   bool
	plan     *time.Timer // when it speaks next; nil: not yet known
	sending  bool
	faults   int
	troubled bool
	thaw     chan struct{} // closed when events are taken again; nil: they are
	loseAck  bool          // of the next message
	collides bool          // the next message is taken back for a collision
	asking   bool          // the relay, for a message that is missing
	asked    time.Time     // when, the last time it has answered
	other    PhoneLink     // of other devices in its place; nil: none was needed
}

// slot is what the person has seen.
type slot struct {
	full  bool
	id    wire.MessageID
	mine  bool
	stamp ledger.Stamp // if mine
}

func newPhone(p *pair, seat int) *phone {
	ph := &phone{run: p.run, pair: p, seat: seat}
	ph.link = ph.newLink(0, ph.linkBack)
	identity, err := client.Derive(p.number, fmt.Sprintf("%06d", 100_000+seat))
	if err != nil {
		panic("loadtest: " + err.Error()) // number and PIN have digits
	}
	ph.cfg = client.Config{
		URL: p.run.cfg.URL, Identity: identity, Code: p.code, Key: p.run.key, HTTPClient: ph.over(ph.link.DialContext),
	}
	return ph
}

// newLink makes a network of the phone's profile; number tells those of one phone
// apart.
func (p *phone) newLink(number int, onBack func(since time.Time, cut bool)) PhoneLink {
	params := p.run.shares[p.pair.profile].Profile.Link
	seed := p.run.cfg.Seed + uint64(2*p.pair.index+p.seat+1)<<32 + uint64(number)<<60 //nolint:gosec // small and positive
	return p.run.net.Phone(params, seed, onBack)
}

// otherLink is the network of other devices that do what this phone could.
func (p *phone) otherLink() PhoneLink {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.other == nil {
		p.other = p.newLink(1, nil)
	}
	return p.other
}

// over returns what makes requests over connections that dial makes.
func (p *phone) over(dial link.DialFunc) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: dial, TLSClientConfig: p.run.cfg.TLS, DisableKeepAlives: true,
		ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10, // there are many, for one request each
	}}
}

// open opens a session. Without back-off it gives up when a dial fails, so that
// live is to open the next.
func (p *phone) open(ctx context.Context) (*client.Session, error) {
	if !p.run.cfg.NoBackoff {
		return client.Open(ctx, p.cfg)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cfg := p.cfg
	cfg.HTTPClient = p.over(func(dialling context.Context, network, addr string) (net.Conn, error) {
		c, err := p.link.DialContext(dialling, network, addr)
		if err != nil {
			cancel()
		}
		return c, err
	})
	return client.Open(ctx, cfg)
}

// live keeps the phone in its pair's rooms until ctx ends.
func (p *phone) live(ctx context.Context) {
	begun := time.Now() // as planned by the ramp
	for first := true; ctx.Err() == nil; first = false {
		s, err := p.open(ctx)
		if err != nil {
			if ctx.Err() == nil {
				p.run.failed(err)
				p.run.wait(ctx, p.redialPause())
			}
			continue
		}
		if first {
			p.pair.measures.join.record(time.Since(begun))
			p.run.handshake(p.link.Stats())
		}
		l := p.pair.in(s.RoomID())
		p.mu.Lock()
		p.session, p.room, p.slot = s, l.room, slot{}
		p.mu.Unlock()
		end := p.receive(ctx, s)
		p.leave(s)
		switch {
		case ctx.Err() != nil:
		case errors.Is(end, client.ErrRoomLost), errors.Is(end, client.ErrRoomExpired):
			p.pair.ended(l)
			p.run.wait(ctx, p.redialPause())
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

// leave ends a session and what was planned in it.
func (p *phone) leave(s *client.Session) {
	p.mu.Lock()
	p.unplan()
	p.session, p.paired = nil, false
	if p.joined {
		p.joined = false
		p.run.present(-1)
	}
	p.mu.Unlock()
	s.Close()
}

// receive takes what happens until the session ends, and returns why.
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
		now := time.Now()
		switch e := event.(type) {
		case client.State:
			p.arrived(now, e)
		case client.NewMessage:
			p.told(now, e.Message)
		case client.MessageDeleted:
			p.mu.Lock()
			p.slot = slot{}
			p.room.Emptied(p.seat)
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
}

// lose notes that the connection is gone. Called with p.mu held.
func (p *phone) lose() {
	if p.lostAt.IsZero() {
		p.lostAt = time.Now()
		p.dropped++
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
		if t := p.link.Stats().BackAt; t.After(back) {
			back = t
		}
		// After a restart it is back-off that takes time: the storm has a bound of
		// its own.
		if !p.run.relayBack().After(p.lostAt) {
			p.pair.measures.reconnect.record(now.Sub(back))
		}
		p.lostAt = time.Time{}
	}
	p.troubled = false
	if !p.joined {
		p.joined = true
		p.run.present(1)
	}
	p.paired = !e.AwaitingParty
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
func (p *phone) told(now time.Time, m client.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stamp, fresh := p.room.Told(p.seat, seen(m))
	p.sees(now, stamp, fresh, m)
	p.plans(now)
}

func seen(m client.Message) ledger.Message {
	return ledger.Message{ID: m.ID, Text: m.Text, Mine: m.Mine, Readable: !m.Unreadable}
}

// sees is called with p.mu held.
func (p *phone) sees(now time.Time, stamp ledger.Stamp, fresh bool, m client.Message) {
	p.slot = slot{full: true, id: m.ID, mine: m.Mine, stamp: stamp}
	if fresh {
		p.unplan() // whatever it was going to say
		taken := p.link.Taken()
		p.run.later(func() { p.pair.arrive(stamp, now, taken) }) // which asks this phone
	}
}

// mark is called by the pair.
func (p *phone) mark() mark {
	p.mu.Lock()
	defer p.mu.Unlock()
	return mark{wakes: p.link.RadioWakes(), faults: p.faults, troubled: p.troubled, dropped: p.dropped}
}

// awaitThaw waits while the tab is frozen.
func (p *phone) awaitThaw(ctx context.Context) {
	p.mu.Lock()
	thaw := p.thaw
	p.mu.Unlock()
	if thaw == nil {
		return
	}
	select {
	case <-thaw:
	case <-ctx.Done():
	}
}

// linkBack is told that a gap has ended. As a page would on being told so, the
// phone checks its connection.
func (p *phone) linkBack(since time.Time, _ bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.troubled { // else the scenario has done it, and notes it
		p.run.series.fault("gap", since, time.Since(since))
	}
	p.faults++
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
