// Package calibrate holds the shaped streams of package link against the
// kernel's TCP over the emulated wire of package tun: the same echoes over the
// same networks, at the same time.
package calibrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sotto/loadtest"
	"sotto/loadtest/link"
)

// echoBytes is how long an echo is: a sealed message of one line.
const echoBytes = 200

// Tolerance is how far from the kernel's a quantile of ours may be.
const Tolerance = 0.25

// Enough is how many echoes a comparison of p99 needs at least. Near a brink, as
// where a twentieth of echoes is lost, it takes thousands.
const Enough = 1000

// patience bounds how long echoes under way at the end are waited for. They
// count: to leave them out would favour the quick.
const patience = time.Minute

// Point is a network at which both are compared.
type Point struct {
	Name   string
	Params link.Params
}

// Points returns where the comparison is made. Losses are of single packets:
// their bursts are about as long as a packet of an echo takes.
func Points() []Point {
	point := func(name string, rtt time.Duration, rate int64, loss float64, burst time.Duration) Point {
		return Point{name, link.Params{Up: rate, Down: rate, RTT: rtt, Loss: loss, LossBurst: burst}}
	}
	const ms = time.Millisecond
	return []Point{
		point("150 ms, 400 kbit/s", 150*ms, 400_000, 0, 0),
		point("150 ms, 400 kbit/s, 2 %", 150*ms, 400_000, 0.02, 5*ms),
		point("150 ms, 400 kbit/s, 5 %", 150*ms, 400_000, 0.05, 5*ms),
		point("800 ms, 50 kbit/s, 2 %", 800*ms, 50_000, 0.02, 40*ms),
	}
}

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
	// Phones at each point and in each mode.
	Phones int
	// Duration is how long echoes begin. Every phone makes one at least.
	Duration time.Duration
	// Seed decides the networks.
	Seed uint64
}

// Quantiles of echoes.
type Quantiles struct {
	Count         int
	P50, P95, P99 time.Duration
}

// Row is how both modes did at a point.
type Row struct {
	Point          Point
	Kernel, Stream Quantiles
}

// Ratios returns what the streams took in parts of what the kernel took.
func (r Row) Ratios() (p50, p95, p99 float64) {
	of := func(a, b time.Duration) float64 { return float64(a) / float64(b) }
	return of(r.Stream.P50, r.Kernel.P50), of(r.Stream.P95, r.Kernel.P95), of(r.Stream.P99, r.Kernel.P99)
}

// Within reports whether p95 and p99 are within Tolerance.
func (r Row) Within() bool {
	_, p95, p99 := r.Ratios()
	ok := func(v float64) bool { return v >= 1-Tolerance && v <= 1+Tolerance }
	return ok(p95) && ok(p99)
}

// Result is what Run found.
type Result struct {
	Rows []Row
	// LagP99 is how late the emulation's events were: more than a few
	// milliseconds, and the machine was measured.
	LagP99 time.Duration
}

// Run measures echoes at all points at once, each phone's one after the other.
func Run(ctx context.Context, cfg Config) (Result, error) {
	if cfg.Phones < 1 || cfg.Duration <= 0 || 2*len(Points())*cfg.Phones > cfg.Kernel.MaxPhones() {
		return Result{}, fmt.Errorf("%w: calibrate needs phones, a duration, and room for them", loadtest.ErrConfig)
	}
	b := &bench{cfg: cfg, limit: time.Now().Add(cfg.Duration)}
	ctx, cancel := context.WithDeadline(ctx, b.limit.Add(patience))
	defer cancel()

	kernelEcho, err := b.serve(cfg.Kernel.Host(), cfg.Kernel.InRelay)
	if err != nil {
		return Result{}, err
	}
	defer kernelEcho.close()
	streamEcho, err := b.serve(netip.AddrFrom4([4]byte{127, 0, 0, 1}), func(f func() error) error { return f() })
	if err != nil {
		return Result{}, err
	}
	defer streamEcho.close()
	kernel := cfg.Kernel.Emulate(b.lag)
	defer kernel.Close()
	streams := loadtest.Streams((&net.Dialer{KeepAlive: -1}).DialContext).Emulate(b.lag)
	defer streams.Close()

	result := Result{Rows: make([]Row, len(Points()))}
	samples := make([][2]sampled, len(Points()))
	var phones sync.WaitGroup
	for i, p := range Points() {
		result.Rows[i].Point = p
		for n := range cfg.Phones {
			seed := cfg.Seed + uint64(i*cfg.Phones+n+1)<<32 //nolint:gosec // small and positive
			for mode, e := range [2]loadtest.Emulation{kernel, streams} {
				l, addr, into := e.Phone(p.Params, seed, nil), [2]string{kernelEcho.addr(), streamEcho.addr()}[mode], &samples[i][mode]
				phones.Go(func() { b.echo(ctx, l, addr, into) })
			}
		}
	}
	phones.Wait()
	for i := range result.Rows {
		result.Rows[i].Kernel, result.Rows[i].Stream = samples[i][0].quantiles(), samples[i][1].quantiles()
	}
	result.LagP99 = b.lags.quantiles().P99
	return result, errors.Join(b.faults...)
}

// bench is a comparison under way.
type bench struct {
	cfg   Config
	limit time.Time
	lags  sampled

	mu     sync.Mutex // guards what follows
	faults []error
}

func (b *bench) lag(d time.Duration) { b.lags.add(d) }

// echo has one phone measure until it is time.
func (b *bench) echo(ctx context.Context, l loadtest.PhoneLink, addr string, into *sampled) {
	err := func() error {
		c, err := l.DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		defer context.AfterFunc(ctx, func() { _ = c.Close() })()
		for buf := make([]byte, echoBytes); ; {
			begun := time.Now()
			if _, err := c.Write(buf); err != nil {
				return err
			}
			if _, err := io.ReadFull(c, buf); err != nil {
				return err
			}
			into.add(time.Since(begun))
			if !time.Now().Before(b.limit) {
				return nil
			}
		}
	}()
	if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.faults) == 0 { // the others are likely the same
			b.faults = append(b.faults, fmt.Errorf("echo: %w", cmp.Or(context.Cause(ctx), err)))
		}
	}
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
