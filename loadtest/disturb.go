package loadtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"sotto/client"
	"sotto/loadtest/ledger"
	"sotto/wire"
)

// stormPause is how long the relay is away.
const stormPause = 2 * time.Second

// stormWatch bounds how long phones are waited for once it is back.
const stormWatch = time.Minute

// disturb does to the phones and the relay what the scenario is about, until
// talk ends. A storm is watched to its end, which may be later, or until ctx
// ends.
func (r *run) disturb(ctx, talk context.Context) {
	switch r.cfg.Scenario {
	case ScenarioStorm:
		r.storm(ctx)
	case ScenarioIdle:
		r.idleCosts(talk)
	case ScenarioFaults:
		for _, p := range r.pairs {
			r.later(func() { p.disturb(talk) })
		}
	}
}

// storm restarts the relay a little after everybody has come, and waits for
// everybody to come back.
func (r *run) storm(ctx context.Context) {
	settled := r.cfg.Ramp + (r.cfg.Duration-r.cfg.Ramp)/4
	if !r.wait(ctx, time.Until(r.begun.Add(settled))) {
		return
	}
	begun := time.Now()
	there := r.here()
	r.away.Store(true)
	defer r.away.Store(false)
	err := r.cfg.Server.Restart(ctx, stormPause)
	back := time.Now()
	r.series.fault("relay restart", begun, back.Sub(begun))
	r.mu.Lock()
	r.restarted = back
	if err != nil {
		r.broken = fmt.Errorf("restart relay: %w", err)
	}
	r.mu.Unlock()
	if err != nil {
		return
	}
	storm := &Storm{Phones: len(there), Away: millisOf(back.Sub(begun)), Missing: len(there)}
	ctx, cancel := context.WithTimeout(ctx, stormWatch)
	defer cancel()
	for storm.AllBack == 0 && r.wait(ctx, 50*time.Millisecond) {
		storm.Missing = 0
		for _, p := range there {
			if p.misses(back) {
				storm.Missing++
			}
		}
		if storm.Missing == 0 {
			storm.AllBack = millisOf(time.Since(back))
		}
	}
	r.mu.Lock()
	r.stormed = storm
	r.mu.Unlock()
}

// here returns the phones that are in their rooms.
func (r *run) here() []*phone {
	var there []*phone
	for p := range r.phones() {
		p.mu.Lock()
		if p.joined {
			there = append(there, p)
		}
		p.mu.Unlock()
	}
	return there
}

// misses reports whether the phone is not in its room though the relay is back
// since then, and no gap that it has met explains that.
func (p *phone) misses(back time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	gap := p.link.Stats().BackAt // or when the link was made
	return !p.joined && !(gap.After(p.came) && back.Sub(gap) < excused)
}

// disturb harms one phone of the pair after another.
func (p *pair) disturb(ctx context.Context) {
	rng := rand.New(rand.NewPCG(p.run.cfg.Seed, uint64(p.index)<<8|0xfe)) //nolint:gosec // faults, not secrets
	if !p.run.wait(ctx, p.run.cfg.Ramp) {
		return
	}
	for {
		half := p.run.cfg.FaultEvery / 2
		pause := half + time.Duration(rng.ExpFloat64()*float64(half))
		if !p.run.wait(ctx, pause) {
			return
		}
		f := &faults[p.run.cfg.fault(rng)]
		begun := time.Now()
		f.do(ctx, p.phones[rng.IntN(2)], rng)
		p.run.series.fault(f.name, begun, time.Since(begun))
	}
}

