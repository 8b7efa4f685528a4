package link

import (
	"testing"
	"time"
)

// model computes RFC 6298 with floating point and by the letter, with Linux's
// floor.
type model struct {
	srtt, rttvar float64
}

func (m *model) sample(r time.Duration) {
	const alpha, beta = 1. / 8, 1. / 4
	s := r.Seconds()
	if m.srtt == 0 {
		m.srtt, m.rttvar = s, s/2
		return
	}
	diff := m.srtt - s
	if diff < 0 {
		diff = -diff
	}
	m.rttvar = (1-beta)*m.rttvar + beta*diff
	m.srtt = (1-alpha)*m.srtt + alpha*s
}

func (m *model) rto() float64 { return m.srtt + max(0.2, 4*m.rttvar) }

func TestEstimatorIsRFC6298(t *testing.T) {
	var e estimator
	var m model
	if e.rto() != time.Second {
		t.Errorf("the first time-out is %v", e.rto())
	}
	for i, rtt := range []time.Duration{150, 150, 150, 900, 160, 150, 2000, 100, 150, 150, 150} {
		e.sample(rtt * ms)
		m.sample(rtt * ms)
		within(t, "the time-out", e.rto(), time.Duration(m.rto()*float64(time.Second)), 10*time.Microsecond)
		if e.wait(1) != e.rto() || e.wait(2) != 2*e.rto() || e.wait(3) != 4*e.rto() {
			t.Errorf("sample %d: the time-out does not double", i)
		}
	}
	if e.wait(60) != maxRTO {
		t.Errorf("the longest wait is %v", e.wait(60))
	}
}

// A segment lost n times arrives after a probe and n-1 time-outs, as the model
// has them, whichever way it goes; what follows waits behind it.
func TestLossStallsLikeTCP(t *testing.T) {
	for name, down := range map[string]bool{"up": false, "down": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Params{RTT: 150 * ms}, 1, func(t *testing.T, b *bench) {
				from, to := b.connect()
				if down {
					from, to = to, from
				}
				var m model
				m.sample(150 * ms)
				for range 20 {
					within(t, "without loss", b.passes(from, to, 200), 75*ms, 0)
					m.sample(150 * ms)
				}
				rto := time.Duration(m.rto() * float64(time.Second))
				probe := min(2*150*ms+200*ms, rto)
				for lost, after := range []time.Duration{0, probe, probe + rto, probe + 3*rto, probe + 7*rto} {
					// The gap ends just before the repetition that gets through.
					if lost > 0 {
						b.link.Gap(after-ms, false)
					}
					within(t, "a segment lost some times", b.passes(from, to, 200), after+75*ms, ms)
					if lost == 0 {
						m.sample(150 * ms)
					}
				}
				b.link.Gap(100*ms, false)
				if _, err := from.Write([]byte("lost")); err != nil {
					t.Fatal(err)
				}
				time.Sleep(150 * ms)
				within(t, "what follows a lost segment", b.passes(from, to, 4), probe-150*ms+75*ms, ms)
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
