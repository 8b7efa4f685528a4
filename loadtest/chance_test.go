package loadtest

import (
	"math"
	"testing"
)

func TestAtLeast(t *testing.T) {
	for _, c := range []struct {
		k, n int64
		p    float64
		want float64
	}{
		{0, 10, 0.5, 1},
		{10, 10, 0.5, 1. / 1024},
		{1, 100, 0.01, 1 - math.Pow(0.99, 100)},
		{3, 300, 0.001, 0.003576},
		{5, 100, 0.05, 0.5640},
		{5, 5, 1, 1},
		{1, 5, 0, 0},
	} {
		if got := atLeast(c.k, c.n, c.p); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%d of %d at %g: %g, want %g", c.k, c.n, c.p, got, c.want)
		}
	}
}

// Clopper and Pearson's one-sided bounds; for none of n the rule of three.
func TestAtMost(t *testing.T) {
	for _, c := range []struct {
		k, n int64
		want float64
	}{{0, 0, 1}, {3, 3, 1}, {0, 1, 0.95}, {0, 100, 0.0295}, {0, 3000, 0.000998}, {1, 100, 0.0466}, {10, 100, 0.1637}} {
		if got := atMost(c.k, c.n); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%d of %d: below %g, want %g", c.k, c.n, got, c.want)
		}
	}
}
