package relayproc_test

import (
	"context"
	"flag"
	"math"
	"testing"
	"time"

	"sotto/loadtest"
	"sotto/loadtest/relayproc"
)

var soakFor = flag.Duration("soak", 20*time.Second, "how long BenchmarkSoak lasts")

// BenchmarkSoak is a short while of what `sotto-load run --scenario soak` does in
// an hour: 500 pairs with long pauses. It fails when a message was lost,
// doubled, reordered or misdelivered, when the relay is left with more goroutines
// than before once all phones have gone, or when a phone that waits has more than two
// in the harness. Memory is reported, and so is whether the machine was too
// busy for the rest of the report to say anything.
func BenchmarkSoak(b *testing.B) {
	for b.Loop() {
		soak(b)
	}
}

func soak(b *testing.B) {
	const pairs = 500
	p := start(b, false)
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	before, err := p.Usage(ctx, true)
	if err != nil {
		b.Fatal(err)
	}
	report, err := loadtest.Run(ctx, loadtest.Config{
		Server: p, Scenario: loadtest.ScenarioSoak, Profile: "slow-4g",
		Pairs: pairs, Duration: *soakFor, Ramp: *soakFor / 2, Seed: 1, Targets: new(loadtest.Targets),
	})
	if err != nil {
		b.Fatal(err)
	}
	for kind, n := range report.Ledger.Counts {
		if n > 0 {
			b.Errorf("ledger: %d %s", n, kind)
		}
	}
	if report.Ledger.Delivered == 0 || report.Interrupted {
		b.Errorf("%d messages were delivered, interrupted %v", report.Ledger.Delivered, report.Interrupted)
	}
	if report.Verdict == loadtest.Invalid {
		b.Logf("the machine was busy, so latencies say nothing: %v", report.Reasons)
	}
	if n := waiting(report); n > 2.5 {
		b.Errorf("a phone that waits has %.2f goroutines in the harness; want 2", n)
	}
	after := settled(ctx, b, p, before.Goroutines)
	b.ReportMetric(0, "ns/op") // of a run, which says nothing
	b.ReportMetric(float64(report.Ledger.Delivered), "messages")
	b.ReportMetric(report.Health.BytesPerPhone, "harness-B/phone")
	b.ReportMetric(float64(report.Relay.PeakRSS)/(1<<20), "peak-MiB")
	b.ReportMetric(float64(after.RSS-before.RSS)/pairs, "RSS-B/room-left")
}

// waiting returns how many goroutines the harness had for each phone in its room,
// when the fewest of them were about something.
func waiting(report *loadtest.Report) float64 {
	least := math.Inf(1)
	for _, s := range report.Samples {
		least = min(least, float64(s.Harness.Goroutines)/float64(s.Joined))
	}
	return least
}

// settled waits until the sockets of phones that have gone have ended, and no more
// goroutines than these are left.
func settled(ctx context.Context, b *testing.B, p *relayproc.Process, goroutines int) loadtest.Usage {
	b.Helper()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-look.C {
		u, err := p.Usage(ctx, true)
		if err != nil {
			b.Fatal(err)
		}
		if u.Goroutines <= goroutines {
			return u
		}
		if time.Now().After(deadline) {
			b.Errorf("%d goroutines are left; want at most %d", u.Goroutines, goroutines)
			return u
		}
	}
}
