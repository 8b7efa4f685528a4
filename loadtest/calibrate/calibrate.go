// Package calibrate holds the shaped streams of package link against the
// kernel's TCP over the emulated wire of package tun: the same exchanges over the
// same networks, at the same time.
package calibrate

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sotto/internal/selfsigned"
	"sotto/loadtest"
)

// Tolerance is how far from the kernel's a quantile of ours may be.
const Tolerance = 0.25

// Slack is a difference that is no network's: on the loopback profile only
// machines are compared, where packets through a program took 11 ms longer. It is
// below Tolerance of all that is measured at any other network.
const Slack = 25 * time.Millisecond

// Enough is how many echoes a comparison of p99 needs at least, and EnoughMedian
// how many of the others one of medians does. Near a brink, as where a twentieth
// of echoes is lost, it takes thousands.
const (
	Enough       = 1000
	EnoughMedian = 20
)

// patience bounds how long what is under way at the end is waited for. It counts:
// to leave it out would favour the quick. 200 kB over 2g-rural take minutes.
const patience = 10 * time.Minute

// Place is two networks, of which one is the kernel's: tun.Net.
type Place interface {
	loadtest.Network
	Host() netip.Addr
	InRelay(f func() error) error
}

// Config says what Run does.
type Config struct {
	// Kernel is where TCP is the kernel's.
	Kernel Place
	// Phones for each point and each profile, in each mode.
	Phones int
	// Duration is how long measurements begin. Every phone makes each of its once
	// at least.
	Duration time.Duration
	// Profiles at which all but echoes are measured. None of their gaps cuts.
	Profiles []loadtest.Profile
	// Seed decides the networks.
	Seed uint64
}

// Quantiles of what was timed.
type Quantiles struct {
	Count         int
	P50, P95, P99 time.Duration
}

// Row is how both modes did at a network.
type Row struct {
	Network        string
	Measure        Measure
	Kernel, Stream Quantiles
}

// Ratios returns what the streams took in parts of what the kernel took.
func (r Row) Ratios() (p50, p95, p99 float64) {
	of := func(a, b time.Duration) float64 { return float64(a) / float64(b) }
	return of(r.Stream.P50, r.Kernel.P50), of(r.Stream.P95, r.Kernel.P95), of(r.Stream.P99, r.Kernel.P99)
}

// Enough reports whether there are enough to judge by.
func (r Row) Enough() bool {
	enough := EnoughMedian
	if r.Measure == Echo {
		enough = Enough
	}
	return min(r.Kernel.Count, r.Stream.Count) >= enough
}

// Within reports whether what is judged is within Tolerance, or Slack: p95 and
// p99 of echoes, the median of all else.
func (r Row) Within() bool {
	ok := func(stream, kernel time.Duration) bool {
		off := (stream - kernel).Abs()
		return off <= Slack || float64(off) <= Tolerance*float64(kernel)
	}
	if r.Measure == Echo {
		return ok(r.Stream.P95, r.Kernel.P95) && ok(r.Stream.P99, r.Kernel.P99)
	}
	return ok(r.Stream.P50, r.Kernel.P50)
}

// Result is what Run found.
type Result struct {
	Rows []Row
	// LagP99 is how late the emulation's events were: more than a few
	// milliseconds, and the machine was measured.
	LagP99 time.Duration
}

// kind is a network and what is timed there, by one function.
type kind struct {
	Point
	measures []Measure
	act      func(*session, context.Context) error
}

func kinds(profiles []loadtest.Profile) []kind {
	var all []kind
	for _, p := range echoPoints() {
		all = append(all, kind{p, []Measure{Echo}, (*session).echoes})
	}
	for _, p := range profiles {
		p.Link.Gaps.Every = 0 // there is nothing to time in one
		all = append(all, kind{Point{p.Name, p.Link}, measures, (*session).rounds})
	}
	return all
}

// Run measures at all networks at once, each phone one thing after the other.
func Run(ctx context.Context, cfg Config) (Result, error) {
	all := kinds(cfg.Profiles)
	if cfg.Phones < 1 || cfg.Duration <= 0 || 2*len(all)*cfg.Phones > cfg.Kernel.MaxPhones() {
		return Result{}, fmt.Errorf("%w: calibrate needs phones, a duration, and room for them", loadtest.ErrConfig)
	}
	limit := time.Now().Add(cfg.Duration)
	ctx, cancel := context.WithDeadline(ctx, limit.Add(patience))
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	cert := selfsigned.New(1).TLS()
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	var servers [2]*server
	var err error
	if servers[0], err = serve(cfg.Kernel.Host(), cfg.Kernel.InRelay, cert); err != nil {
		return Result{}, err
	}
	defer servers[0].close()
	if servers[1], err = serve(loopback, func(f func() error) error { return f() }, cert); err != nil {
		return Result{}, err
	}
	defer servers[1].close()
	var lags sampled
	modes := [2]loadtest.Emulation{
		cfg.Kernel.Emulate(lags.add),
		loadtest.Streams((&net.Dialer{KeepAlive: -1}).DialContext).Emulate(lags.add),
	}
	defer modes[0].Close()
	defer modes[1].Close()

	samples := make(map[string]map[Measure]*[2]sampled)
	var phones sync.WaitGroup
	for i, k := range all {
		here := make(map[Measure]*[2]sampled)
		for _, m := range k.measures {
			here[m] = new([2]sampled)
		}
		samples[k.Name] = here
		for n := range cfg.Phones {
			seed := cfg.Seed + uint64(i*cfg.Phones+n+1)<<32 //nolint:gosec // small and positive
			for mode, e := range modes {
				s := &session{
					link: e.Phone(k.Params, seed, nil), clear: servers[mode].clear.Addr().String(),
					secret: servers[mode].secret.Addr().String(), limit: limit,
					into: func(m Measure, d time.Duration) { here[m][mode].add(d) },
				}
				phones.Go(func() {
					if err := k.act(s, ctx); err != nil {
						fail(fmt.Errorf("%s: %w", k.Name, err)) // ends the others
					}
				})
			}
		}
	}
	phones.Wait()
	result := Result{LagP99: lags.quantiles().P99}
	for _, k := range all {
		for _, m := range k.measures {
			both := samples[k.Name][m]
			result.Rows = append(result.Rows, Row{k.Name, m, both[0].quantiles(), both[1].quantiles()})
		}
	}
	return result, context.Cause(ctx)
}

// sampled is safe for concurrent use.
type sampled struct {
	mu   sync.Mutex
	took []time.Duration
}

func (s *sampled) add(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, d)
}

func (s *sampled) quantiles() Quantiles {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.took)
	if n == 0 {
		return Quantiles{}
	}
	slices.Sort(s.took)
	return Quantiles{Count: n, P50: s.took[n/2], P95: s.took[n*95/100], P99: s.took[n*99/100]}
}
