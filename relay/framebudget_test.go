package relay_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sotto/relay"
)

// What README.md says of frames under way, with the largest messages there can
// be: 8 MiB for frames of 128 KiB, of which one address has two once half are taken.
const (
	largePlaces = 64
	largeEach   = 2
)

var largest = relay.Config{CreateRate: -1, UpgradeRate: -1, MaxCiphertextBytes: 32 << 10}

// unfinished opens a socket from an address and sends half of a large frame.
func (w *world) unfinished(n int) *client {
	w.t.Helper()
	c := w.dialWith("other", dialOptions{from: numberedAddr(n)})
	c.write(textFrame(strings.Repeat("x", 4<<10))[:2<<10])
	return c
}

// sendsLarge sends a large message, and returns how long the answer took.
func (c *client) sendsLarge() time.Duration {
	c.t.Helper()
	began := time.Now()
	c.patience = time.Minute
	sealed := base64.StdEncoding.EncodeToString(make([]byte, 30<<10))
	ref := c.post("send_message", object{"ciphertext": sealed, "iv": iv})
	c.ok(ref, "new_message")
	return time.Since(began)
}

// One address that leaves frames unfinished has half of the places, and keeps
// nobody else's frames from being read.
func TestFrameBudget_OneAddress(t *testing.T) {
	inWorld(t, largest, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		for range 2 * largePlaces {
			w.unfinished(7)
		}
		synctest.Wait()
		want(t, "waiting", w.metric("sotto_rate_limited_total", "large_frames"), float64(2*largePlaces-largePlaces/2))
		for range 2 * largePlaces {
			if took := a.sendsLarge(); took > time.Second {
				t.Errorf("a large message of another address took %v", took)
			}
			b.event("new_message")
			a, b = b, a
		}
	})
}

// Many addresses can take all places, for ten seconds: then those who wait are
// served, and who took so long has lost the socket. What is small passes.
func TestFrameBudget_AllPlaces(t *testing.T) {
	inWorld(t, largest, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		var slow []*client
		for n := range largePlaces {
			slow = append(slow, w.unfinished(max(0, n-largePlaces/2+1)))
			synctest.Wait() // in this order
		}
		want(t, "waiting", w.metric("sotto_rate_limited_total", "large_frames"), 0.0)
		a.sends(b)
		if took := b.sendsLarge(); took < 9*time.Second || took > 12*time.Second {
			t.Errorf("a large message took %v", took)
		}
		want(t, "waited", w.metric("sotto_rate_limited_total", "large_frames"), 1.0)
		for _, c := range slow {
			c.closed(0, "")
		}
	})
}

// While nobody waits, a frame may take its minute; a socket that waits for a
// place can be closed, by the relay or for saying nothing.
func TestFrameBudget_WaitsAndEnds(t *testing.T) {
	inWorld(t, largest, func(t *testing.T, w *world) {
		frame := textFrame(`{"event":"join","ref":"1","data":{"x":"` + strings.Repeat("x", 4<<10) + `"}}`)
		slow := w.dial("room")
		slow.write(frame[:2<<10])
		time.Sleep(25 * time.Second)
		slow.write(frame[2<<10:])
		slow.patience = time.Minute
		want(t, "answer", slow.frame()["ref"], any("1"))

		// What is done counts no more.
		a, b := w.couple("other room")
		for range largePlaces {
			a.sendsLarge()
			b.event("new_message")
			a, b = b, a
		}
		for range largePlaces/2 + 1 {
			w.unfinished(1)
		}
		synctest.Wait()
		want(t, "waiting", w.metric("sotto_rate_limited_total", "large_frames"), 1.0)
		// The end of the test closes the one that waits.
	})
}
