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
func (l *Link) Handed(since, before time.Time) (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		return time.Time{}, false
	}
	return l.last.passages.handedSince(since, before)
}

// Taken returns when what the phone read last was taken from the relay. It
// returns the zero time if that is not known: the emulator had let it lie there
// first, or the phone read something else at almost the same time.
func (l *Link) Taken() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		return time.Time{}
	}
	return l.last.passages.taken()
}
