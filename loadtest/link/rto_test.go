package link

import (
	"slices"
	"testing"
	"time"
)

// model computes Linux's estimator with floating point, in seconds, in the form
// of its source: deviations are four times themselves, the greatest of a round
// trip is kept, and each sample is a round trip.
type model struct {
	srtt, mdev, rttvar float64
}

func (m *model) sample(r time.Duration) {
	s := r.Seconds()
	if m.srtt == 0 {
		m.srtt, m.mdev, m.rttvar = s, 2*s, max(2*s, 0.2)
		return
	}
	d := s - m.srtt
	m.srtt += d / 8
	if d < 0 {
		d = -d - m.mdev/4
		if d > 0 {
			d /= 8
		}
	} else {
		d -= m.mdev / 4
	}
	m.mdev += d
	greatest := max(0.2, m.mdev)
	if greatest > m.rttvar {
		m.rttvar = greatest
	} else {
		m.rttvar -= (m.rttvar - greatest) / 4
	}
}

func (m *model) rto() float64 { return m.srtt + m.rttvar }

func TestEstimatorIsLinux(t *testing.T) {
	var e estimator
	var m model
	if e.rto() != time.Second {
		t.Errorf("the first time-out is %v", e.rto())
	}
	rtts := []time.Duration{150, 150, 150, 900, 160, 150, 2000, 100, 150, 150, 150}
	rtts = append(rtts, slices.Repeat([]time.Duration{1500}, 30)...)
	rtts = append(rtts, 100, 1500, 1500) // shorter than usual
	for i, rtt := range rtts {
		e.sample(rtt * ms)
		m.sample(rtt * ms)
		within(t, "the time-out", e.rto(), time.Duration(m.rto()*float64(time.Second)), 20*time.Microsecond)
		if e.wait(1) != e.rto() || e.wait(2) != 2*e.rto() || e.wait(3) != 4*e.rto() {
			t.Errorf("sample %d: the time-out does not double", i)
		}
	}
	if e.wait(60) != maxRTO {
		t.Errorf("the longest wait is %v", e.wait(60))
	}
	e = estimator{}
	e.sample(150 * ms)
	if e.rto() != 450*ms { // RFC 6298: SRTT + 4 RTT/2
		t.Errorf("the time-out after one sample is %v", e.rto())
	}
}

func TestTimersAreLate(t *testing.T) {
	start := time.Unix(0, 0)
	for after, late := range map[time.Duration]time.Duration{
		1 * ms: 4 * ms, 200 * ms: 4 * ms, 251 * ms: 4 * ms, 252 * ms: 32 * ms, 1900 * ms: 32 * ms,
		2016 * ms: 256 * ms, 10 * time.Second: 256 * ms, 20 * time.Second: 2048 * ms,
	} {
		for offset := range time.Duration(300) {
			set := start.Add(offset * 7 * ms)
			if got := fires(set, after).Sub(set.Add(after)); got <= 0 || got > late {
				t.Fatalf("a timer of %v set after %v is %v late, at most %v", after, offset, got, late)
			}
		}
	}
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
				// Nothing comes back, so acknowledgements are bare, and delayed.
				within(t, "the time-out", sender.rtt.rto(), 190*ms+minVar, 4*ms)
				for lost := range 5 {
					time.Sleep(time.Second)
					begun := time.Now()
					again := begun
					for n := range lost {
						again = fires(again, sender.rtt.wait(n))
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
				again := fires(begun, sender.rtt.wait(0))
				if _, err := from.Write([]byte("lost")); err != nil {
					t.Fatal(err)
				}
				time.Sleep(150 * ms)
				within(t, "what follows a lost segment", b.passes(from, to, 4), again.Sub(begun)-150*ms+75*ms, 0)
			})
		})
	}
}

// A round trip is told by what carries its acknowledgement.
func TestAcknowledgementsTellRoundTrips(t *testing.T) {
	bubble(t, Params{RTT: 150 * ms}, 1, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		estimate := func() time.Duration { return phone.(*Conn).up.rtt.srtt }
		for range 50 {
			b.passes(phone, relay, 200)
			b.passes(relay, phone, 200)
		}
		within(t, "a round trip of echoes", estimate(), 150*ms, ms)
		for range 50 {
			b.passes(phone, relay, 200)
			time.Sleep(60 * ms) // beyond the delay of an acknowledgement
			b.passes(relay, phone, 200)
		}
		within(t, "a round trip with answers that come late", estimate(), 190*ms, ms)
	})
	// Where an answer is lost, a race decides.
	stalled, plain := 0, 0
	for offset := range time.Duration(16) {
		bubble(t, Params{RTT: 150 * ms}, 1, func(t *testing.T, b *bench) {
			phone, relay := b.connect()
			for range 50 {
				b.passes(phone, relay, 200)
				b.passes(relay, phone, 200)
			}
			time.Sleep(time.Second + offset*2*ms)
			b.passes(phone, relay, 200)
			b.link.Gap(10*ms, false)
			b.passes(relay, phone, 200)
			switch srtt := phone.(*Conn).up.rtt.srtt; {
			case srtt > 180*ms: // an eighth of a stall
				stalled++
			case srtt < 152*ms:
				plain++
			default:
				t.Errorf("the round trip is %v", srtt)
			}
		})
	}
	if stalled == 0 || plain == 0 {
		t.Errorf("the stall was taken for a round trip %d times, %d times not", stalled, plain)
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
