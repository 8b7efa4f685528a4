// Package lockout counts failed attempts and keeps the tokens that let a
// rightful holder in while the count has locked everyone else out.
//
// It is pure: time is an argument, a monotonic duration since some start, and
// nothing here draws randomness or blocks. The types are not safe for
// concurrent use; each belongs to a room.
package lockout

import "time"

// Defaults of std-1.
const (
	DefaultAttempts = 10
	DefaultFor      = 30 * time.Minute
)

// Policy says when attempts lock and for how long.
type Policy struct {
	// Attempts is how many failures lock. 0 means DefaultAttempts; negative
	// means that nothing ever locks.
	Attempts int
	// For is how long a lock lasts, and also how long no failure must happen
	// for the count to start anew. 0 means DefaultFor.
	For time.Duration
}

// WithDefaults returns p with its zero fields filled in.
func (p Policy) WithDefaults() Policy {
	if p.Attempts == 0 {
		p.Attempts = DefaultAttempts
	}
	if p.For == 0 {
		p.For = DefaultFor
	}
	return p
}

// Counter is the failure count of one room. The zero value is ready.
type Counter struct {
	failures int
	last     time.Duration // of the newest failure
	until    time.Duration // end of the lock; 0 when there is none
}

// LockedFor returns how long the lock still lasts, or 0. A lock that ends at
// instant t is over at t.
func (c *Counter) LockedFor(now time.Duration) time.Duration {
	return max(0, c.until-now)
}

// Fail counts a failure. It returns how many are left before a lock (at least
// 1), or that this one locked. While locked, or with a policy that never
// locks, nothing is counted; with the latter remaining is 0.
func (c *Counter) Fail(p Policy, now time.Duration) (remaining int, locked bool) {
	p = p.WithDefaults()
	if p.Attempts < 0 {
		return 0, false
	}
	if c.LockedFor(now) > 0 {
		return 0, true
	}
	if c.until > 0 || now-c.last >= p.For {
		*c = Counter{}
	}
	c.failures++
	c.last = now
	if c.failures >= p.Attempts {
		c.until = now + p.For
		return 0, true
	}
	return p.Attempts - c.failures, false
}

// Reset forgets failures and lifts a lock.
func (c *Counter) Reset() { *c = Counter{} }
