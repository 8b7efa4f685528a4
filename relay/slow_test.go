package relay_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// coupleWithSlow opens a room with ann and ben in it, and little room for
// bytes on the way to ben's phone.
func (w *world) coupleWithSlow(name string) (a, slow *client) {
	w.t.Helper()
	a, slow = w.dial(name), w.dialWith(name, dialOptions{capacity: 2048})
	a.join(ann)
	slow.join(ben)
	a.paired()
	return a, slow
}

// thawForAFrame lets a frozen client read one frame more.
func (c *client) thawForAFrame() {
	c.mu.Lock()
	thawed := c.frozen
	c.frozen = make(chan struct{})
	c.mu.Unlock()
	close(thawed)
	synctest.Wait()
}

// fillUp makes a send and delete messages that do not fit on the way to a
// client that has stopped reading, and checks that it notices nothing.
func (c *client) fillUp(times int) {
	c.t.Helper()
	for range times {
		began := time.Now()
		ref := c.post("send_message", message("ciphertext", sealed(8192)))
		m := c.event("new_message")
		c.ok(ref)
		c.ok(c.post("delete_message", object{"message_id": m["id"]}))
		c.event("message_deleted")
		want(c.t, "time it took", time.Since(began), time.Duration(0))
	}
}

// A peer that stops reading loses its own socket within the write deadline.
// The other party's latency is unaffected, then and later.
func TestSlowPeerDoesNotFreezeOther(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, slow := w.coupleWithSlow("room")
		slow.freeze()
		a.fillUp(2)
		stuck := time.Now()
		for w.metric("sotto_connections", "") == 2 {
			if time.Since(stuck) > 10*time.Second {
				t.Fatal("the socket is still there")
			}
			began := time.Now()
			a.refusedFor(a.post("redeem_extension", nil), "monetization_disabled")
			want(t, "time it took", time.Since(began), time.Duration(0))
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		want(t, "write deadlines", w.metric("sotto_slow_consumers_total", "write_deadline"), 1.0)
		want(t, "closed", w.metric("sotto_connections_closed_total", "4000"), 1.0)
		a.silent()

		// A client that comes back finds the whole state.
		b := w.dial("room")
		b.join(ben)
		a.sends(b)
	})
}

// A queue that overflows is dropped, and a peer that then reads again is told
// to come back.
func TestSlow_Overflow(t *testing.T) {
	for name, read := range map[string]int{"in its first frame": 0, "in frames that follow each other": 2} {
		t.Run(name, func(t *testing.T) {
			cfg := unlimited
			cfg.FrameRate = -1 // no person fills a queue so fast
			inWorld(t, cfg, func(t *testing.T, w *world) {
				a, slow := w.coupleWithSlow("room")
				slow.freeze()
				a.fillUp(6)
				for range read {
					slow.thawForAFrame()
				}
				for filled := 0; w.metric("sotto_slow_consumers_total", "queue") == 0; filled++ {
					if filled > 100 {
						t.Fatal("the queue does not overflow")
					}
					a.fillUp(1)
				}
				time.Sleep(4 * time.Second)
				slow.thaw()
				frames := 0
				m := slow.next(within)
				for ; !m.ended; m = slow.next(within) {
					frames++
				}
				want(t, "code", m.code, 4000)
				want(t, "reason", m.reason, "slow_consumer")
				if frames > read+8 {
					t.Errorf("%d frames came before the end: the queue was not dropped", frames)
				}
				want(t, "closed", w.metric("sotto_connections_closed_total", "4000"), 1.0)
				a.silent()
			})
		})
	}
}

// A peer that reads slowly, but does read, gets everything in order.
func TestSlow_ButReading(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, slow := w.coupleWithSlow("room")
		slow.freeze()
		a.fillUp(3)
		for _, name := range []string{"new_message", "message_deleted", "new_message", "message_deleted", "new_message"} {
			time.Sleep(4 * time.Second)
			slow.thawForAFrame()
			slow.event(name)
		}
		slow.thaw()
		slow.event("message_deleted")
		slow.silent()
		slow.sends(a)
	})
}

// A client that asks without reading the answers waits for itself: its
// requests are not read any more, and nothing piles up.
func TestSlow_AsksWithoutReading(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, slow := w.coupleWithSlow("room")
		slow.freeze()
		flooded := make(chan int)
		go func() {
			sent := 0
			for ; sent < 5000; sent++ {
				if _, err := slow.conn.Write(textFrame(`{"event":"redeem_extension","ref":"12345678901234567890"}`)); err != nil {
					break
				}
			}
			flooded <- sent
		}()
		began := time.Now()
		a.fillUp(1)
		want(t, "time it took", time.Since(began), time.Duration(0))
		if sent := <-flooded; sent > 500 {
			t.Errorf("%d requests were read without one answer being taken", sent)
		}
		synctest.Wait()
		want(t, "sockets left", w.metric("sotto_connections", ""), 1.0)
		want(t, "queues that overflowed", w.metric("sotto_slow_consumers_total", "queue"), 0.0)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("the socket was there for %v", took)
		}
		slow.thaw()
		a.silent()
	})
}
