// Package statuspage keeps the last hour of a relay's metrics in memory and shows
// them on one page without a script: what a host wants to see at a glance,
// where nothing scrapes the metrics.
//
// It reads a registry and nothing else, so the page tells nobody more than
// /metrics does: aggregates, with labels of closed sets.
package statuspage

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// A sample every Interval, and as many as make an hour. The figure is ours: a
// line of 120 points is as fine as a phone's screen shows.
const (
	Interval = 30 * time.Second
	kept     = int(time.Hour / Interval)
)

// snapshot is what a registry said at one time: values by name, or by name and
// label value, as in "sotto_joins_total created".
type snapshot struct {
	at     time.Time
	values map[string]float64
}

// History is the last hour of a registry. Make it with New. All methods are
// safe for concurrent use.
type History struct {
	gatherer prometheus.Gatherer
	version  string
	started  time.Time

	mu sync.Mutex
	// samples are the oldest first, at most kept; guarded by mu.
	samples []snapshot
}

// New takes a first sample. The version is shown on the page.
func New(g prometheus.Gatherer, version string) *History {
	h := &History{gatherer: g, version: version, started: time.Now()}
	h.sample()
	return h
}

// Run takes samples until the context ends.
func (h *History) Run(ctx context.Context) {
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.sample()
		}
	}
}

func (h *History) sample() {
	s := h.read()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.samples) == kept {
		copy(h.samples, h.samples[1:])
		h.samples = h.samples[:kept-1]
	}
	h.samples = append(h.samples, s)
}

// hour returns the samples of the last hour and one of now.
func (h *History) hour() []snapshot {
	now := h.read()
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]snapshot, 0, len(h.samples)+1)
	for _, s := range h.samples {
		if now.at.Sub(s.at) <= time.Hour {
			out = append(out, s)
		}
	}
	return append(out, now)
}

// shown are the metrics the page is made of.
var shown = map[string]bool{
	"sotto_rooms": true, "sotto_connections": true, "sotto_messages_total": true, "sotto_joins_total": true,
	"sotto_lockouts_total": true, "sotto_rate_limited_total": true, "sotto_sandbox": true,
	"sotto_certificate_expires_seconds": true,
	"go_memstats_sys_bytes":             true, "go_memstats_heap_released_bytes": true,
}

// read asks the registry. A collector that fails leaves its values out.
func (h *History) read() snapshot {
	s := snapshot{at: time.Now(), values: make(map[string]float64)}
	families, _ := h.gatherer.Gather() // what there is, beside an error
	for _, f := range families {
		if !shown[f.GetName()] {
			continue
		}
		for _, m := range f.GetMetric() {
			key := f.GetName()
			if labels := m.GetLabel(); len(labels) > 0 {
				key += " " + labels[0].GetValue()
			}
			s.values[key] = value(m)
		}
	}
	return s
}

func value(m *dto.Metric) float64 {
	if c := m.GetCounter(); c != nil {
		return c.GetValue()
	}
	return m.GetGauge().GetValue()
}
