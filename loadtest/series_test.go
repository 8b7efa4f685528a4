package loadtest

import "testing"

// However long a run is, samples are evenly apart, span it all, and are bounded.
func TestSamplesAreEven(t *testing.T) {
	for name, taken := range map[string]int{
		"few": 5, "full": maxSamples, "one more": maxSamples + 1, "an hour": 14_400, "a day": 24 * 14_400,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeries(&run{})
			for i := range taken {
				s.add(Sample{At: float64(i + 1)})
			}
			n := len(s.samples)
			if n > maxSamples || taken >= maxSamples && n < maxSamples/2 {
				t.Errorf("%d samples are kept of %d", n, taken)
			}
			if last := s.samples[n-1].At; last != float64(taken) {
				t.Errorf("the last of %d is the one at %v", taken, last)
			}
			for i, kept := range s.samples[:n-1] { // the last one may be early
				if want := s.samples[0].At * float64(i+1); kept.At != want {
					t.Fatalf("sample %d is the one at %v, want %v", i, kept.At, want)
				}
			}
		})
	}
}

// The most of everything is known, whatever was kept.
func TestPeak(t *testing.T) {
	got := peak(Usage{CPU: 1, RSS: 9, Goroutines: 2}, Usage{CPU: 3, RSS: 4, Goroutines: 5})
	if want := (Usage{CPU: 3, RSS: 9, Goroutines: 5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
