package loadtest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// histogram keeps durations with three digits, from a microsecond to ten
// minutes. It is safe for concurrent use.
type histogram struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram
}

const longest = 10 * time.Minute

func newHistogram() *histogram {
	return &histogram{h: hdrhistogram.New(1, longest.Microseconds(), 3)}
}

func (h *histogram) record(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	// Within the bounds it never fails.
	_ = h.h.RecordValue(min(max(d, time.Microsecond), longest).Microseconds())
}

func (h *histogram) count() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.h.TotalCount()
}

// above counts the samples that are longer than d.
func (h *histogram) above(d time.Duration) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	var n int64
	for _, bar := range h.h.Distribution() {
		if bar.From > d.Microseconds() {
			n += bar.Count
		}
	}
	return n
}

// quantile takes percent.
func (h *histogram) quantile(percent float64) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Duration(h.h.ValueAtQuantile(percent)) * time.Microsecond
}

// measures are the latencies of the phones on one profile.
type measures struct {
	hot, cold *histogram // planned send → delivered
	disturbed *histogram // the same, through a fault
	acked     *histogram // planned send → answered, hot or cold
	join      *histogram
	reconnect *histogram
	added     *histogram   // by the relay
	leftOut   atomic.Int64 // neither known to be added nor disturbed
}

func newMeasures() *measures {
	return &measures{
		hot: newHistogram(), cold: newHistogram(), disturbed: newHistogram(), acked: newHistogram(),
		join: newHistogram(), reconnect: newHistogram(), added: newHistogram(),
	}
}

// percentiles of curves: more and more nines.
var percentiles = []float64{
	0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97, 98, 99, 99.5, 99.9, 99.99, 100,
}

// Distribution is what a histogram knows.
type Distribution struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_ms"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
	// Curve has the value at each of a number of percentiles.
	Curve []Point `json:"curve,omitempty"`
}

// Point is a point of a curve.
type Point struct {
	Percent float64 `json:"percent"`
	Millis  float64 `json:"ms"`
}

func (h *histogram) distribution() Distribution {
	d := Distribution{
		Count: h.count(), P50: millisOf(h.quantile(50)), P95: millisOf(h.quantile(95)),
		P99: millisOf(h.quantile(99)), Max: millisOf(h.quantile(100)),
	}
	if d.Count == 0 {
		return d
	}
	h.mu.Lock()
	d.Mean = round(h.h.Mean()/1000, 3)
	h.mu.Unlock()
	for _, p := range percentiles {
		// A percentile needs enough samples to be one, but for the greatest.
		if p == 100 || float64(d.Count)*(100-p) >= 100 {
			d.Curve = append(d.Curve, Point{p, millisOf(h.quantile(p))})
		}
	}
	return d
}

func millisOf(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
