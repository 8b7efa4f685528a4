package relay_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// Pings come every 210 to 240 s, or in the last eighth of an interval that is set,
// drawn anew each time, so that phones do not wake in step.
func TestPing_Interval(t *testing.T) {
	for name, tt := range map[string]struct{ set, every time.Duration }{
		"default": {0, 240 * time.Second}, "impatient proxy": {20 * time.Second, 20 * time.Second}, "off": {set: -1},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := unlimited
			cfg.PingInterval = tt.set
			inWorld(t, cfg, func(t *testing.T, w *world) {
				c := w.dial("room")
				c.join(ann)
				last := time.Now()
				time.Sleep(23*time.Hour + 59*time.Minute) // then the room ends
				c.mu.Lock()
				pings := c.pings
				c.mu.Unlock()
				if tt.every == 0 {
					want(t, "pings", len(pings), 0)
					return
				}
				seen := make(map[time.Duration]bool)
				for _, at := range pings {
					pause := at.Sub(last)
					if pause < tt.every*7/8 || pause > tt.every {
						t.Errorf("a ping came after %v", pause)
					}
					seen[pause] = true
					last = at
				}
				if len(seen) < 300 {
					t.Errorf("%d pings with %d different pauses in a day", len(pings), len(seen))
				}
				c.silent()
			})
		})
	}
}

// A client that does not answer within 30 s is closed with a retryable code.
func TestPing_NoPong(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		b.deaf.Store(true)
		a.sends(b) // traffic is no pong
		at := b.closedWithin(5*time.Minute, 4002, "no_pong")
		b.mu.Lock()
		want(t, "closed after the ping by", at.Sub(b.pings[len(b.pings)-1]), 30*time.Second)
		b.mu.Unlock()
		a.silent()
		want(t, "counted", w.metric("sotto_connections_closed_total", "4002"), 1.0)
	})
}

// A ping that comes up while a slow link still takes a frame waits for its turn,
// and then has its whole time: the client is there.
func TestPing_BehindASlowFrame(t *testing.T) {
	cfg := unlimited
	cfg.PingInterval = 16 * time.Second // at least 14
	inWorld(t, cfg, func(t *testing.T, w *world) {
		a, slow := w.coupleWithSlow("room")
		time.Sleep(13 * time.Second)
		slow.freeze()
		a.fillUp(2)
		time.Sleep(9 * time.Second)
		want(t, "pings", slow.pingCount(), 0)
		slow.thaw()
		for range 2 {
			slow.event("new_message")
			slow.event("message_deleted")
		}
		synctest.Wait()
		want(t, "pings", slow.pingCount(), 1)
		time.Sleep(time.Minute)
		slow.silent()
		slow.sends(a)
	})
}

// A pong waits behind what its client is sending: who is in the middle of a frame
// is there, and has the frame's own time.
func TestPing_InTheMiddleOfAFrame(t *testing.T) {
	cfg := unlimited
	cfg.PingInterval = 16 * time.Second
	inWorld(t, cfg, func(t *testing.T, w *world) {
		c := w.dialWith("room", dialOptions{deaf: true})
		c.join(ann)
		time.Sleep(13 * time.Second)
		frame := textFrame(`{"event":"redeem_extension","ref":"7"}`)
		c.write(frame[:20])
		time.Sleep(50 * time.Second)
		want(t, "pings", c.pingCount(), 2)
		c.deaf.Store(false)
		c.write(frame[20:])
		c.refusedFor("7", "monetization_disabled")
		c.deaf.Store(true)
		c.closedWithin(time.Minute, 4002, "no_pong")
	})
}

// pingCount returns how many pings came.
func (c *client) pingCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pings)
}
