package calibrate

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"sotto/loadtest"
	"sotto/loadtest/link"
)

// What exchanges are as long as, in bytes.
const (
	echoBytes              = 200 // a sealed message of one line
	upgradeUp, upgradeDown = 400, 200
	joinUp, joinDown       = 200, 400
	bulkBytes              = 100_000
)

// Measure is what is timed.
type Measure string

// Measures. Echo is made at networks of its own, the others at every profile.
const (
	// Echo is 200 bytes there and back, one right after the other.
	Echo Measure = "echo"
	// Join is a connection and two exchanges over it, as long as an upgrade to
	// WebSocket and a join are; JoinTLS is the same over TLS.
	Join    Measure = "join"
	JoinTLS Measure = "join, TLS"
	// Down and Up carry 100 kB over a connection that has joined.
	Down Measure = "100 kB down"
	Up   Measure = "100 kB up"
)

// measures are those made at every profile.
var measures = []Measure{Join, JoinTLS, Down, Up}

// Point is a network at which both are compared.
type Point struct {
	Name   string
	Params link.Params
}

// echoPoints returns where echoes are compared. Losses are of single packets:
// their bursts are about as long as a packet of an echo takes.
func echoPoints() []Point {
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

// session times what one phone does. into takes what it measured.
type session struct {
	link          loadtest.PhoneLink
	clear, secret string // addresses
	limit         time.Time
	into          func(Measure, time.Duration)
}

// echoes makes echoes until it is time, one at least.
func (s *session) echoes(ctx context.Context) error {
	c, err := s.link.DialContext(ctx, "tcp", s.clear)
	if err != nil {
		return err
	}
	defer closeWith(ctx, c)()
	for {
		if err := s.time(Echo, func() error { return exchange(c, echoBytes, echoBytes) }); err != nil {
			return err
		}
		if !time.Now().Before(s.limit) {
			return nil
		}
	}
}

// maxRounds is enough for a median, and spares processors on quick networks.
const maxRounds = 25

// rounds makes every other measure until it is time, one round at least.
func (s *session) rounds(ctx context.Context) error {
	for range maxRounds {
		if err := s.round(ctx); err != nil {
			return err
		}
		if !time.Now().Before(s.limit) {
			break
		}
	}
	return nil
}

func (s *session) round(ctx context.Context) error {
	for _, m := range []Measure{Join, JoinTLS} {
		var c net.Conn
		err := s.time(m, func() (err error) {
			c, err = s.join(ctx, m == JoinTLS)
			return err
		})
		if err != nil {
			return err
		}
		done := closeWith(ctx, c)
		if m == Join {
			err = s.time(Down, func() error { return exchange(c, headBytes, bulkBytes) })
			if err == nil {
				err = s.time(Up, func() error { return exchange(c, bulkBytes, 1) })
			}
		}
		done()
		if err != nil {
			return err
		}
	}
	return nil
}

// join makes a connection that has joined.
func (s *session) join(ctx context.Context, secret bool) (net.Conn, error) {
	addr := s.clear
	if secret {
		addr = s.secret
	}
	c, err := s.link.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	whole := c
	if secret {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}) //nolint:gosec // who it is matters not here
	}
	stop := context.AfterFunc(ctx, func() { _ = whole.Close() })
	defer stop()
	if err := exchange(c, upgradeUp, upgradeDown); err != nil {
		_ = whole.Close()
		return nil, err
	}
	if err := exchange(c, joinUp, joinDown); err != nil {
		_ = whole.Close()
		return nil, err
	}
	return c, nil
}

// time notes how long f took, unless it failed.
func (s *session) time(m Measure, f func() error) error {
	begun := time.Now()
	if err := f(); err != nil {
		return err
	}
	s.into(m, time.Since(begun))
	return nil
}

// closeWith has c closed with ctx, or by what it returns.
func closeWith(ctx context.Context, c net.Conn) func() {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	return func() {
		stop()
		_ = c.Close()
	}
}
