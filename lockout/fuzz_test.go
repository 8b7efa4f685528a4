package lockout_test

import (
	"testing"
	"time"

	"sotto/lockout"
)

// FuzzGuesses spreads guesses over time as bytes say. However they are spread,
// of those within any half hour ten are looked at, at most: 480 a day.
func FuzzGuesses(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 25))                                              // all at once
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 179, 180, 0, 0, 0, 0, 1, 1}) // around the end of a lock
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 180, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20})
	f.Fuzz(func(t *testing.T, pauses []byte) {
		var c lockout.Counter
		var looked []time.Duration // at guesses, when
		now := time.Duration(0)
		for _, pause := range pauses {
			now += time.Duration(pause) * 10 * time.Second
			if left := c.LockedFor(now); left > 0 {
				if _, locked := c.Fail(lockout.Policy{}, now); !locked || c.LockedFor(now) != left {
					t.Fatal("a try while locked is counted, or lets in")
				}
				continue
			}
			_, locked := c.Fail(lockout.Policy{}, now)
			looked = append(looked, now)
			within := 0
			for _, at := range looked {
				if now-at < lockout.DefaultFor {
					within++
				}
			}
			if within > lockout.DefaultAttempts || locked != (c.LockedFor(now) == lockout.DefaultFor) {
				t.Fatalf("%d guesses were looked at within %v, locked %v for %v", within, lockout.DefaultFor, locked, c.LockedFor(now))
			}
		}
	})
}
