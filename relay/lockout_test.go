package relay_test

import (
	"testing"
	"time"

	"sotto/lockout"
)

// fail joins with an unknown access_hash and returns the error.
func (c *client) fail(more ...any) object {
	c.t.Helper()
	return c.refused(c.post("join", mole.joining(more...)))
}

// Whatever the refusal is called, it counts: else it would be a free oracle
// for the creator's PIN while a seat is open.
func TestLockout_EveryRefusalCounts(t *testing.T) {
	for reason, more := range map[string][]any{
		"otp_required": nil,
		"otp_invalid":  {"otp_hash", hash("guess")},
	} {
		t.Run(reason, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				w.dial("room").join(ann, "otp_hash", hash("ref"))
				c := w.dial("room")
				for range 9 {
					want(t, "error", c.fail(more...), object{"reason": reason})
				}
				want(t, "the 10th", c.fail(more...), object{"reason": "locked", "retry_after": 1800.0})
				want(t, "the right ref", c.fail("otp_hash", hash("ref"))["reason"], any("locked"))
			})
		})
	}
	t.Run("invalid_sender of a claim", func(t *testing.T) {
		inWorld(t, unlimited, func(t *testing.T, w *world) {
			w.dial("room").join(ann)
			c := w.dial("room")
			for range 9 {
				c.refusedFor(c.post("join", person{mole.access, ann.sender}.joining()), "invalid_sender")
			}
			want(t, "the 10th", c.refused(c.post("join", person{mole.access, ann.sender}.joining()))["reason"], any("locked"))
		})
	})
	t.Run("rate_limited of a claim", func(t *testing.T) {
		cfg := unlimited
		cfg.CreateRate = 1
		inWorld(t, cfg, func(t *testing.T, w *world) {
			w.dial("room").join(ann)
			c := w.dial("room")
			for range 9 {
				want(t, "reason", c.fail()["reason"], any("rate_limited"))
			}
			want(t, "the 10th", c.fail()["reason"], any("locked"))
		})
	})
}

// What a lock means: PROTOCOL.md, join, 3.
func TestJoin_3_Locked(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		w.couple("room")
		w.lock("room")
		c := w.dial("room")
		for name, p := range map[string]person{"a seat": ann, "the other seat": ben, "a stranger": mole} {
			fault := c.refused(c.post("join", p.joining()))
			wantKeys(t, fault, "reason", "retry_after")
			want(t, name, fault["reason"], any("locked"))
		}
		want(t, "refused", w.metric("sotto_lockouts_total", "refused"), 3.0)
	})
}

// Tries while locked count nothing, and the counter is zero when a lock ends.
func TestLockout_TriesWhileLockedCountNothing(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		w.couple("room")
		w.lock("room")
		began := time.Now()
		for time.Since(began) < 29*time.Minute {
			c := w.dial("room")
			want(t, "reason", c.fail()["reason"], any("locked"))
			c.leave()
			time.Sleep(time.Minute)
		}
		time.Sleep(30*time.Minute - time.Since(began))
		c := w.dial("room")
		for left := 9.0; left >= 1; left-- {
			want(t, "error", c.fail(), object{"reason": "unauthorized", "attempts_remaining": left})
		}
		want(t, "locks again", c.fail(), object{"reason": "locked", "retry_after": 1800.0})
	})
}

// Joined sockets are untouched by a lock.
func TestLockout_JoinedSocketsAreUntouched(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		w.lock("room")
		a.silent()
		b.silent()
		a.sends(b)
		// A socket that is joined as a seat may join again as that seat.
		ok := a.join(ann)
		wantKeys(t, ok, "room_id", "ttl_expires_at", "awaiting_party", "current_message", "resume")
		// But not as the other.
		want(t, "reason", a.refused(a.post("join", ben.joining()))["reason"], any("locked"))
		want(t, "let in", w.metric("sotto_lockouts_total", "resumed"), 1.0)
	})
}

// Leaving and coming back does not lift a lock, nor does a new socket, nor the
// end of the last joined one.
func TestLockoutSurvivesReconnect(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		w.lock("room")
		a.leave()
		b.leave()
		time.Sleep(10 * time.Minute)
		for _, p := range []person{mole, ann, ben} {
			c := w.dial("room")
			want(t, "reason", c.refused(c.post("join", p.joining()))["reason"], any("locked"))
			c.leave()
		}
		time.Sleep(20 * time.Minute)
		w.dial("room").join(ann)
	})
}

func TestLockout_Policy(t *testing.T) {
	t.Run("own figures", func(t *testing.T) {
		cfg := unlimited
		cfg.Lockout = lockout.Policy{Attempts: 2, For: time.Hour}
		inWorld(t, cfg, func(t *testing.T, w *world) {
			w.couple("room")
			c := w.dial("room")
			want(t, "first", c.fail(), object{"reason": "unauthorized", "attempts_remaining": 1.0})
			want(t, "second", c.fail(), object{"reason": "locked", "retry_after": 3600.0})
		})
	})
	t.Run("off", func(t *testing.T) {
		cfg := unlimited
		cfg.Lockout.Attempts = -1
		inWorld(t, cfg, func(t *testing.T, w *world) {
			w.couple("room")
			c := w.dial("room")
			for range 30 {
				want(t, "error", c.fail(), object{"reason": "unauthorized"})
			}
		})
	})
}

func TestResume_LetsInDuringALock(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		atA, atB := a.join(ann)["resume"], b.join(ben)["resume"]
		id := b.sends(a)
		a.leave()
		w.lock("room")
		c := w.dial("room")
		for name, tt := range map[string]struct {
			p     person
			token any
		}{
			"no token":         {ann, nil},
			"wrong token":      {ann, hash("guess")},
			"the other seat's": {ann, atB},
			"of another seat":  {ben, atA},
			"with no access":   {mole, atA},
			"not hex":          {ann, "x"},
			"short":            {ann, hash("guess")[1:]},
			"empty":            {ann, ""},
			"the zero token":   {ann, "0000000000000000000000000000000000000000000000000000000000000000"},
			"a UUID":           {ann, "00000000-0000-4000-8000-000000000000"},
		} {
			want(t, name, c.refused(c.post("join", tt.p.joining("resume", tt.token)))["reason"], any("locked"))
		}
		ok := c.join(ann, "resume", atA)
		want(t, "the same token back", ok["resume"], atA)
		m, _ := ok["current_message"].(object)
		want(t, "message", m["id"], any(id))
		want(t, "let in", w.metric("sotto_lockouts_total", "resumed"), 1.0)
		want(t, "the counter", w.dial("room").fail()["reason"], any("locked"))
	})
}
