package loadtest

import (
	"fmt"
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

// rows are in the order of OnProfile's.
func (m *measures) rows() []*histogram {
	return []*histogram{m.hot, m.cold, m.disturbed, m.acked, m.join, m.reconnect, m.added}
}

// fill fills in what was measured.
func (m *measures) fill(on *OnProfile) {
	on.Hot, on.Cold, on.Disturbed = m.hot.distribution(), m.cold.distribution(), m.disturbed.distribution()
	on.Acked, on.Join, on.Reconnect = m.acked.distribution(), m.join.distribution(), m.reconnect.distribution()
	on.Added, on.LeftOut = m.added.distribution(), m.leftOut.Load()
}

// Distribution is what a histogram knows.
type Distribution struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_ms"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
	// HDR is the histogram of microseconds itself, as HdrHistogram's logs have it:
	// compressed, encoding V2, base64. Empty: without samples.
	HDR string `json:"hdr,omitempty"`
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
	defer h.mu.Unlock()
	d.Mean = round(h.h.Mean()/1000, 3)
	if packed, err := h.h.Encode(hdrhistogram.V2CompressedEncodingCookieBase); err == nil { // it writes to memory
		d.HDR = string(packed)
	}
	return d
}

// merge adds the samples of a distribution.
func (h *histogram) merge(d Distribution) error {
	if d.Count == 0 {
		return nil
	}
	other, err := decode(d.HDR)
	if err != nil {
		return fmt.Errorf("%w: histogram in a report: %w", ErrConfig, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if lost := h.h.Merge(other); lost > 0 || other.TotalCount() != d.Count {
		return fmt.Errorf("%w: a histogram in a report is not of its %d samples", ErrConfig, d.Count)
	}
	return nil
}

// decode has the library's panics on broken histograms be errors.
func decode(packed string) (h *hdrhistogram.Histogram, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("broken: %v", p)
		}
	}()
	return hdrhistogram.Decode([]byte(packed))
}

func millisOf(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
