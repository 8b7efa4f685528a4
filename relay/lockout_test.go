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

func TestLockout_CountsDown(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		w.couple("room")
		c := w.dial("room")
		for left := 9.0; left >= 1; left-- {
			want(t, "error", c.fail(), object{"reason": "unauthorized", "attempts_remaining": left})
		}
		want(t, "the 10th", c.fail(), object{"reason": "locked", "retry_after": 1800.0})
		want(t, "locks begun", w.metric("sotto_lockouts_total", "began"), 1.0)
	})
}

// One counter a room, whoever fails from wherever with whatever.
func TestLockout_OneCounterARoom(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		w.couple("room")
		w.couple("other")
		for left := 9.0; left >= 1; left-- {
			c := w.dial("room")
			guess := person{hash("guess " + time.Now().String()), hash("sender")}
			want(t, "error", c.refused(c.post("join", guess.joining())),
				object{"reason": "unauthorized", "attempts_remaining": left})
		}
		want(t, "the 10th", w.dial("room").fail()["reason"], any("locked"))
		want(t, "another room", w.dial("other").fail()["attempts_remaining"], any(9.0))
	})
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

func TestLockout_RetryAfterIsExact(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		w.couple("room")
		w.lockRest("room", 9)
		ends := time.Now().Add(30 * time.Minute)
		for range 40 {
			c := w.dial("room")
			ref := c.post("join", mole.joining())
			m := c.next(within)
			fault, _ := decode(t, m.text)["error"].(object)
			left := ends.Sub(m.at)
			if left <= 0 {
				break
			}
			// In whole seconds, rounded up: who waits as long is not too early.
			seconds := float64((left + time.Second - 1) / time.Second)
			want(t, "error of "+ref, fault, object{"reason": "locked", "retry_after": seconds})
			c.leave()
			time.Sleep(45 * time.Second)
		}
		want(t, "after the lock", w.dial("room").fail()["attempts_remaining"], any(9.0))
	})
}

// The lock ends to the instant.
func TestLockout_Ends(t *testing.T) {
	cfg := unlimited
	cfg.JoinFloor = -1
	inWorld(t, cfg, func(t *testing.T, w *world) {
		w.couple("room")
		w.lockRest("room", 9)
		time.Sleep(30*time.Minute - time.Nanosecond)
		c := w.dial("room")
		want(t, "a moment early", c.refused(c.post("join", ann.joining())),
			object{"reason": "locked", "retry_after": 1.0})
		time.Sleep(time.Nanosecond)
		c.join(ann)
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

// A successful join resets nothing.
func TestLockout_SuccessResetsNothing(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		w.couple("room")
		c := w.dial("room")
		for left := 9.0; left >= 1; left-- {
			want(t, "left", c.fail()["attempts_remaining"], any(left))
			w.dial("room").join(ann)
		}
		want(t, "the 10th", c.fail()["reason"], any("locked"))
	})
}

// Thirty quiet minutes reset the count, and not a moment less.
func TestLockout_QuietReset(t *testing.T) {
	cfg := unlimited
	cfg.JoinFloor = -1 // so that moments are exact
	inWorld(t, cfg, func(t *testing.T, w *world) {
		w.couple("room")
		fail := func() object {
			c := w.dial("room")
			defer c.leave()
			return c.fail()
		}
		want(t, "first", fail()["attempts_remaining"], any(9.0))
		time.Sleep(30*time.Minute - time.Nanosecond)
		want(t, "a moment early", fail()["attempts_remaining"], any(8.0))
		time.Sleep(30 * time.Minute)
		want(t, "after 30 minutes", fail()["attempts_remaining"], any(9.0))
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

// A wrong token is as if absent: it neither hurts nor counts.
func TestResume_WrongIsAsIfAbsent(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, _ := w.couple("room")
		first, _ := a.join(ann)["resume"].(string)
		for _, token := range []any{nil, "", "x", hash("guess"), first[:63], first[:62] + "zz"} {
			ok := w.dial("room").join(ann, "resume", token)
			wantMatch(t, "a new token", ok["resume"], hex32)
			if ok["resume"] == any(first) || ok["resume"] == token {
				t.Error("the token is not new")
			}
		}
		want(t, "nothing is counted", w.dial("room").fail()["attempts_remaining"], any(9.0))
		// Of the wrong type it is bad input.
		c := w.dial("room")
		c.refusedFor(c.post("join", ann.joining("resume", 7)), "invalid_encoding")
	})
}

// A seat has 8 tokens; the least recently used leaves.
func TestResume_NinthToken(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.dial("room"), w.dial("room")
		tokens := []any{a.join(ann)["resume"]}
		b.join(ben)
		a.paired()
		for range 7 {
			tokens = append(tokens, a.join(ann)["resume"])
		}
		want(t, "presenting one makes none", a.join(ann, "resume", tokens[0])["resume"], tokens[0])
		ninth := a.join(ann)["resume"]
		w.lock("room")
		c := w.dial("room")
		want(t, "the least recently used", c.refused(c.post("join", ann.joining("resume", tokens[1])))["reason"], any("locked"))
		for _, token := range append(tokens[2:], tokens[0], ninth) {
			c := w.dial("room") // each on a socket that is not joined
			want(t, "token", c.join(ann, "resume", token)["resume"], token)
			c.leave()
		}
	})
}

// A token is of one life of one room.
func TestResume_DiesWithTheRoom(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		token := a.join(ann)["resume"]
		a.ok(a.post("expire_room", nil))
		a.event("room_expired")
		a.closed(1000, "room_expired")
		b.event("room_expired")
		b.closed(1000, "room_expired")
		w.couple("room")
		w.lock("room")
		c := w.dial("room")
		want(t, "reason", c.refused(c.post("join", ann.joining("resume", token)))["reason"], any("locked"))
	})
}

// reset_pairing clears counter and lock.
func TestLockout_ResetPairing(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a := w.dial("room")
		a.join(ann, "otp_hash", hash("ref"))
		c := w.dial("room")
		for range 9 {
			c.fail()
		}
		want(t, "locked", c.fail()["reason"], any("locked"))
		want(t, "ok", a.ok(a.post("reset_pairing", object{"otp_hash": hash("new ref")})), object{})
		c.refusedFor(c.post("join", ben.joining("otp_hash", hash("ref"))), "otp_invalid")
		for range 8 {
			want(t, "counted from zero", c.fail()["reason"], any("otp_required"))
		}
		c.join(ben, "otp_hash", hash("new ref"))
	})
}