// faults are what happens to phones; each is as likely as any other, unless
// Config.Faults says so.
var faults = []struct {
	name string
	do   func(ctx context.Context, p *phone, rng *rand.Rand)
}{
	{"blackout", func(ctx context.Context, p *phone, rng *rand.Rand) { p.blackout(ctx, between(rng, 3, 12), false) }},
	{"network change", func(ctx context.Context, p *phone, rng *rand.Rand) { p.blackout(ctx, between(rng, 1, 8), true) }},
	{"ghost socket", func(_ context.Context, p *phone, _ *rand.Rand) { p.harm(); p.link.Cut() }},
	{"forgotten by NAT", func(ctx context.Context, p *phone, rng *rand.Rand) { p.forgotten(ctx, between(rng, 3, 8)) }},
	{"frozen tab", func(ctx context.Context, p *phone, rng *rand.Rand) { p.freeze(ctx, p.frozenFor(rng)) }},
	{"doze", func(ctx context.Context, p *phone, rng *rand.Rand) { p.doze(ctx, p.frozenFor(rng)) }},
	{"slow reader", func(ctx context.Context, p *phone, rng *rand.Rand) { p.readSlowly(ctx, between(rng, 5, 10)) }},
	{"lost answer", func(_ context.Context, p *phone, _ *rand.Rand) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.meets()
		p.loseAck = true
	}},
	{"both write at once", func(_ context.Context, p *phone, _ *rand.Rand) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.collides = true
	}},
	{"stranger", func(ctx context.Context, p *phone, rng *rand.Rand) { p.stranger(ctx, rng) }},
	{"second device", func(ctx context.Context, p *phone, rng *rand.Rand) { p.secondDevice(ctx, between(rng, 5, 15)) }},
	{"killed in handshake", func(ctx context.Context, p *phone, rng *rand.Rand) { p.killed(ctx, rng) }},
}

// between returns a time between two numbers of seconds.
func between(rng *rand.Rand, least, most float64) time.Duration {
	return time.Duration((least + rng.Float64()*(most-least)) * float64(time.Second))
}

// harm notes that what is under way meets a fault.
func (p *phone) harm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meets()
	p.troubled = true
}

// healed notes that the fault is over, if the phone is in its room.
func (p *phone) healed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meets()
	p.troubled = !p.joined
}

func (p *phone) blackout(ctx context.Context, long time.Duration, cut bool) {
	p.harm()
	p.link.Gap(long, cut)
	p.run.wait(ctx, long)
}

// forgotten has the connection vanish without a word; after a while somebody
// looks at the phone.
func (p *phone) forgotten(ctx context.Context, long time.Duration) {
	p.harm()
	p.link.ForgetNAT()
	p.run.wait(ctx, long)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.check()
}

// frozenFor returns how long a tab freezes, or a phone dozes.
func (p *phone) frozenFor(rng *rand.Rand) time.Duration {
	mean := p.run.cfg.Freeze.Seconds()
	return between(rng, mean/2, mean*3/2)
}

// freeze stops the page from taking events, until somebody looks at it. The
// browser answers pings.
func (p *phone) freeze(ctx context.Context, long time.Duration) {
	p.harm()
	p.mu.Lock()
	thaw := make(chan struct{})
	p.thaw = thaw
	session := p.session
	p.mu.Unlock()
	if session != nil && p.run.private() {
		session.Hide(true) // nobody looks at a tab that is frozen
		defer session.Hide(false)
	}
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-thaw:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unfreeze()
	p.meets()
	p.check()
}

// unfreeze is called with p.mu held.
func (p *phone) unfreeze() {
	if p.thaw != nil {
		close(p.thaw)
		p.thaw, p.thawed = nil, time.Now()
	}
}

// doze stops the page and the network under it.
func (p *phone) doze(ctx context.Context, long time.Duration) {
	p.link.Gap(long, false)
	p.freeze(ctx, long)
}

// secondDevice opens the app on another device of the same seat for a while. It
// is to see what the phone sees. On a private number the phone's page is moved
// there, and its person comes back to it after.
func (p *phone) secondDevice(ctx context.Context, long time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	if p.run.private() {
		p.harm()
		defer p.healed()
		back := make(chan struct{})
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.elsewhere = nil
			close(back)
		}()
		p.mu.Lock()
		p.elsewhere = back
		p.rivals++
		p.mu.Unlock()
	}
	cfg := p.cfg
	cfg.HTTPClient = p.over(p.otherLink().DialContext)
	s, err := client.Open(ctx, cfg)
	if err != nil {
		// The phone's page says hello with every new key, and so moves a device that
		// has not said its own yet.
		if ctx.Err() == nil && !errors.Is(err, client.ErrMoved) {
			p.run.failed(err)
		}
		return
	}
	defer s.Close()
	room := p.pair.in(s.RoomID()).room
	room.Opened(p.seat)
	for {
		event, err := s.Next(ctx)
		if err != nil {
			return
		}
		var m *client.Message
		switch e := event.(type) {
		case client.State:
			m = e.Message
		case client.NewMessage:
			m = &e.Message
		}
		if m != nil {
			room.Overheard(p.seat, seen(*m))
		}
	}
}

