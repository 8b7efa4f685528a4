package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"sotto/roomactor"
	"sotto/wire"
)

// Relay is an http.Handler that serves rooms. Make it with New. All methods
// are safe for concurrent use.
type Relay struct {
	cfg     Config
	buffers *wire.Buffers
	rooms   *roomactor.Supervisor
	limits  *limiter
	counts  *connCounts
	frames  []*frameBudget
	metrics *metrics
	// limitLogs has a logger for each limit: at most one line a minute, so that
	// a client that meets one limit all the time does not hide the others.
	limitLogs map[string]zerolog.Logger

	draining atomic.Bool

	// ctx ends when sockets that did not close in time are aborted.
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // upgrades under way and read loops

	mu sync.Mutex
	// guarded by mu
	conns map[*conn]struct{}
	// reserved counts sockets and upgrades under way, to be checked against
	// conns.
	reserved int
	closing  bool
}

// New returns a relay. Its errors wrap ErrConfig, one for each fault, or come
// from Config.Registerer, for example because another relay registered there:
// give each a prefix (prometheus.WrapRegistererWithPrefix) or all of them a
// label (prometheus.WrapRegistererWith).
func New(cfg Config) (*Relay, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	rl := &Relay{
		cfg:       cfg,
		buffers:   wire.NewBuffers(4 * cfg.MaxCiphertextBytes),
		limits:    newLimiter(cfg.UpgradeRate, cfg.CreateRate),
		counts:    newConnCounts(cfg.MaxConns),
		frames:    newFrameBudgets(4*cfg.MaxCiphertextBytes, cfg.MaxConnsPerAddress > 0),
		metrics:   newMetrics(cfg.Logger),
		limitLogs: make(map[string]zerolog.Logger),
		conns:     make(map[*conn]struct{}),
	}
	for _, limit := range limitLabels {
		rl.limitLogs[limit] = cfg.Logger.Sample(&zerolog.BurstSampler{Burst: 1, Period: time.Minute})
	}
	rl.ctx, rl.cancel = context.WithCancel(context.Background())
	rl.rooms = roomactor.NewSupervisor(roomactor.Config{
		RoomTTL:       cfg.RoomTTL,
		UnpairedTTL:   cfg.UnpairedTTL,
		MaxRooms:      cfg.MaxRooms,
		MaxSlotMemory: cfg.MaxSlotMemory,
		Lockout:       cfg.Lockout,
		Buffers:       rl.buffers,
		Observer:      rl.metrics,
	})
	// Last, as a registry may ask at once.
	if err := rl.metrics.register(cfg.Registerer, cfg, rl.rooms.Rooms, rl.sockets, rl.pending, rl.isDraining); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return rl, nil
}

// reserve reserves a place for a socket that is about to be opened. Shutdown waits
// for it; start or release must follow.
func (rl *Relay) reserve() (ok, closing bool) {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	if rl.closing || rl.cfg.MaxConns > 0 && rl.reserved >= rl.cfg.MaxConns {
		return false, rl.closing
	}
	rl.reserved++
	rl.wg.Add(1)
	return true, false
}

// release takes a reservation back.
func (rl *Relay) release() {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	rl.reserved--
	rl.wg.Done()
}

// start runs the socket until it ends.
func (rl *Relay) start(c *conn) {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	rl.conns[c] = struct{}{}
	if rl.closing { // since the reservation
		c.outbox.Close(wire.CloseRestart)
	}
	if rl.ctx.Err() != nil { // Shutdown's context has ended
		c.outbox.abort()
	}
	go func() { // the reservation lets Shutdown wait for it
		defer rl.end(c)
		c.run(rl.ctx)
	}()
}

// end forgets a socket and its reservation.
func (rl *Relay) end(c *conn) {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	delete(rl.conns, c)
	rl.reserved--
	rl.wg.Done()
}

func (rl *Relay) sockets() int {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	return len(rl.conns)
}

// pending returns how many connections of Relay.Listener are not sockets. It may
// be too few when sockets also come through another listener.
func (rl *Relay) pending() int { return max(0, rl.counts.count()-rl.sockets()) }

// Shutdown refuses newcomers, closes every socket with 1012 "relay_restart",
// ends every room, and waits for all goroutines. It takes at most 5 s to write
// what was queued and 5 s for closing handshakes. When the context ends first,
// what is left is aborted, given half a second to end, and the context's error
// returned. A second call returns ErrClosed at once. The metrics stay registered for
// a last look: see Close.
func (rl *Relay) Shutdown(ctx context.Context) error {
	rl.mu.Lock()
	if rl.closing {
		rl.mu.Unlock()
		return ErrClosed
	}
	rl.closing = true
	rl.mu.Unlock()

	// A room closes its people in one step: sockets closed one by one would have
	// it acknowledge what half of them no longer hear. Rooms never block, so this
	// is quick, and a context that has ended does not end it.
	late, cancel := contextAfter(ctx, abortTime)
	defer cancel()
	err := rl.rooms.Shutdown(late)
	rl.closeAll() // sockets that are in no room
	ended := make(chan struct{})
	go func() { // ends with the last upgrade and read loop
		rl.wg.Wait()
		close(ended)
	}()
	defer rl.cancel()
	select {
	case <-ended:
		return err
	case <-ctx.Done():
	}
	rl.cancel()
	rl.mu.Lock()
	for c := range rl.conns {
		c.outbox.abort()
	}
	rl.mu.Unlock()
	select {
	case <-ended:
	case <-late.Done():
	}
	return errors.Join(err, fmt.Errorf("close sockets: %w", ctx.Err()))
}

// abortTime is how long Shutdown waits for what it has aborted.
const abortTime = 500 * time.Millisecond

// contextAfter returns a context that ends d after ctx, or with cancel.
func contextAfter(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	after, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return after, func() { stop(); cancel() }
}

func (rl *Relay) closeAll() {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	for c := range rl.conns {
		c.outbox.Close(wire.CloseRestart)
	}
}

// Close ends the relay without closing handshakes, as Shutdown does with a
// context that has ended, and takes its metrics out of Config.Registerer, where
// another relay may then register. After Shutdown it does only the latter and
// returns ErrClosed.
func (rl *Relay) Close() error {
	defer rl.metrics.unregister()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := rl.Shutdown(ctx); errors.Is(err, ErrClosed) {
		return err
	}
	return nil
}

// Check compares counters with what they count and returns errors that wrap
// ErrInconsistent. While nothing is under way any difference is a bug;
// otherwise differences may be passing.
func (rl *Relay) Check() error {
	var faults []error
	if err := rl.rooms.Check(); err != nil {
		faults = append(faults, fmt.Errorf("%w: %w", ErrInconsistent, err))
	}
	rl.mu.Lock()
	defer rl.mu.Unlock()
	if rl.reserved != len(rl.conns) {
		faults = append(faults, fmt.Errorf("%w: %d sockets reserved, %d in the map",
			ErrInconsistent, rl.reserved, len(rl.conns)))
	}
	if live := rl.buffers.Live(); live < 0 || len(rl.conns) == 0 && live != 0 {
		faults = append(faults, fmt.Errorf("%w: %d buffers out with %d sockets",
			ErrInconsistent, live, len(rl.conns)))
	}
	return errors.Join(faults...)
}

// limitHit notes in the log that a newcomer was refused, for the operator to
// raise the limit or to see an attack.
func (rl *Relay) limitHit(limit string) {
	log := rl.limitLogs[limit]
	log.Warn().Str("limit", limit).Msg("refusing newcomers at a limit")
}
