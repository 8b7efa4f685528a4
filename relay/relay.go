package relay

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"sotto/relay/wire"
	"sotto/roomactor"
)

// Relay is an http.Handler that serves rooms. Make it with New. All methods
// are safe for concurrent use.
type Relay struct {
	cfg     Config
	buffers *wire.Buffers
	rooms   *roomactor.Supervisor
	limits  *limiter
	metrics *metrics
	// limitLog is the logger for limits that were hit, at most one line a
	// minute.
	limitLog zerolog.Logger

	// ctx ends when sockets that did not close in time are cut.
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // read loops

	mu sync.Mutex
	// guarded by mu
	conns   map[*conn]struct{}
	opened  int // sockets counted, to be checked against conns
	closing bool
}

// New returns a relay. Its errors wrap ErrConfig, one for each fault, or come
// from Config.Registerer, for example because another relay registered there:
// give each its own prefix or labels with prometheus.WrapRegistererWith.
func New(cfg Config) (*Relay, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	rl := &Relay{
		cfg:     cfg,
		buffers: wire.NewBuffers(4 * cfg.MaxCiphertextBytes),
		limits:  newLimiter(cfg.UpgradeRate, cfg.CreateRate),
		conns:   make(map[*conn]struct{}),
		limitLog: cfg.Logger.Sample(&zerolog.BurstSampler{
			Burst: 1, Period: time.Minute,
		}),
	}
	rl.ctx, rl.cancel = context.WithCancel(context.Background())
	rl.metrics, err = newMetrics(cfg.Registerer,
		func() float64 { return float64(rl.rooms.Rooms()) },
		func() float64 { return float64(rl.sockets()) },
	)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	rl.rooms = roomactor.NewSupervisor(roomactor.Config{
		RoomTTL:     cfg.RoomTTL,
		UnpairedTTL: cfg.UnpairedTTL,
		MaxRooms:    cfg.MaxRooms,
		Lockout:     cfg.Lockout,
		Buffers:     rl.buffers,
		Observer:    rl.metrics,
	})
	return rl, nil
}

// start runs the socket until it ends. It returns false, and runs nothing,
// when the relay is closing.
func (rl *Relay) start(c *conn) bool {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	if rl.closing {
		return false
	}
	rl.conns[c] = struct{}{}
	rl.wg.Go(func() {
		defer rl.end(c)
		c.run(rl.ctx)
	})
	return true
}

// reserve counts a socket that is about to be opened, unless there are too
// many; release takes it back.
func (rl *Relay) reserve() (ok, closing bool) {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	if rl.closing || rl.cfg.MaxConns > 0 && rl.opened >= rl.cfg.MaxConns {
		return false, rl.closing
	}
	rl.opened++
	return true, false
}

func (rl *Relay) release() {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	rl.opened--
}

func (rl *Relay) end(c *conn) {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	delete(rl.conns, c)
	rl.opened--
}

func (rl *Relay) sockets() int {
	rl.mu.Lock()
	defer rl.mu.Unlock()
	return len(rl.conns)
}

// Shutdown refuses newcomers, closes every socket with 1012 "relay_restart",
// ends every room, and waits for all goroutines. Closing handshakes take at
// most 5 s, the writing of what was queued before 10 s a frame; when the
// context ends first, what is left is cut and the context's error returned. A
// second call returns ErrClosed.
func (rl *Relay) Shutdown(ctx context.Context) error {
	rl.mu.Lock()
	if rl.closing {
		rl.mu.Unlock()
		return ErrClosed
	}
	rl.closing = true
	for c := range rl.conns {
		c.Close(wire.CloseRestart)
	}
	rl.mu.Unlock()

	roomsErr := rl.rooms.Shutdown(ctx)
	ended := make(chan struct{})
	go func() { // ends with the last read loop, which sever makes sure of
		rl.wg.Wait()
		close(ended)
	}()
	defer rl.cancel()
	select {
	case <-ended:
		return roomsErr
	case <-ctx.Done():
	}
	rl.cancel()
	rl.mu.Lock()
	for c := range rl.conns {
		c.sever()
	}
	rl.mu.Unlock()
	<-ended
	return errors.Join(roomsErr, fmt.Errorf("close sockets: %w", ctx.Err()))
}

// Close ends the relay without closing handshakes. It is Shutdown with a
// context that has ended.
func (rl *Relay) Close() error {
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
	if rl.opened != len(rl.conns) {
		faults = append(faults, fmt.Errorf("%w: %d sockets counted, %d in the map",
			ErrInconsistent, rl.opened, len(rl.conns)))
	}
	if live := rl.buffers.Live(); live < 0 || len(rl.conns) == 0 && live != 0 {
		faults = append(faults, fmt.Errorf("%w: %d buffers out with %d sockets",
			ErrInconsistent, live, len(rl.conns)))
	}
	return errors.Join(faults...)
}

// connLogger marks the lines of one socket with a number that means nothing
// outside this process.
func (rl *Relay) connLogger() zerolog.Logger {
	if rl.cfg.Logger.GetLevel() > zerolog.DebugLevel {
		return zerolog.Nop()
	}
	return rl.cfg.Logger.With().Uint32("conn", rand.Uint32()).Logger() //nolint:gosec // a mark, not a secret
}
