package relay

import "time"

const (
	// paceBurst is the cost of what may come at once.
	paceBurst = time.Second
	// pacePause is the longest pause at a time, so that a socket that is closing
	// is not kept for long.
	pacePause = time.Second
)

// pace spreads over time what one socket does. Each thing costs time, and the
// next waits until that time has passed, less paceBurst. The zero value has the
// whole burst left. It is not safe for concurrent use.
type pace struct {
	// paid is the time at which everything so far is paid for. Nothing more is done
	// before it. It is at most paceBurst in the past and pacePause in the future.
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

// forgoBurst gives up the rest of the burst.
func (p *pace) forgoBurst() {
	if now := time.Now(); p.paid.Before(now) {
		p.paid = now
	}
}

// wait returns how long to do nothing.
func (p *pace) wait() time.Duration { return max(0, time.Until(p.paid)) }

// frameCost is what a frame costs at a rate of frames a second. It is 0, which
// bounds nothing, when the rate is negative.
func frameCost(rate int) time.Duration {
	if rate < 0 {
		return 0
	}
	return time.Second / time.Duration(rate)
}
