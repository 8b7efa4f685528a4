package relay_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	hex32 = regexp.MustCompile(`^[0-9a-f]{64}$`)
	stamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)
)

func wantMatch(t testing.TB, what string, got any, form *regexp.Regexp) {
	t.Helper()
	if s, ok := got.(string); !ok || !form.MatchString(s) {
		t.Fatalf("%s is %v; want the form %v", what, got, form)
	}
}

// wantStamp: RFC 3339 in UTC, to the microsecond.
func wantStamp(t testing.TB, what string, got any, at time.Time) {
	t.Helper()
	wantMatch(t, what, got, stamp)
	want(t, what, got, any(at.UTC().Format("2006-01-02T15:04:05.000000Z")))
}

// Every join, good or bad, is answered no sooner than 500 ms after it arrived,
// and at most 125 ms later.
func TestJoin_Floor(t *testing.T) {
	alone := func(w *world) { w.dial("room").join(ann, "otp_hash", hash("ref")) }
	couple := func(w *world) { w.couple("room") }
	locked := func(w *world) { w.couple("room"); w.lock("room") }
	for name, tt := range map[string]struct {
		given  func(w *world)
		data   object
		reason any // nil is ok
	}{
		"creates":           {func(*world) {}, ann.joining(), nil},
		"claims":            {alone, ben.joining("otp_hash", hash("ref")), nil},
		"enters":            {couple, ben.joining(), nil},
		"invalid_sender":    {couple, object{}, "invalid_sender"},
		"invalid_access":    {couple, object{"sender_hash": ann.sender}, "invalid_access"},
		"invalid_encoding":  {couple, ann.joining("intent", 1), "invalid_encoding"},
		"not_found":         {func(*world) {}, ann.joining("intent", "enter"), "not_found"},
		"not_found, return": {couple, ann.joining("intent", "return", "room_id", "x"), "not_found"},
		"otp_required":      {alone, ben.joining(), "otp_required"},
		"otp_invalid":       {alone, ben.joining("otp_hash", hash("guess")), "otp_invalid"},
		"unauthorized":      {couple, mole.joining(), "unauthorized"},
		"locked":            {locked, ben.joining(), "locked"},
		"MaxRooms":          {func(w *world) { w.dial("1").join(ann); w.dial("2").join(ann) }, ann.joining(), "rate_limited"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := unlimited
			cfg.MaxRooms = 2
			inWorld(t, cfg, func(t *testing.T, w *world) {
				tt.given(w)
				c := w.dial("room")
				sent := time.Now()
				ref := c.post("join", tt.data)
				m := c.next(within)
				frame := decode(t, m.text)
				want(t, "ref", frame["ref"], any(ref))
				fault, _ := frame["error"].(object)
				want(t, "reason", fault["reason"], tt.reason)
				if took := m.at.Sub(sent); took < 500*time.Millisecond || took > 625*time.Millisecond {
					t.Errorf("the answer took %v", took)
				}
			})
		})
	}
}

func TestJoin_Jitter(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		c := w.dial("room")
		c.join(ann)
		tenths := make(map[int64]int)
		seen := make(map[time.Duration]bool)
		for range 300 {
			sent := time.Now()
			ref := c.post("join", ann.joining())
			m := c.next(within)
			want(t, "ref", decode(t, m.text)["ref"], any(ref))
			extra := m.at.Sub(sent) - 500*time.Millisecond
			if extra < 0 || extra > 125*time.Millisecond {
				t.Fatalf("jitter of %v", extra)
			}
			tenths[int64(extra*10/(125*time.Millisecond+1))]++
			seen[extra] = true
		}
		// Each tenth of the range misses 300 draws with 0.9^300 = 2e-14.
		if len(tenths) != 10 || len(seen) < 290 {
			t.Errorf("300 draws fell into %d tenths of the range with %d values", len(tenths), len(seen))
		}
	})
}

// A socket's joins are held one after another: pipelining buys nothing. What
// comes behind a join waits for it.
func TestJoin_OneAfterAnother(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		c := w.dial("room")
		sent := time.Now()
		for _, p := range []any{object{}, ann.joining(), object{}, ann.joining()} {
			c.post("join", p)
		}
		c.post("redeem_extension", nil)
		for i, reason := range []string{"invalid_sender", "", "invalid_sender", ""} {
			m := c.next(10 * time.Second)
			if took, least := m.at.Sub(sent), time.Duration(i+1)*500*time.Millisecond; took < least {
				t.Errorf("answer %d came after %v; want at least %v", i+1, took, least)
			}
			if got := strings.Contains(m.text, `"error"`); got != (reason != "") {
				t.Errorf("answer %d is %s", i+1, m.text)
			}
		}
		c.refusedFor("r5", "monetization_disabled")
	})
}

// A malformed hash is refused before the room is asked: not even a lock shows.
func TestJoin_1_Malformed(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		c, bad := w.dial("room"), strings.ToUpper(ann.access)
		c.refusedFor(c.post("join", object{"sender_hash": ann.sender, "access_hash": bad}), "invalid_access")
		want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)
		w.couple("room")
		for range 20 {
			c.refusedFor(c.post("join", object{"sender_hash": ann.sender, "access_hash": bad}), "invalid_access")
		}
		w.lock("room")
		c.refusedFor(c.post("join", object{"sender_hash": bad, "access_hash": bad}), "invalid_sender")
	})
}
