package link

import "time"

// Gap puts a time without a network in, from now on. If cut is set, the phone's
// connections end with it, and the relay does not hear of that.
func (l *Link) Gap(long time.Duration, cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	now := time.Now()
	l.injected = span{now, now.Add(long), cut}
	l.ending = l.injected
	l.net.clock.set(&l.gapEnd, l.ending.to)
}

// awaitGap sets the timer for the end of the next planned gap, if there are
// any. Called with l.mu held.
func (l *Link) awaitGap(now time.Time) {
	if gap, ok := l.gaps.endingAfter(now); ok {
		l.ending = gap
		l.net.clock.set(&l.gapEnd, gap.to)
	}
}

// gapEnded is called by the clock.
func (l *Link) gapEnded(now time.Time) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	gap := l.ending
	l.backAt = now
	if gap.cut {
		l.sever()
	}
	l.awaitGap(now)
	l.mu.Unlock()
	if l.onBack != nil {
		l.onBack(gap.from, gap.cut)
	}
}

// Cut ends the phone's connections at once, as a change of network does. The
// relay's ends stay open for minutes: ghosts.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.backAt = time.Now()
	l.sever()
}

// sever is called with l.mu held.
func (l *Link) sever() {
	for c := range l.conns {
		c.fail(errNetworkChanged)
	}
}

// ForgetNAT makes the NAT forget the connections there are.
func (l *Link) ForgetNAT() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.backAt = time.Now()
	for c := range l.conns {
		c.forgotten = true
	}
}

// Slow makes the phone read slowly, with a receive window of that many bytes,
// until it is called with zeroes.
func (l *Link) Slow(bitsPerSecond int64, window int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.downSlower = bitsPerSecond
	l.window = window
	if window == 0 {
		l.window = defaultWindow
	}
}

// Stats are what passed so far.
type Stats struct {
	// UpBytes and DownBytes have 40 bytes of headers a segment in them;
	// acknowledgements without data are not counted.
	UpBytes, DownBytes int64
	UpSegs, DownSegs   int64
	// RadioOn is how long the radio was awake, and RadioWakes how often it woke.
	RadioOn    time.Duration
	RadioWakes int
	Dials      int
	// Quickest is the least time between two dials; 0: there were none or one.
	Quickest time.Duration
	// BackAt is when the last gap or fault of the network ended.
	BackAt time.Time
}

// Stats returns what passed so far.
func (l *Link) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{
		UpBytes: l.up.bytes, DownBytes: l.down.bytes, UpSegs: l.up.segs, DownSegs: l.down.segs,
		RadioOn: l.radio.onUntil(time.Now(), l.params), RadioWakes: l.radio.wakes,
		Dials: l.dials, Quickest: l.quickest, BackAt: l.backAt,
	}
}

// RadioWakes returns how often the radio woke so far.
func (l *Link) RadioWakes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.radio.wakes
}

// Handed returns when the last segment that the phone wrote at since or later
// was handed to the relay, if that was at before or earlier.
func (l *Link) Handed(since, before time.Time) (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		return time.Time{}, false
	}
	for i := range l.last.handed {
		h := l.last.handed[(l.last.handedNext+len(l.last.handed)-1-i)%len(l.last.handed)]
		if !h.written.IsZero() && !h.written.Before(since) && !h.at.After(before) {
			return h.at, true
		}
	}
	return time.Time{}, false
}

// apart is how far two segments must be from each other for Taken to tell which
// of them is meant.
const apart = 10 * time.Millisecond

// Taken returns when what the phone read last was taken from the relay. It
// returns the zero time if that is not known: the emulator had let it lie there
// first, or the phone read something else at almost the same time.
func (l *Link) Taken() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil || l.last.took.read.Sub(l.last.tookBefore.read) < apart {
		return time.Time{}
	}
	return l.last.took.entered
}
