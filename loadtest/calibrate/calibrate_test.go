package calibrate

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sotto/loadtest"
)

const ms = time.Millisecond

// twin is a kernel that does exactly what the streams do.
type twin struct{ loadtest.Network }

func (twin) Host() netip.Addr             { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }
func (twin) InRelay(f func() error) error { return f() }
func newTwin() twin                       { return twin{loadtest.Streams(new(net.Dialer).DialContext)} }

func TestRunComparesAllPoints(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r, err := Run(t.Context(), Config{Kernel: newTwin(), Phones: 2, Duration: time.Second, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != len(Points()) {
		t.Fatalf("%d rows for %d points", len(r.Rows), len(Points()))
	}
	for _, row := range r.Rows {
		for mode, q := range map[string]Quantiles{"kernel": row.Kernel, "stream": row.Stream} {
			// An echo that began in time counts, however long it takes.
			if q.Count < 2 || q.P50 < row.Point.Params.RTT || q.P95 < q.P50 || q.P99 < q.P95 {
				t.Errorf("%s, %s: %+v", row.Point.Name, mode, q)
			}
		}
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
	kernel := Quantiles{Count: 1, P50: 100 * ms, P95: 200 * ms, P99: 400 * ms}
	for name, c := range map[string]struct {
		stream Quantiles
		want   bool
	}{
		"equal":        {kernel, true},
		"at the edges": {Quantiles{P50: 100 * ms, P95: 250 * ms, P99: 300 * ms}, true},
		"p50 is free":  {Quantiles{P50: ms, P95: 200 * ms, P99: 400 * ms}, true},
		"p95 above":    {Quantiles{P95: 251 * ms, P99: 400 * ms}, false},
		"p95 below":    {Quantiles{P95: 149 * ms, P99: 400 * ms}, false},
		"p99 above":    {Quantiles{P95: 200 * ms, P99: 501 * ms}, false},
		"p99 below":    {Quantiles{P95: 200 * ms, P99: 299 * ms}, false},
	} {
		if got := (Row{Kernel: kernel, Stream: c.stream}).Within(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
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
