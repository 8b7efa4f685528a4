package relay_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sotto/relay"
)

// What README.md says of frames under way: 8 MiB for those of 32 KiB, and as much
// for those of 256 KiB, which may be slower; an address has a 32nd once half are taken.
var frameBudgets = map[string]struct{ places, size, message, contended int }{
	"texts":          {256, 2 << 10, 8 << 10, 10},
	"large messages": {32, 33 << 10, 64 << 10, 20},
}

var largest = relay.Config{CreateRate: -1, UpgradeRate: -1, MaxConnsPerAddress: 1000}

// unfinished opens a socket from an address and sends size bytes of a frame.
func (w *world) unfinished(n, size int) *client {
	w.t.Helper()
	c := w.dialWith("other", dialOptions{from: numberedAddr(n)})
	c.write(textFrame(strings.Repeat("x", 2*size))[:size])
	return c
}

// sendsLarge sends a message of size bytes, and returns how long the answer took.
func (c *client) sendsLarge(size int) time.Duration {
	c.t.Helper()
	began := time.Now()
	c.patience = time.Minute
	c.ok(c.post("send_message", message("ciphertext", sealed(size))), "new_message")
	return time.Since(began)
}

// One address that leaves frames unfinished has half of the places, and keeps
// nobody else's frames from being read.
func TestFrameBudget_OneAddress(t *testing.T) {
	for name, tt := range frameBudgets {
		t.Run(name, func(t *testing.T) {
			inWorld(t, largest, func(t *testing.T, w *world) {
				a, b := w.extCouple("room")
				for range 2 * tt.places {
					w.unfinished(7, tt.size)
				}
				synctest.Wait()
				want(t, "waiting", w.metric("sotto_rate_limited_total", "large_frames"), float64(2*tt.places-tt.places/2))
				for range 8 {
					if took := a.sendsLarge(tt.message); took > time.Second {
						t.Errorf("a message of another address took %v", took)
					}
					b.event("new_message")
					a, b = b, a
				}
			})
		})
	}
}

// Many addresses can take all places, for some seconds: then those who wait are
// served, and who took so long has lost the socket. What is smaller passes.
func TestFrameBudget_AllPlaces(t *testing.T) {
	for name, tt := range frameBudgets {
		t.Run(name, func(t *testing.T) {
			inWorld(t, largest, func(t *testing.T, w *world) {
				a, b := w.extCouple("room")
				var slow []*client
				for n := range tt.places {
					slow = append(slow, w.unfinished(max(0, n-tt.places/2+1), tt.size))
					synctest.Wait() // in this order
				}
				want(t, "waiting", w.metric("sotto_rate_limited_total", "large_frames"), 0.0)
				a.sends(b, "ciphertext", sealed(tt.size/4)) // of which the frame is a third of size
				contended := time.Duration(tt.contended) * time.Second
				if took := b.sendsLarge(tt.message); took < contended-time.Second || took > contended+2*time.Second {
					t.Errorf("a message took %v", took)
				}
				want(t, "waited", w.metric("sotto_rate_limited_total", "large_frames"), 1.0)
				for _, c := range slow {
					c.patience = time.Minute
					c.closed(0, "")
				}
			})
		})
	}
}

// While nobody waits, a frame may take its time; a socket that waits for a place
// can be closed, by the relay or for saying nothing.
func TestFrameBudget_WaitsAndEnds(t *testing.T) {
	tt := frameBudgets["large messages"]
	inWorld(t, largest, func(t *testing.T, w *world) {
		frame := textFrame(`{"event":"join","ref":"1","data":{"x":"` + strings.Repeat("x", 2*tt.size) + `"}}`)
		slow := w.dial("room")
		slow.write(frame[:tt.size])
		time.Sleep(29 * time.Second)
		slow.write(frame[tt.size:])
		slow.patience = time.Minute
		want(t, "answer", slow.frame()["ref"], any("1"))

		// What is done counts no more.
		a, b := w.extCouple("other room")
		for range tt.places {
			a.sendsLarge(tt.message)
			b.event("new_message")
			a, b = b, a
		}
		for range tt.places/2 + 1 {
			w.unfinished(1, tt.size)
		}
		synctest.Wait()
		want(t, "waiting", w.metric("sotto_rate_limited_total", "large_frames"), 1.0)
		// The end of the test closes the one that waits.
	})
}
