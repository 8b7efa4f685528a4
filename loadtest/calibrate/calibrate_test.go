package calibrate

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sotto/loadtest"
	"sotto/loadtest/link"
)

const ms = time.Millisecond

// twin is a kernel that does exactly what the streams do.
type twin struct{ loadtest.Network }

func (twin) Host() netip.Addr             { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }
func (twin) InRelay(f func() error) error { return f() }
func newTwin() twin                       { return twin{loadtest.Streams(new(net.Dialer).DialContext)} }

func TestRunComparesAllMeasures(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	profile := loadtest.Profile{Name: "here", Link: link.Params{
		RTT: 10 * ms, Gaps: link.Gaps{Every: 100 * ms, Min: ms, Max: 2 * ms, Cut: 1}, // which would end measurements
	}}
	r, err := Run(t.Context(), Config{
		Kernel: newTwin(), Phones: 2, Duration: time.Second, Seed: 1, Profiles: []loadtest.Profile{profile},
	})
	if err != nil {
		t.Fatal(err)
	}
	trips := map[Measure]time.Duration{Echo: 150 * ms, Join: 30 * ms, JoinTLS: 40 * ms, Down: 10 * ms, Up: 10 * ms}
	seen := make(map[Measure]int)
	for _, row := range r.Rows {
		seen[row.Measure]++
		for mode, q := range map[string]Quantiles{"kernel": row.Kernel, "stream": row.Stream} {
			// What began in time counts, however long it takes.
			if q.Count < 2 || q.P50 < trips[row.Measure] || q.P95 < q.P50 || q.P99 < q.P95 {
				t.Errorf("%s, %s, %s: %+v", row.Network, row.Measure, mode, q)
			}
		}
	}
	if want := map[Measure]int{Echo: 4, Join: 1, JoinTLS: 1, Down: 1, Up: 1}; !maps.Equal(seen, want) {
		t.Errorf("rows of %v, want %v", seen, want)
	}
}

func TestRunNeedsSense(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no phones": {Duration: time.Second},
		"no time":   {Phones: 1},
		"no room":   {Phones: 1_000_000, Duration: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Kernel = newTwin()
			if _, err := Run(t.Context(), cfg); !errors.Is(err, loadtest.ErrConfig) {
				t.Errorf("error is %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Config{Kernel: newTwin(), Phones: 1, Duration: time.Minute}); !errors.Is(err, context.Canceled) {
		t.Errorf("error of a run that was ended is %v", err)
	}
}

func TestWithin(t *testing.T) {
	kernel := Quantiles{Count: Enough, P50: 100 * ms, P95: 200 * ms, P99: 400 * ms}
	for name, c := range map[string]struct {
		measure       Measure
		p50, p95, p99 time.Duration
		want          bool
	}{
		"equal":                     {Echo, 100 * ms, 200 * ms, 400 * ms, true},
		"at the edges":              {Echo, 100 * ms, 250 * ms, 300 * ms, true},
		"p50 of echoes is free":     {Echo, ms, 200 * ms, 400 * ms, true},
		"p95 above":                 {Echo, ms, 251 * ms, 400 * ms, false},
		"p95 below":                 {Echo, ms, 149 * ms, 400 * ms, false},
		"p99 above":                 {Echo, ms, 200 * ms, 501 * ms, false},
		"p99 below":                 {Echo, ms, 200 * ms, 299 * ms, false},
		"p99 of the others is free": {Down, 125 * ms, ms, ms, true},
		"p50 above":                 {Up, 126 * ms, 200 * ms, 400 * ms, false},
		"p50 below":                 {Join, 74 * ms, 200 * ms, 400 * ms, false},
	} {
		row := Row{"here", c.measure, kernel, Quantiles{Enough, c.p50, c.p95, c.p99}}
		if got := row.Within(); got != c.want || !row.Enough() {
			t.Errorf("%s: %v", name, got)
		}
	}
	quick := Row{"here", Down, Quantiles{Count: EnoughMedian, P50: 27 * ms}, Quantiles{Count: EnoughMedian - 1, P50: 2 * ms}}
	if !quick.Within() || quick.Enough() {
		t.Error("a difference that is the machine's is judged, or too few are enough")
	}
}

func TestQuantiles(t *testing.T) {
	var s sampled
	for i := range 1000 {
		s.add(time.Duration(999-i) * ms)
	}
	if q := s.quantiles(); q != (Quantiles{1000, 500 * ms, 950 * ms, 990 * ms}) {
		t.Errorf("%+v", q)
	}
	if q := new(sampled).quantiles(); q != (Quantiles{}) {
		t.Errorf("of nothing: %+v", q)
	}
}
