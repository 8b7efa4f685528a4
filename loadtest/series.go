package loadtest

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Bounds of what a series keeps.
const (
	maxBuckets    = 240
	maxPerBucket  = 4096
	maxFaultsKept = 500
	progressEvery = 500 * time.Millisecond
)

// series is how a run went over time.
type series struct {
	run   *run
	width time.Duration // of a bucket, and between samples
	begun time.Time     // of the run; not changed after

	mu      sync.Mutex // guards what follows
	buckets []bucket
	faults  []Fault
	samples []Sample
	// The most of each figure.
	relayPeak, ownPeak Usage
}

type bucket struct {
	count     int
	disturbed int
	millis    []float64
}

func newSeries(r *run) *series {
	return &series{run: r, width: max(time.Second, r.cfg.Duration/maxBuckets)}
}

func (s *series) delivered(now time.Time, took time.Duration, disturbed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := int(now.Sub(s.begun) / s.width)
	for len(s.buckets) <= i {
		s.buckets = append(s.buckets, bucket{})
	}
	b := &s.buckets[i]
	b.count++
	if disturbed {
		b.disturbed++
	}
	if len(b.millis) < maxPerBucket {
		b.millis = append(b.millis, millisOf(took))
	}
}

func (s *series) fault(kind string, from time.Time, long time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) < maxFaultsKept {
		start := from.Sub(s.begun)
		s.faults = append(s.faults, Fault{Kind: kind, From: millisOf(start), To: millisOf(start + long)})
	}
}

// sample notes how things are, until ctx ends, and tells of the end too.
func (s *series) sample(ctx context.Context) {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	var noted time.Time
	var relay Usage
	for {
		if now := time.Now(); now.Sub(noted) >= s.width {
			noted = now
			if server := s.run.cfg.Server; server != nil {
				// A relay that is being restarted has no usage.
				if u, err := server.Usage(ctx, false); err == nil {
					relay = u
				}
			}
			s.note(relay)
		}
		if s.run.cfg.Progress != nil {
			s.run.cfg.Progress(s.run.progress())
		}
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

func (s *series) note(relay Usage) {
	own := OwnUsage()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.relayPeak, s.ownPeak = peak(s.relayPeak, relay), peak(s.ownPeak, own)
	s.samples = append(s.samples, Sample{
		At: millisOf(time.Since(s.begun)), Joined: int(s.run.joined.Load()), Relay: relay, Harness: own,
	})
}

// peak returns the most of each but of processor time, which only grows.
func peak(a, b Usage) Usage {
	return Usage{CPU: max(a.CPU, b.CPU), RSS: max(a.RSS, b.RSS), Goroutines: max(a.Goroutines, b.Goroutines)}
}

// timeline returns the buckets as points.
func (s *series) timeline() []Bucket {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Bucket, len(s.buckets))
	for i, b := range s.buckets {
		out[i] = Bucket{At: millisOf(time.Duration(i) * s.width), Count: b.count, Disturbed: b.disturbed}
		if len(b.millis) > 0 {
			slices.Sort(b.millis)
			out[i].P50 = b.millis[len(b.millis)/2]
			out[i].Max = b.millis[len(b.millis)-1]
		}
	}
	return out
}

func (r *run) progress() Progress {
	elapsed := time.Since(r.begun)
	p := Progress{
		Elapsed: elapsed, Left: max(0, r.cfg.Duration-elapsed), Phase: "run",
		Joined: int(r.joined.Load()), Phones: 2 * len(r.pairs),
		Messages: int(r.messages.Load()), P50: r.all.quantile(50), P99: r.all.quantile(99),
	}
	switch {
	case r.quiet.Load():
		p.Phase = "drain"
	case elapsed < r.cfg.Ramp:
		p.Phase = "ramp"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p.Errors = r.errors
	return p
}

// OwnUsage returns what this process uses.
func OwnUsage() Usage {
	return Usage{CPU: ownCPU(), RSS: ownRSS(), Goroutines: runtime.NumGoroutine()}
}
