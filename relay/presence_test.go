package relay_test

import (
	"testing"
	"time"
)

// A join with ext:1 opts in: it is told about the other seat at once and on
// change. Nobody else is.
func TestSlot_Presence(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		here, gone := object{"connected": true}, object{"connected": false}
		a, plain := w.dial("room"), w.dial("room")
		a.join(ann, "ext", 1)
		want(t, "alone", a.event("presence"), gone)
		plain.join(ann)

		b := w.dial("room")
		b.join(ben, "ext", 1)
		want(t, "at the newcomer", b.event("presence"), here)
		a.paired()
		want(t, "paired", a.event("presence"), here)
		plain.paired()

		b2 := w.dial("room")
		b2.join(ben) // the seat had a socket: no change
		b.leave()    // and still has one
		a.silent()
		b2.leave()
		want(t, "the last left", a.event("presence"), gone)
		plain.silent()

		b = w.dial("room")
		b.join(ben)
		want(t, "back", a.event("presence"), here)
		b.silent() // did not opt in
		_ = b.conn.Close()
		want(t, "the connection broke", a.event("presence"), gone)

		// A second join may opt in or out.
		a.join(ann)
		plain.join(ann, "ext", 1)
		want(t, "opted in", plain.event("presence"), gone)
		w.dial("room").join(ben)
		want(t, "on change", plain.event("presence"), here)
		a.silent()
	})
}

// A frozen phone still counts as connected until its pings stay without pong.
func TestSlot_Presence_FrozenPhone(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a := w.dial("room")
		a.join(ann, "ext", 1)
		a.event("presence")
		b := w.dialWith("room", dialOptions{deaf: true})
		b.join(ben)
		joined := time.Now()
		a.paired()
		a.event("presence")
		m := a.next(10 * time.Minute)
		want(t, "presence", decode(t, m.text), object{"event": "presence", "data": object{"connected": false}})
		if after := m.at.Sub(joined); after < 240*time.Second || after > 270*time.Second {
			t.Errorf("presence changed after %v", after)
		}
	})
}
