package loadtest

import "testing"

// The most of everything is known, whatever was kept.
func TestPeak(t *testing.T) {
	got := peak(Usage{CPU: 1, RSS: 9, Goroutines: 2}, Usage{CPU: 3, RSS: 4, Goroutines: 5})
	if want := (Usage{CPU: 3, RSS: 9, Goroutines: 5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
