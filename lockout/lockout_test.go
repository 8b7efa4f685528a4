package lockout_test

import (
	"testing"
	"time"

	"sotto/lockout"
)

const tick = time.Nanosecond

// fail counts n failures at one instant and returns the last answer.
func fail(c *lockout.Counter, n int, now time.Duration) (remaining int, locked bool) {
	for range n {
		remaining, locked = c.Fail(lockout.Policy{}, now)
	}
	return remaining, locked
}

func TestCounterBoundaries(t *testing.T) {
	const at = time.Hour
	tests := map[string]struct {
		prepare   func(c *lockout.Counter)
		now       time.Duration // of one more failure
		remaining int
		locked    bool
		lockedFor time.Duration // just after it
	}{
		"first":            {now: at, remaining: 9},
		"first at time 0":  {now: 0, remaining: 9},
		"ninth":            {prepare: func(c *lockout.Counter) { fail(c, 8, at) }, now: at, remaining: 1},
		"tenth locks":      {prepare: func(c *lockout.Counter) { fail(c, 9, at) }, now: at, locked: true, lockedFor: 30 * time.Minute},
		"eleventh is told": {prepare: func(c *lockout.Counter) { fail(c, 10, at) }, now: at, locked: true, lockedFor: 30 * time.Minute},
		"while locked nothing is counted and nothing prolonged": {
			prepare: func(c *lockout.Counter) { fail(c, 10, at); fail(c, 100, at+10*time.Minute) },
			now:     at + 20*time.Minute, locked: true, lockedFor: 10 * time.Minute,
		},
		"one tick before the lock ends": {
			prepare: func(c *lockout.Counter) { fail(c, 10, at) },
			now:     at + 30*time.Minute - tick, locked: true, lockedFor: tick,
		},
		"when the lock ends the count is zero": {
			prepare: func(c *lockout.Counter) { fail(c, 10, at) },
			now:     at + 30*time.Minute, remaining: 9,
		},
		"one tick after the lock ended": {
			prepare: func(c *lockout.Counter) { fail(c, 10, at) },
			now:     at + 30*time.Minute + tick, remaining: 9,
		},
		"one tick before quiet is long enough": {
			prepare: func(c *lockout.Counter) { fail(c, 8, at) },
			now:     at + 30*time.Minute - tick, remaining: 1,
		},
		"quiet resets": {
			prepare: func(c *lockout.Counter) { fail(c, 8, at) },
			now:     at + 30*time.Minute, remaining: 9,
		},
		"quiet counts from the last failure, not the first": {
			prepare: func(c *lockout.Counter) { fail(c, 4, at); fail(c, 4, at+20*time.Minute) },
			now:     at + 49*time.Minute, remaining: 1,
		},
		"after a reset": {
			prepare: func(c *lockout.Counter) { fail(c, 10, at); c.Reset() },
			now:     at, remaining: 9,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var c lockout.Counter
			if tt.prepare != nil {
				tt.prepare(&c)
			}
			remaining, locked := c.Fail(lockout.Policy{}, tt.now)
			if remaining != tt.remaining || locked != tt.locked {
				t.Errorf("Fail = %d, %v; want %d, %v", remaining, locked, tt.remaining, tt.locked)
			}
			if got := c.LockedFor(tt.now); got != tt.lockedFor {
				t.Errorf("LockedFor = %v; want %v", got, tt.lockedFor)
			}
		})
	}
}

func TestPolicy(t *testing.T) {
	t.Run("own figures", func(t *testing.T) {
		var c lockout.Counter
		p := lockout.Policy{Attempts: 2, For: time.Second}
		if left, locked := c.Fail(p, 0); left != 1 || locked {
			t.Fatalf("first = %d, %v", left, locked)
		}
		if _, locked := c.Fail(p, 0); !locked || c.LockedFor(0) != time.Second {
			t.Fatalf("second did not lock for a second: %v", c.LockedFor(0))
		}
	})
	t.Run("off never locks", func(t *testing.T) {
		var c lockout.Counter
		for range 1000 {
			if left, locked := c.Fail(lockout.Policy{Attempts: -1}, 0); left != 0 || locked {
				t.Fatalf("Fail = %d, %v; want 0, false", left, locked)
			}
		}
	})
}

func token(n byte) lockout.Token { return lockout.Token{31: n} }

func TestTokens(t *testing.T) {
	var mine, others lockout.Tokens
	if mine.Has(&lockout.Token{}) {
		t.Error("an empty seat has the zero token")
	}
	for n := byte(1); n <= lockout.MaxTokens; n++ {
		mine.Add(new(token(n)), nil)
	}
	others.Add(new(token(100)), nil)
	for n := byte(1); n <= lockout.MaxTokens; n++ {
		if !mine.Has(new(token(n))) {
			t.Errorf("token %d is lost", n)
		}
		if others.Has(new(token(n))) {
			t.Errorf("token %d counts for the wrong seat", n)
		}
	}
	if mine.Has(new(token(99))) {
		t.Error("a wrong token counts")
	}
	mine.Use(new(token(1)))
	mine.Use(new(token(99))) // of no one
	mine.Add(new(token(9)), func(t *lockout.Token) bool { return *t == token(2) })
	if mine.Has(new(token(3))) {
		t.Error("the ninth did not push out the least recently used that is not held")
	}
	for _, n := range []byte{1, 2, 4, 5, 6, 7, 8, 9} {
		if !mine.Has(new(token(n))) {
			t.Errorf("token %d left with the ninth", n)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a ninth was kept beside eight that are held")
		}
	}()
	mine.Add(new(token(10)), func(*lockout.Token) bool { return true })
}