func (p *phone) readSlowly(ctx context.Context, long time.Duration) {
	const bits, window = 4000, 4 << 10
	p.harm()
	p.mu.Lock()
	p.slow = true
	p.mu.Unlock()
	p.link.Slow(bits, window)
	p.run.wait(ctx, long)
	p.link.Slow(0, 0)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slow, p.troubled = false, true // until what is under way has come
	p.meets()
	p.check()
}

// collide takes back what this phone has just sent, unless it was read, and lets
// both write into the empty slot at the same time.
func (p *phone) collide(s *client.Session, room *ledger.Room, stamp ledger.Stamp, id wire.MessageID) {
	rtt := p.run.shares[p.pair.profile].Profile.Link.RTT
	if p.run.private() {
		p.cross(s, room, stamp, id, rtt)
		return
	}
	if !p.changes(s, room, stamp, id, true) {
		return
	}
	planned := time.Now().Add(2*rtt + time.Second)
	for _, phone := range p.pair.phones {
		phone.mu.Lock()
		if phone.session != nil && phone.room == room && phone.paired && !phone.sending && p.run.talking() {
			phone.meets()
			phone.planAt(planned)
		}
		phone.mu.Unlock()
	}
}

// cross edits what this phone has just sent while the other answers it: on a
// private number a deleted message stays, so the slot is never empty again.
func (p *phone) cross(s *client.Session, room *ledger.Room, stamp ledger.Stamp, id wire.MessageID, rtt time.Duration) {
	const ahead = 100 * time.Millisecond
	if !p.run.wait(p.run.ctx, rtt+2*ahead) {
		return
	}
	other := p.pair.phones[1-p.seat]
	other.mu.Lock()
	answers := other.slot.id == id && other.plan != nil
	if answers {
		other.meets()
		other.planAt(time.Now().Add(ahead))
	}
	other.mu.Unlock()
	if answers && p.run.wait(p.run.ctx, ahead) {
		p.changes(s, room, stamp, id, false)
	}
}

// stranger tries to enter the room with a PIN that is nobody's.
func (p *phone) stranger(ctx context.Context, rng *rand.Rand) {
	cfg := p.cfg
	cfg.Identity, cfg.Code, cfg.Entry = p.pair.identity(200_000+rng.IntN(100_000)), client.PairingCode{}, client.EntryEnter
	cfg.HTTPClient = p.over(p.otherLink().DialContext)
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	s, err := client.Open(ctx, cfg)
	switch {
	case err == nil:
		s.Close()
		p.run.intruded()
	case errors.Is(err, client.ErrUnauthorized), errors.Is(err, client.ErrLocked), errors.Is(err, client.ErrCodeRequired):
	default:
		if ctx.Err() == nil {
			p.run.failed(err)
		}
	}
}

// killed opens the app a second time and kills it at any moment of its joining.
func (p *phone) killed(ctx context.Context, rng *rand.Rand) {
	rtt := p.run.shares[p.pair.profile].Profile.Link.RTT
	ctx, cancel := context.WithTimeout(ctx, time.Duration(rng.Float64()*float64(6*rtt+time.Second)))
	defer cancel()
	p.harm()
	defer p.healed()
	p.mu.Lock()
	p.rivals++
	p.mu.Unlock()
	if s, err := client.Open(ctx, p.cfg); err == nil {
		s.Close()
	}
}

// wakeUp ends a freeze, and has the connection checked after a fault, as
// somebody does who looks at the phone.
func (p *phone) wakeUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unfreeze()
	if p.troubled {
		p.check()
	}
}
