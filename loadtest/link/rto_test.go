package link

import (
	"io"
	"testing"
	"time"
)

// A segment lost n times arrives after n time-outs, each twice as long as the one
// before, whichever way it goes; what follows waits behind it.
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
				within(t, "the time-out", sender.rtt.wait(0), 150*ms+minVar, 4*ms)
				for lost := range 5 {
					time.Sleep(time.Second)
					stall := sender.rtt.wait(0) * (1<<lost - 1)
					// The gap ends just before the repetition that gets through.
					if lost > 0 {
						b.link.Gap(stall-ms, false)
					}
					within(t, "a segment lost some times", b.passes(from, to, 200), stall+75*ms, 0)
				}
				time.Sleep(time.Second)
				b.link.Gap(100*ms, false)
				again := sender.rtt.wait(0)
				begun := time.Now()
				go func() {
					_, _ = from.Write([]byte("lost"))
					time.Sleep(150 * ms)
					_, _ = from.Write([]byte("next"))
				}()
				if _, err := io.ReadFull(to, make([]byte, 8)); err != nil {
					t.Fatal(err)
				}
				within(t, "what follows a lost segment", time.Since(begun), again+75*ms, 0)
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
