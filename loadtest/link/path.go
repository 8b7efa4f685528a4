package link

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// path is what a phone's network does to whatever passes, be it packets or
// segments of a stream. Its methods are safe for concurrent use.
type path struct {
	net    *Net
	seed   uint64
	onBack func(since time.Time, cut bool)
	sever  func() // ends the phone's connections; called with mu held
	gapEnd timer

	mu         sync.Mutex // guards what follows; taken before clock.mu
	params     Params
	changes    uint64 // of params; picks the next sequences of random numbers
	up, down   direction
	gaps       outages
	injected   span // by Gap; zero: none
	ending     span // what gapEnd is set for
	radio      radio
	backAt     time.Time
	lastDial   time.Time
	dials      int
	quickest   time.Duration // least time between two dials; 0: none yet
	closed     bool
	downSlower int64 // overrides params.Down; 0: does not
}

// direction is one way of a path, shared by its connections.
type direction struct {
	rng    *rand.Rand
	bursts outages
	free   time.Time // when what was sent last has left
	bytes  int64     // with headers
}

// init makes a path that suffers params as seed has it.
func (p *path) init(n *Net, params Params, seed uint64, onBack func(since time.Time, cut bool), sever func()) {
	p.net, p.seed, p.onBack, p.sever, p.backAt = n, seed, onBack, sever, time.Now()
	p.up.rng, p.down.rng = p.stream(2), p.stream(4)
	p.gapEnd.fire = p.gapEnded
	p.Become(params)
}

// stream returns one of the path's sequences of random numbers.
func (p *path) stream(n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(p.seed, n)) //nolint:gosec // weather, not secrets
}

// Become changes what the path imposes, from now on. The same seed and the same
// changes at the same times have the same weather. What is under way arrives when
// it would have; a gap under way ends.
func (p *path) Become(params Params) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.params = params
	p.gaps = newGaps(p.stream(p.changes+1), now, params.Gaps)
	p.up.bursts = newBursts(p.stream(p.changes+3), now, params.Loss, params.LossBurst)
	p.down.bursts = newBursts(p.stream(p.changes+5), now, params.Loss, params.LossBurst)
	p.changes += 8
	p.injected = span{}
	p.net.clock.unset(&p.gapEnd)
	p.awaitGap(now)
}

// way returns a direction and its rate, in bits a second. Called with p.mu held.
func (p *path) way(down bool) (*direction, int64) {
	switch {
	case !down:
		return &p.up, p.params.Up
	case p.downSlower > 0:
		return &p.down, p.downSlower
	}
	return &p.down, p.params.Down
}

// leave returns when so many bytes, headers included, that their sender has now
// have left it. Called with p.mu held.
func (p *path) leave(d *direction, rate int64, now time.Time, bytes int) time.Time {
	d.bursts.forget(now.Add(-forgetAfter))
	p.gaps.forget(now.Add(-forgetAfter))
	t := p.radio.awake(now, p.params)
	if d.free.After(t) {
		t = d.free
	}
	t = t.Add(occupies(bytes, rate))
	d.free = t
	d.count(bytes)
	return t
}

// occupies returns how long so many bytes take; at a rate of 0, no time.
func occupies(bytes int, rate int64) time.Duration {
	if rate == 0 {
		return 0
	}
	return time.Duration(float64(bytes) * 8 / float64(rate) * float64(time.Second))
}

func (d *direction) count(bytes int) { d.bytes += int64(bytes) }

// lost reports whether a packet sent at t is. Called with p.mu held.
func (p *path) lost(d *direction, t time.Time) bool {
	if _, burst := d.bursts.at(t); burst {
		return true
	}
	_, gap := p.gapAt(t)
	return gap
}

// gapAt returns the gap at t. Called with p.mu held.
func (p *path) gapAt(t time.Time) (span, bool) {
	if !t.Before(p.injected.from) && t.Before(p.injected.to) {
		return p.injected, true
	}
	return p.gaps.at(t)
}

// jitter is log-normal with a sigma of 1.
func (p *path) jitter(d *direction) time.Duration {
	return time.Duration(math.Exp(d.rng.NormFloat64()-0.5) * float64(p.params.Jitter))
}

// Gap puts a time without a network in, from now on. If cut is set, the phone's
// connections end with it, and the relay does not hear of that.
func (p *path) Gap(long time.Duration, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	now := time.Now()
	p.injected = span{now, now.Add(long), cut}
	p.ending = p.injected
	p.net.clock.set(&p.gapEnd, p.ending.to)
}

// awaitGap sets the timer for the end of the next planned gap, if there are
// any. Called with p.mu held.
func (p *path) awaitGap(now time.Time) {
	if gap, ok := p.gaps.endingAfter(now); ok {
		p.ending = gap
		p.net.clock.set(&p.gapEnd, gap.to)
	}
}

// gapEnded is called by the clock.
func (p *path) gapEnded(now time.Time) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	gap := p.ending
	p.backAt = now
	if gap.cut {
		p.sever()
	}
	p.awaitGap(now)
	p.mu.Unlock()
	if p.onBack != nil {
		p.onBack(gap.from, gap.cut)
	}
}

// Cut ends the phone's connections at once, as a change of network does. The
// relay's ends stay open for minutes: ghosts.
func (p *path) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.backAt = time.Now()
	p.sever()
}

// dialling notes that the phone dials. Called with p.mu held.
func (p *path) dialling(now time.Time) {
	if p.dials > 0 {
		if since := now.Sub(p.lastDial); p.quickest == 0 || since < p.quickest {
			p.quickest = since
		}
	}
	p.dials++
	p.lastDial = now
}

// Stats are what passed so far.
type Stats struct {
	// UpBytes and DownBytes have headers in them. Where streams are shaped these
	// are 40 bytes a segment, and acknowledgements without data are not counted.
	UpBytes, DownBytes int64
	// RadioOn is how long the radio was awake, and RadioWakes how often it woke.
	RadioOn    time.Duration
	RadioWakes int
	Dials      int
	// Quickest is the least time between two dials; 0: there were none or one.
	Quickest time.Duration
	// BackAt is when the last gap or fault of the network ended, or will end.
	BackAt time.Time
}

// Stats returns what passed so far.
func (p *path) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	back := p.backAt
	if gap, out := p.gapAt(time.Now()); out {
		back = gap.to
	}
	return Stats{
		UpBytes: p.up.bytes, DownBytes: p.down.bytes,
		RadioOn: p.radio.onUntil(time.Now(), p.params), RadioWakes: p.radio.wakes,
		Dials: p.dials, Quickest: p.quickest, BackAt: back,
	}
}
