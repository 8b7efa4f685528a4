package relay_test

import (
	"strings"
	"testing"
	"time"

	"sotto/relay"
)

// Four times max-ciphertext is the largest frame.
func TestFrames_TooBig(t *testing.T) {
	for name, max := range map[string]int{"least": 512, "most": 64 << 10} {
		t.Run(name, func(t *testing.T) {
			cfg := unlimited
			cfg.MaxCiphertextBytes = max
			inWorld(t, cfg, func(t *testing.T, w *world) {
				a, b := w.couple("room")
				text := `{"event":"redeem_extension","ref":"1","x":"` // and filled up to the size
				fill := func(size int) string { return text + strings.Repeat("x", size-len(text)-2) + `"}` }
				a.say(fill(4 * max))
				a.refusedFor("1", "monetization_disabled")
				a.say(fill(4*max + 1))
				a.closed(1009, "frame_too_big")
				b.silent()
				want(t, "counted", w.metric("sotto_connections_closed_total", "1009"), 1.0)
			})
		})
	}
}

func TestFrames_TooBigInOtherWays(t *testing.T) {
	const limit = 4 * relay.DefaultMaxCiphertextBytes
	mega := strings.Repeat("x", 1<<20)
	for name, bytes := range map[string][]byte{
		"binary":          frameBytes(finBit|opBinary, []byte(mega[:limit+1])),
		"many fragments":  fragments(mega[:limit+1], 16000),
		"a claim of 2^62": append(frameHeader(finBit|opText, 1<<62), mega[:limit+1]...),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				a, b := w.couple("room")
				before := time.Now()
				go a.write(bytes) // the relay need not take it all
				at := a.closedWithin(time.Minute, 1009, "frame_too_big")
				want(t, "time it took", at.Sub(before), time.Duration(0))
				b.silent()
			})
		})
	}
}

// fragments is text as fragmented frames of at most size bytes.
func fragments(text string, size int) []byte {
	var out []byte
	first := byte(opText)
	for len(text) > size {
		out = append(out, frameBytes(first, []byte(text[:size]))...)
		text, first = text[size:], opContinuation
	}
	return append(out, frameBytes(finBit|first, []byte(text))...)
}

// An unjoined socket is closed 30 s after its last frame, whatever that was. Pings
// are not frames of this protocol.
func TestFrames_UnjoinedIdle(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		start := time.Now()
		c := w.dial("room")
		for range 29 {
			time.Sleep(time.Second)
			c.write(frameBytes(finBit|opPing, nil))
		}
		at := c.closedWithin(time.Minute, 4003, "not_joined")
		want(t, "closed after", at.Sub(start), 30*time.Second)
		want(t, "the relay's own pings", c.pingCount(), 0)

		c = w.dial("room")
		time.Sleep(29 * time.Second)
		c.say("nonsense")
		c.next(within)
		time.Sleep(29 * time.Second)
		c.refusedFor(c.post("shout", nil), "not_joined")
		time.Sleep(29 * time.Second)
		last := time.Now()
		c.refusedFor(c.post("join", object{}), "invalid_sender")
		at = c.closedWithin(time.Minute, 4003, "not_joined")
		want(t, "closed after", at.Sub(last), 30*time.Second)
		want(t, "counted", w.metric("sotto_connections_closed_total", "4003"), 2.0)
	})
}

// After five minutes it is closed whatever it sends.
func TestFrames_UnjoinedMost(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		start := time.Now()
		c := w.dial("room")
		for time.Since(start) < 299*time.Second {
			c.refusedFor(c.post("typing", nil), "not_joined")
			time.Sleep(time.Second)
		}
		at := c.closedWithin(time.Minute, 4003, "not_joined")
		want(t, "closed after", at.Sub(start), 5*time.Minute)
	})
}

// A join that is being held when the time is over does not get in.
func TestFrames_UnjoinedMostWhileAJoinIsHeld(t *testing.T) {
	inWorld(t, relay.Config{CreateRate: -1, UpgradeRate: -1}, func(t *testing.T, w *world) {
		start := time.Now()
		c := w.dial("room")
		for time.Since(start) < 299*time.Second {
			time.Sleep(time.Second)
			c.say("x")
			c.next(within)
		}
		time.Sleep(5*time.Minute - 300*time.Millisecond - time.Since(start))
		c.post("join", ann.joining())
		at := c.closedWithin(time.Minute, 4003, "not_joined")
		want(t, "closed after", at.Sub(start), 5*time.Minute)
		time.Sleep(time.Second)
		want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)
	})
}
