package relay_test

import (
	"strings"
	"testing"
	"time"
)

// lock locks the room called name, in which both seats are taken.
func (w *world) lock(name string) {
	w.t.Helper()
	c := w.dial(name)
	for left := 9.0; left >= 1; left-- {
		want(w.t, "error", c.refused(c.post("join", mole.joining())), object{"reason": "unauthorized", "attempts_remaining": left})
	}
	want(w.t, "the 10th", c.refused(c.post("join", mole.joining())), object{"reason": "locked", "retry_after": 1800.0})
	c.leave()
}

// A lock holds for half an hour, whoever comes and goes and whatever is tried
// meanwhile. Sockets that are joined do not notice it, and a seat's token lets in.
func TestLockout_OverReconnects(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		atA, atB := a.join(ann)["resume"], b.join(ben)["resume"]
		w.lock("room")
		began := time.Now()
		a.silent()
		id := a.sends(b)
		a.join(ann)
		want(t, "as the other seat", a.refused(a.post("join", ben.joining()))["reason"], any("locked"))
		a.leave()
		b.leave()
		c := w.dial("room")
		for name, tt := range map[string]struct {
			p     person
			token any
		}{
			"a seat": {ann, nil}, "the other seat's": {ann, atB}, "with no access": {mole, atA},
			"the zero token": {ann, strings.Repeat("0", 64)},
		} {
			fault := c.refused(c.post("join", tt.p.joining("resume", tt.token)))
			wantKeys(t, fault, "reason", "retry_after")
			want(t, name, fault["reason"], any("locked"))
		}
		ok := c.join(ann, "resume", atA)
		want(t, "the same token back", ok["resume"], atA)
		m, _ := ok["current_message"].(object)
		want(t, "message", m["id"], any(id))
		want(t, "let in", w.metric("sotto_lockouts_total", "resumed"), 2.0)
		c.leave()
		time.Sleep(30*time.Minute - time.Since(began))
		w.dial("room").join(ann)
		w.lock("room") // the count began anew
	})
}
