package link

import (
	"testing"
	"time"
)

// RFC 6298 with Linux's bounds: a probe, then a time-out that doubles.
func TestEstimator(t *testing.T) {
	var e estimator
	if e.rto() != time.Second || e.wait(0) != time.Second {
		t.Errorf("the first time-out is %v", e.rto())
	}
	e.sample(150 * ms)
	if e.rto() != 450*ms { // SRTT + 4 RTT/2
		t.Errorf("the time-out after one sample is %v", e.rto())
	}
	for range 100 {
		e.sample(150 * ms)
	}
	within(t, "the time-out of a steady round trip", e.rto(), 150*ms+minVar, ms)
	e.sample(900 * ms)
	if once := e.rto(); once < 900*ms || e.wait(1) != once || e.wait(3) != 4*once || e.wait(60) != maxRTO {
		t.Errorf("after a long round trip it is %v, then %v, %v, at last %v", once, e.wait(1), e.wait(3), e.wait(60))
	}
	within(t, "the probe", e.wait(0), 2*e.srtt+maxAckWait, 0)
}

// A segment lost n times arrives after a probe and n-1 time-outs, whichever way
// it goes; what follows waits behind it.
func TestLossStallsLikeTCP(t *testing.T) {
	for name, down := range map[string]bool{"up": false, "down": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Params{RTT: 150 * ms}, 1, func(t *testing.T, b *bench) {
				from, to := b.connect()
				sender := &from.(*Conn).up
				if down {
					sender = &from.(*Conn).down
					from, to = to, from
				}
				for range 60 {
					within(t, "without loss", b.passes(from, to, 200), 75*ms, 0)
				}
				within(t, "the time-out", sender.rtt.rto(), 150*ms+minVar, 4*ms)
				for lost := range 5 {
					time.Sleep(time.Second)
					begun := time.Now()
					again := begun
					for n := range lost {
						again = again.Add(sender.rtt.wait(n))
					}
					least := []float64{0, 1, 2, 4, 8}[lost] // probe, time-out, doubled
					if after := again.Sub(begun).Seconds(); after < least*sender.rtt.rto().Seconds() {
						t.Errorf("%d losses stall for %v s only", lost, after)
					}
					// The gap ends just before the repetition that gets through.
					if lost > 0 {
						b.link.Gap(again.Sub(begun)-ms, false)
					}
					within(t, "a segment lost some times", b.passes(from, to, 200), again.Sub(begun)+75*ms, 0)
				}
				time.Sleep(time.Second)
				b.link.Gap(100*ms, false)
				begun := time.Now()
				again := begun.Add(sender.rtt.wait(0))
				if _, err := from.Write([]byte("lost")); err != nil {
					t.Fatal(err)
				}
				time.Sleep(150 * ms)
				within(t, "what follows a lost segment", b.passes(from, to, 4), again.Sub(begun)-150*ms+75*ms, 0)
			})
		})
	}
}

// Bursts lose the fraction of time they should.
func TestLossFraction(t *testing.T) {
	bubble(t, Params{Loss: 0.05, LossBurst: 150 * ms}, 9, func(t *testing.T, b *bench) {
		b.link.mu.Lock()
		defer b.link.mu.Unlock()
		lost, start := 0, time.Now()
		const n = 200_000
		for i := range n {
			at := start.Add(time.Duration(i) * 10 * ms)
			if b.link.lost(&b.link.up, at) {
				lost++
			}
			b.link.up.bursts.forget(at)
		}
		if share := float64(lost) / n; share < 0.04 || share > 0.06 {
			t.Errorf("%.3f of time is lost, want 0.05", share)
		}
	})
}
