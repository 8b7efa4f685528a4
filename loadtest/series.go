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
	maxBuckets      = 240
	maxPerBucket    = 4096
	maxFaultsKept   = 500
	samplesEvery    = 250 * time.Millisecond
	progressEvery   = 500 * time.Millisecond
	maxSamples      = 2400 // even
	usageEveryTimes = 4    // samples
)

// series is how a run went over time.
type series struct {
	run   *run
	width time.Duration // of a bucket

	mu      sync.Mutex // guards what follows
	begun   time.Time
	buckets []bucket
	faults  []Fault
	samples []Sample
	each    int // how many were taken for each that is kept
	merged  int // of them, how many the last one stands for
	// Also of samples that are not kept.
	relayPeak, ownPeak Usage
}

type bucket struct {
	count     int
	disturbed int
	millis    []float64
}

func newSeries(r *run) *series {
	return &series{run: r, width: max(time.Second, r.cfg.Duration/maxBuckets), each: 1, merged: 1}
}

func (s *series) begin(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = at
}

func (s *series) delivered(now time.Time, took time.Duration, _, disturbed bool) {
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
	ticker := time.NewTicker(samplesEvery)
	defer ticker.Stop()
	var usage Usage
	for n := 0; ; n++ {
		if server := s.run.cfg.Server; server != nil && n%usageEveryTimes == 0 {
			// A relay that is being restarted has no usage.
			if u, err := server.Usage(ctx, false); err == nil {
				usage = u
			}
		}
		s.note(usage)
		if s.run.cfg.Progress != nil && n%int(progressEvery/samplesEvery) == 0 {
			s.run.cfg.Progress(s.run.progress())
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			if s.run.cfg.Progress != nil {
				s.run.cfg.Progress(s.run.progress())
			}
			return
		}
	}
}

func (s *series) note(usage Usage) {
	own := OwnUsage()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.relayPeak, s.ownPeak = peak(s.relayPeak, usage), peak(s.ownPeak, own)
	s.add(Sample{
		At: millisOf(time.Since(s.begun)), Joined: int(s.run.joined.Load()), Relay: usage, Harness: own,
	})
}

// add keeps a sample. Each that is kept is the last of as many, so that they are
// evenly apart; when there is no room for more, as many become twice as many.
// Called with s.mu held.
func (s *series) add(now Sample) {
	if s.merged < s.each {
		s.samples[len(s.samples)-1] = now
		s.merged++
		return
	}
	if len(s.samples) == maxSamples {
		for i := range maxSamples / 2 {
			s.samples[i] = s.samples[2*i+1]
		}
		s.samples = s.samples[:maxSamples/2]
		s.each *= 2
	}
	s.samples = append(s.samples, now)
	s.merged = 1
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
		Joined: int(r.joined.Load()), Phones: 2 * len(r.pairs), Rooms: len(r.pairs),
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
