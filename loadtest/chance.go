package loadtest

import "math"

// atLeast returns how likely k or more of n are, when each is with that
// probability and they have nothing to do with each other.
func atLeast(k, n int64, probability float64) float64 {
	if k <= 0 {
		return 1
	}
	below := 0.
	for i := range k {
		below += binomial(i, n, probability)
	}
	return max(0, 1-below)
}

func binomial(k, n int64, probability float64) float64 {
	if probability <= 0 || probability >= 1 {
		if certain := int64(probability) * n; k == certain {
			return 1
		}
		return 0
	}
	choose := logFactorial(n) - logFactorial(k) - logFactorial(n-k)
	return math.Exp(choose + float64(k)*math.Log(probability) + float64(n-k)*math.Log1p(-probability))
}

// logFactorial is the logarithm of n!.
func logFactorial(n int64) float64 {
	v, _ := math.Lgamma(float64(n) + 1)
	return v
}

// atMost returns the share that k of n leaves possible: with a greater one, k or
// fewer would come in less than one of twenty runs (Clopper and Pearson).
func atMost(k, n int64) float64 {
	if n == 0 || k >= n {
		return 1
	}
	const unlikely = 0.05
	low, high := float64(k)/float64(n), 1.
	for range 60 {
		if middle := (low + high) / 2; 1-atLeast(k+1, n, middle) > unlikely {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
