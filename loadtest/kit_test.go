package loadtest

import (
	"cmp"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sotto/internal/memnet"
	"sotto/relay"
)

// few returns the first of many, where the race detector watches.
func few[T any](first int, of []T) []T {
	if raced {
		return of[:first]
	}
	return of
}

// memServer is a relay in this process, on a network in memory, that can be
// restarted.
type memServer struct {
	mu       sync.Mutex
	listener *memnet.Listener
	relay    *relay.Relay
	server   *http.Server
	serving  sync.WaitGroup
	floor    time.Duration // of joins; 0: as always, negative: none
	longer   time.Duration // than it should, a restart takes
	dead     bool          // after a restart it lets nobody in
	early    time.Duration // when the run is ended early; 0: it is not
}

func (s *memServer) URL() string { return "http://relay.example" }

func (s *memServer) Usage(context.Context, bool) (Usage, error) { return Usage{}, nil }

func (s *memServer) start() error {
	rl, err := relay.New(relay.Config{CreateRate: -1, UpgradeRate: -1, JoinFloor: s.floor})
	if err != nil {
		return err
	}
	s.serve(rl)
	s.relay = rl
	return nil
}

// serve serves anything at all.
func (s *memServer) serve(h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := memnet.Listen()
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	s.listener, s.server = l, server
	s.serving.Go(func() { _ = server.Serve(l) })
}

func (s *memServer) stop() {
	_ = s.listener.Close()
	if s.relay != nil {
		_ = s.relay.Shutdown(context.Background())
	}
	_ = s.server.Close()
	s.serving.Wait()
}

func (s *memServer) Restart(_ context.Context, pause time.Duration) error {
	s.stop()
	<-time.After(pause + s.longer)
	if s.dead {
		s.serve(http.NotFoundHandler())
		return nil
	}
	return s.start()
}

// DialContext dials whatever serves now.
func (s *memServer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	s.mu.Lock()
	to := memnet.Dialer{To: s.listener}
	s.mu.Unlock()
	return to.DialContext(ctx, network, addr)
}

func (s *memServer) network() Network { return Streams(s.DialContext) }

// runInMemory runs cfg in a bubble against a relay.
func runInMemory(t *testing.T, cfg Config) *Report {
	t.Helper()
	return runOn(t, new(memServer), cfg)
}

func runOn(t *testing.T, s *memServer, cfg Config) *Report {
	t.Helper()
	var report *Report
	synctest.Test(t, func(t *testing.T) {
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(s.early, 24*time.Hour))
		defer cancel()
		cfg.Server = s
		if cfg.Network == nil {
			cfg.Network = s.network()
		}
		var err error
		if report, err = Run(ctx, cfg); err != nil {
			t.Fatal(err)
		}
		s.stop()
		if s.relay != nil {
			if err := s.relay.Check(); err != nil {
				t.Errorf("the relay afterwards: %v", err)
			}
		}
	})
	return report
}
