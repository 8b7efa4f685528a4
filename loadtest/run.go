package loadtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"math/big"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"sotto/client"
	"sotto/loadtest/ledger"
	"sotto/loadtest/link"
)

// run is a run under way.
type run struct {
	cfg    Config
	shares []Share
	prefix string      // of short numbers, so that runs do not meet on a relay
	key    *client.Key // of short numbers
	host   string      // of the relay
	net    Emulation
	ctx    context.Context // ends with the drain

	measures []*measures // by share
	ledger   *ledger.Ledger
	lags     *histogram
	all      *histogram // every delivery
	pairs    []*pair
	series   *series
	begun    time.Time
	own      Usage // of the harness before the run
	before   Usage // of the relay
	leave    context.CancelFunc

	away     atomic.Bool // the relay restarts
	left     atomic.Bool // phones have left for good
	joined   atomic.Int64
	messages atomic.Int64
	stales   atomic.Int64
	ended    atomic.Int64 // rooms
	quiet    atomic.Bool  // nobody begins to speak any more

	busy sync.WaitGroup // plans, sends and checks under way

	mu         sync.Mutex // guards what follows
	closed     bool       // busy is waited for
	causes     map[string]int
	errors     int
	handshakes int
	shaken     link.Stats // bytes of first joins
	restarted  time.Time  // when the relay was back
	broken     error      // what the harness could not do
	stormed    *Storm
	idled      *Idle
	intruders  int
	service    Service
}

// Run loads a relay as cfg says and reports what the phones saw. When ctx ends
// early, what there is then is reported. An error means that the harness could
// not do its work, and wraps ErrConfig where cfg is to blame; a relay that
// fails is no error: see Report.Verdict.
//
// Several runs may be under way at once, but then they share the machine and
// are the bottleneck sooner.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	cfg, shares, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &run{
		cfg: cfg, shares: shares, ledger: ledger.New(),
		lags: newHistogram(), all: newHistogram(), causes: make(map[string]int),
		service: Service{Refused: make(map[string]int)},
	}
	if u, err := url.Parse(cfg.URL); err == nil {
		r.host = u.Hostname()
	}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	r.net = cfg.Network.Emulate(r.lag)
	defer r.net.Close()
	for range shares {
		r.measures = append(r.measures, newMeasures())
	}
	for i, share := range deal(shares, cfg.Pairs) {
		r.pairs = append(r.pairs, newPair(r, i, share))
	}
	r.series = newSeries(r)
	return r.play(ctx)
}

// shortKey is the message key of all short numbers of this process: what deriving
// one costs is known, and on one machine it would be paid for every phone.
var shortKey = sync.OnceValues(func() (*client.Key, error) {
	identity, err := client.Derive("999000000", "0")
	if err != nil {
		return nil, err
	}
	return identity.Key(), nil
})

// prepare makes what all phones share.
func (r *run) prepare(ctx context.Context) error {
	r.own = OwnUsage()
	if r.cfg.Server != nil {
		var err error
		if r.before, err = r.cfg.Server.Usage(ctx, true); err != nil {
			return fmt.Errorf("measure relay: %w", err)
		}
	}
	if r.private() {
		return nil
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return fmt.Errorf("draw a number: %w", err)
	}
	r.prefix = fmt.Sprintf("999%06d", n)
	r.key, err = shortKey()
	return err
}

// private reports whether phones speak sotto-2.
func (r *run) private() bool { return r.cfg.Protocol == ProtocolSotto2 }

// play lets the phones live, lets what is under way arrive, and reports.
func (r *run) play(early context.Context) (*Report, error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(early))
	r.ctx = ctx
	defer stop()
	var phones, helpers sync.WaitGroup
	r.begun = time.Now()
	r.series.begun = r.begun
	helpers.Go(func() { r.series.sample(ctx) })

	talk, hush := context.WithDeadline(early, r.begun.Add(r.cfg.Duration))
	defer hush()
	present, leave := context.WithCancel(ctx)
	r.leave = leave
	defer leave()
	disturbed := make(chan struct{})
	helpers.Go(func() { defer close(disturbed); r.disturb(early, talk) })
	phones.Go(func() { r.ramp(talk, present, &phones) })
	<-talk.Done()
	r.stalls(time.Now())
	r.quiet.Store(true)
	<-disturbed
	interrupted := early.Err() != nil
	r.drain(ctx, interrupted)
	ended := time.Now()
	r.serves(ended)
	r.settle()
	stop()
	phones.Wait()
	r.waitIdle()
	helpers.Wait()
	return r.report(ended, interrupted), nil
}

// ramp lets phones come one by one.
func (r *run) ramp(talk, ctx context.Context, phones *sync.WaitGroup) {
	n := 2 * len(r.pairs)
	for i := range n {
		at := r.begun.Add(r.cfg.arrival(i, n))
		if !r.wait(talk, time.Until(at)) {
			return
		}
		p := r.pairs[i/2].phones[i%2]
		phones.Go(func() { p.live(ctx) })
	}
}

// phones are those of all pairs.
func (r *run) phones() iter.Seq[*phone] {
	return func(yield func(*phone) bool) {
		for _, pair := range r.pairs {
			if !yield(pair.phones[0]) || !yield(pair.phones[1]) {
				return
			}
		}
	}
}

// wait reports whether it was for the whole time.
func (r *run) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// talking reports whether phones may begin to speak.
func (r *run) talking() bool { return !r.quiet.Load() && r.cfg.Scenario != ScenarioIdle }

// begin notes something that end will end, and reports whether there is still
// time for it.
func (r *run) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.busy.Add(1)
	}
	return !r.closed
}

func (r *run) end() { r.busy.Done() }

// later runs f on a goroutine that the run waits for.
func (r *run) later(f func()) {
	if r.begin() {
		go func() {
			defer r.end()
			f()
		}()
	}
}

// waitIdle waits for everything that began.
func (r *run) waitIdle() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.busy.Wait()
}

// lag notes how late something was done, while it may falsify what is measured:
// when all have left at once, everything is late, and nothing is judged any more.
func (r *run) lag(d time.Duration) {
	if !r.left.Load() {
		r.lags.record(d)
	}
}

func (r *run) accepted()     { r.messages.Add(1) }
func (r *run) stale()        { r.stales.Add(1) }
func (r *run) present(n int) { r.joined.Add(int64(n)) }

func (r *run) delivered(now time.Time, took time.Duration, disturbed bool) {
	r.all.record(took)
	r.series.delivered(now, took, disturbed)
}

func (r *run) failed(err error) {
	cause, refused := causeOf(err)
	refused = refused && !r.expected(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors++
	r.causes[cause]++
	if refused {
		r.service.Refused[cause]++
	}
}

func (r *run) handshake(s link.Stats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handshakes++
	r.shaken.UpBytes += s.UpBytes
	r.shaken.DownBytes += s.DownBytes
}

func (r *run) intruded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.intruders++
}

func (r *run) relayBack() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.restarted
}
