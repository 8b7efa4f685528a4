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
	type try struct {
		data   object
		reason string // "" is ok
	}
	for name, tt := range map[string]struct {
		prepare func(w *world) try
	}{
		"creates": {func(*world) try { return try{ann.joining(), ""} }},
		"claims": {func(w *world) try {
			w.dial("room").join(ann)
			return try{ben.joining(), ""}
		}},
		"enters": {func(w *world) try {
			w.couple("room")
			return try{ben.joining(), ""}
		}},
		"invalid_sender":   {func(*world) try { return try{object{}, "invalid_sender"} }},
		"invalid_access":   {func(*world) try { return try{object{"sender_hash": ann.sender}, "invalid_access"} }},
		"invalid_encoding": {func(*world) try { return try{ann.joining("intent", 1), "invalid_encoding"} }},
		"not_found":        {func(*world) try { return try{ann.joining("intent", "enter"), "not_found"} }},
		"not_found, return": {func(w *world) try {
			w.couple("room")
			return try{ann.joining("intent", "return", "room_id", "x"), "not_found"}
		}},
		"otp_required": {func(w *world) try {
			w.dial("room").join(ann, "otp_hash", hash("ref"))
			return try{ben.joining(), "otp_required"}
		}},
		"otp_invalid": {func(w *world) try {
			w.dial("room").join(ann, "otp_hash", hash("ref"))
			return try{ben.joining("otp_hash", hash("guess")), "otp_invalid"}
		}},
		"unauthorized": {func(w *world) try {
			w.couple("room")
			return try{mole.joining(), "unauthorized"}
		}},
		"locked": {func(w *world) try {
			w.couple("room")
			w.lock("room")
			return try{ben.joining(), "locked"}
		}},
		"resumes during a lock": {func(w *world) try {
			_, b := w.couple("room")
			token := b.join(ben)["resume"]
			w.lock("room")
			return try{ben.joining("resume", token), ""}
		}},
		"rate_limited": {func(w *world) try {
			w.dial("one").join(ann)
			return try{ann.joining(), "rate_limited"}
		}},
		"rate_limited at MaxRooms": {func(w *world) try {
			w.dial("one").join(ann)
			return try{ann.joining(), "rate_limited"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := unlimited
			switch name {
			case "rate_limited":
				cfg.CreateRate = 1
			case "rate_limited at MaxRooms":
				cfg.MaxRooms = 1
			}
			inWorld(t, cfg, func(t *testing.T, w *world) {
				now := tt.prepare(w)
				c := w.dial("room")
				sent := time.Now()
				ref := c.post("join", now.data)
				m := c.next(within)
				frame := decode(t, m.text)
				want(t, "ref", frame["ref"], any(ref))
				got := ""
				if fault, ok := frame["error"].(object); ok {
					got, _ = fault["reason"].(string)
				}
				want(t, "reason", got, now.reason)
				if took := m.at.Sub(sent); took < 500*time.Millisecond || took > 625*time.Millisecond {
					t.Errorf("the answer took %v", took)
				}
			})
		})
	}
}

// lock locks the room called name, in which both seats are taken.
func (w *world) lock(name string) {
	w.t.Helper()
	c := w.dial(name)
	for range 9 {
		want(w.t, "reason", c.refused(c.post("join", mole.joining()))["reason"], any("unauthorized"))
	}
	want(w.t, "reason", c.refused(c.post("join", mole.joining()))["reason"], any("locked"))
	c.leave()
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

// Claim, membership, snapshot and answer are one step: what happens while a
// join is held is in its answer, and no broadcast comes before it.
func TestJoin_AnswerComesFirst(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		b2 := w.dial("room")
		ref := b2.post("join", ben.joining("ext", 1))
		time.Sleep(100 * time.Millisecond)
		id := a.sends(b)
		a.post("typing", nil)
		b.event("counterparty_typing")
		b2.silent()
		ok := b2.ok(ref)
		m, _ := ok["current_message"].(object)
		want(t, "current message", m["id"], any(id))
		want(t, "presence", b2.event("presence"), object{"connected": true})
		b2.silent()
	})
}

// A join and a message at the same moment, many times: either the message is
// in the answer, or the answer comes before it. Never both, never neither.
func TestJoin_AnswerComesFirstInARace(t *testing.T) {
	cfg := unlimited
	cfg.JoinFloor = -1
	inWorld(t, cfg, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		for range 100 {
			b2 := w.dial("room")
			sent := a.post("send_message", object{"ciphertext": ciphertext, "iv": iv})
			ref := b2.post("join", ben.joining())
			m := a.event("new_message")
			a.ok(sent)
			b.event("new_message")
			if snapshot, ok := b2.ok(ref)["current_message"].(object); ok {
				want(t, "snapshot", snapshot, m)
			} else {
				want(t, "broadcast", b2.event("new_message"), m)
			}
			b2.silent()
			b2.leave()
			a.ok(a.post("delete_message", object{"message_id": m["id"]}))
			a.event("message_deleted")
			b.event("message_deleted")
		}
	})
}
