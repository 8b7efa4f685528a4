package link

import "time"

// initialWindow is RFC 6928's, in segments.
const initialWindow = 10

// flight is what a sender has under way: slow start, which a time-out begins
// again. Nothing else ends it: the other end's window or the rate soon bound it.
type flight struct {
	window  int         // segments
	acks    []time.Time // when the segments under way are acknowledged, in order
	timeout time.Time   // zero: none to come
}

// opens returns when another segment may be sent; the zero time: now.
func (f *flight) opens(now time.Time) time.Time {
	if !f.timeout.IsZero() && !f.timeout.After(now) {
		f.window, f.timeout = 1, time.Time{}
	}
	n := 0
	for n < len(f.acks) && !f.acks[n].After(now) {
		n++
	}
	f.acks = f.acks[:copy(f.acks, f.acks[n:])]
	f.window = min(f.window+n, defaultWindow/mss)
	if len(f.acks) < f.window {
		return time.Time{}
	}
	return f.acks[0]
}

// add notes a segment, whose acknowledgement comes at ack.
func (f *flight) add(ack time.Time) { f.acks = append(f.acks, ack) }
