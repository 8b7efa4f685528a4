package link

import "time"

// severed is called with l.mu held.
func (l *Link) severed() {
	for c := range l.conns {
		c.fail(ErrNetworkChanged)
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
	for c := range l.conns {
		c.buffer()
	}
}

// Handed returns when the last segment that the phone wrote at since or later
// was handed to the relay, if that was at before or earlier.
func (l *Link) Handed(since, before time.Time) (at time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		at = later(at, c.passages.handedSince(since, before))
	}
	return at, !at.IsZero()
}

// Taken returns when what the phone read last was taken from the relay. It
// returns the zero time if that is not known: the emulator had let it lie there
// first.
func (c *Conn) Taken() time.Time {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return c.passages.took.entered
}
