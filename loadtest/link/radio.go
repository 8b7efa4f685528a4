package link

import "time"

// radio sleeps when nothing has passed for a while.
type radio struct {
	lastUsed time.Time // zero: never
	ready    time.Time // when it has woken, or has last
	wakes    int
	on       time.Duration // before ready
}

// awake returns when a packet that is there now can pass, and wakes the radio
// for it.
func (r *radio) awake(now time.Time, p Params) time.Time {
	if p.RadioTail == 0 {
		return now
	}
	if now.Before(r.ready) {
		return r.ready
	}
	if r.lastUsed.IsZero() || now.Sub(r.lastUsed) > p.RadioTail {
		if r.wakes > 0 {
			r.on += r.lastUsed.Add(p.RadioTail).Sub(r.ready)
		}
		r.wakes++
		r.ready = now.Add(p.RadioWake)
		r.on += p.RadioWake
		r.lastUsed = r.ready
		return r.ready
	}
	r.active(now)
	return now
}

// active notes that something passes at t.
func (r *radio) active(t time.Time) {
	if t.After(r.lastUsed) {
		r.lastUsed = t
	}
}

// onUntil returns how long the radio was on.
func (r *radio) onUntil(now time.Time, p Params) time.Duration {
	if r.wakes == 0 {
		return 0
	}
	end := r.lastUsed.Add(p.RadioTail)
	if now.Before(end) {
		end = now
	}
	return r.on + max(0, end.Sub(r.ready))
}
