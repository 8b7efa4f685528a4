package relay

import "time"

const (
	// paceBurst is what may come at once, in what it costs.
	paceBurst = time.Second
	// pacePause is the longest pause at a time, so that a socket that is closing
	// is not kept for long.
	pacePause = time.Second
)

// pace spreads over time what one socket does. Each thing costs time, and the
// next waits until that has passed, but for paceBurst of it. The zero value has
// all of that burst ahead. It is not safe for concurrent use.
type pace struct {
	// paid is when all so far is paid for. Nothing more is done while it lies
	// ahead; it stays at most paceBurst behind and pacePause ahead.
	paid time.Time
}

// spend takes what something costs.
func (p *pace) spend(cost time.Duration) {
	now := time.Now()
	if least := now.Add(-paceBurst); p.paid.Before(least) {
		p.paid = least
	}
	p.paid = p.paid.Add(cost)
	if most := now.Add(pacePause); p.paid.After(most) {
		p.paid = most
	}
}

// forgoBurst gives up what could come at once by now.
func (p *pace) forgoBurst() {
	if now := time.Now(); p.paid.Before(now) {
		p.paid = now
	}
}

// wait returns how long to do nothing more.
func (p *pace) wait() time.Duration { return max(0, time.Until(p.paid)) }

// frameCost is what a frame costs at so many a second; a negative rate bounds
// nothing.
func frameCost(rate int) time.Duration {
	if rate < 0 {
		return 0
	}
	return time.Second / time.Duration(rate)
}
