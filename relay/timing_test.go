package relay_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto/lockout"
	"sotto/relay"
)

// How long a join takes must not tell what came of it. The tests here run in
// real time, over TCP, with a floor that is short, so that its jitter hides
// less than it does by default: a difference has to be 25 times as large there
// to be seen as well.
const (
	timingFloor = 20 * time.Millisecond
	// Joins of each kind in a sample, and how many of them are under way at once.
	timingRounds, timingLanes = 320, 8
	// tellingShift is the least difference that counts, and tellingChance how
	// improbable it must be that chance made it. Together they make a verdict
	// that neither a busy machine nor some microseconds of work bring about.
	tellingShift  = time.Millisecond
	tellingChance = 1e-9
)

// timings are how long joins took, by what came of them, sorted.
type timings map[string][]time.Duration

func TestTiming_OutcomesLookAlike(t *testing.T) {
	var telling []string
	for range 3 { // a real difference shows every time
		sample := sampleJoins(t, func(l net.Listener) net.Listener { return l })
		if telling = sample.telling(t); len(telling) == 0 {
			return
		}
	}
	t.Errorf("how long a join takes tells %v", telling)
}

// The test above would notice two milliseconds, and eight on a busy machine,
// whose noise is larger.
func TestTiming_ALeakIsSeen(t *testing.T) {
	var telling []string
	for _, leak := range []time.Duration{2 * time.Millisecond, 4 * time.Millisecond, 8 * time.Millisecond, 8 * time.Millisecond, 8 * time.Millisecond} {
		sample := sampleJoins(t, func(l net.Listener) net.Listener { return leaky{l, leak} })
		telling = sample.telling(t)
		elsewhere := slices.ContainsFunc(telling, func(pair string) bool { return !strings.Contains(pair, "wrong PIN,") })
		if len(telling) > 0 && !elsewhere {
			t.Logf("%v are seen", leak)
			return
		}
	}
	t.Errorf("a leak is not seen, or where there is none: %v", telling)
}

// leaky is a listener of a relay that takes some time to refuse a PIN.
type leaky struct {
	net.Listener
	leak time.Duration
}

func (l leaky) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return leakyConn{c, l.leak}, err
}

type leakyConn struct {
	net.Conn
	leak time.Duration
}

func (c leakyConn) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`"unauthorized"`)) {
		<-time.After(c.leak)
	}
	return c.Conn.Write(p)
}

// telling names the pairs of outcomes that can be told apart: their
// distributions differ by more than chance allows (Kolmogorov and Smirnov,
// with the bound of Dvoretzky, Kiefer and Wolfowitz for two samples, over all
// pairs), and at some quartile by more than what counts.
func (s timings) telling(t *testing.T) (pairs []string) {
	t.Helper()
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range s {
			if !yield(name) {
				return
			}
		}
	})
	total := float64(len(names) * (len(names) - 1) / 2)
	farthest := 0.0
	for i, a := range names {
		t.Logf("%-18s n=%d  %v  %v  %v", a, len(s[a]), s.quantile(a, 0.25), s.quantile(a, 0.5), s.quantile(a, 0.75))
		for _, b := range names[:i] {
			n, d := float64(len(s[a])), distance(s[a], s[b])
			farthest = max(farthest, d)
			chance := total * 2 * math.E * math.Exp(-n*d*d)
			shift := time.Duration(0)
			for _, q := range []float64{0.25, 0.5, 0.75} {
				shift = max(shift, (s.quantile(a, q) - s.quantile(b, q)).Abs())
			}
			if chance < tellingChance && shift >= tellingShift {
				pairs = append(pairs, fmt.Sprintf("%s, from %s, by %v (distance %.3f)", b, a, shift, d))
			}
		}
	}
	t.Logf("distances up to %.3f", farthest)
	return pairs
}

func (s timings) quantile(name string, q float64) time.Duration {
	return s[name][int(q*float64(len(s[name])))]
}

// distance is the greatest difference between two empirical distributions.
func distance(a, b []time.Duration) (d float64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		at := min(a[i], b[j])
		for i < len(a) && a[i] == at {
			i++
		}
		for j < len(b) && b[j] == at {
			j++
		}
		d = max(d, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return d
}

// sampleJoins lets a new relay answer joins of every kind, mixed: in each round
// one of each, sent in an order that is drawn.
func sampleJoins(t *testing.T, wrap func(net.Listener) net.Listener) timings {
	t.Helper()
	dial := timedRelay(t, wrap)
	first := dial("paired")
	first.join(ann)
	second := dial("paired")
	second.join(ben)
	dial("gated").join(ann, "otp_hash", hash("ref"))
	dial("locked").join(ann)
	dial("locked").join(ben)

	lanes := make([]lane, timingLanes)
	for i := range lanes {
		lanes[i] = lane{
			"unknown room":      {dial("unknown"), ann.joining("intent", "enter")},
			"right PIN":         {dial("paired"), ann.joining()},
			"wrong PIN":         {dial("paired"), mole.joining()},
			"wrong code":        {dial("gated"), mole.joining("otp_hash", hash("guess"))},
			"locked, right PIN": {dial("locked"), ann.joining("resume", hash("guess"))},
			"locked, wrong PIN": {dial("locked"), mole.joining("resume", hash("guess"))},
		}
	}
	// Locking takes more tries than the rounds have, so that they do not lock.
	dialled := make([]*client, 2*timingRounds/10)
	for i := range dialled {
		dialled[i] = dial("locked")
	}
	each(dialled, func(_ int, c *client) {
		for range 10 {
			c.refused(c.post("join", mole.joining()))
		}
	})

	took := make([]timings, len(lanes))
	each(lanes, func(i int, l lane) { took[i] = l.run(timingRounds / timingLanes) })
	all := make(timings)
	for _, one := range took {
		for what, times := range one {
			all[what] = append(all[what], times...)
			slices.Sort(all[what])
		}
	}
	return all
}

// each calls f for all at once and waits.
func each[T any](all []T, f func(int, T)) {
	var wg sync.WaitGroup
	for i, one := range all {
		wg.Go(func() { f(i, one) })
	}
	wg.Wait()
}

// lane is one socket for each outcome, with the join that leads to it.
type lane map[string]struct {
	*client
	join object
}

func (l lane) run(rounds int) timings {
	took := make(timings)
	var names []string
	for name := range l {
		names = append(names, name)
	}
	sent := make(map[string]time.Time)
	for range rounds {
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			sent[name] = time.Now()
			l[name].post("join", l[name].join)
		}
		for _, name := range names {
			m := l[name].next(time.Minute)
			took[name] = append(took[name], m.at.Sub(sent[name]))
		}
	}
	return took
}

// timedRelay serves a relay over TCP and returns what opens a socket there.
func timedRelay(t *testing.T, wrap func(net.Listener) net.Listener) func(room string) *client {
	t.Helper()
	rl, err := relay.New(relay.Config{
		CreateRate: -1, UpgradeRate: -1, FrameRate: -1, JoinFloor: timingFloor,
		Lockout: lockout.Policy{Attempts: 2 * timingRounds, For: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr()
	srv := &http.Server{
		Handler: rl, ReadHeaderTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(slog.NewTextHandler(failing{t}, nil), slog.LevelError),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(wrap(l)) }()
	t.Cleanup(func() {
		if err := errors.Join(srv.Close(), rl.Close()); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return func(room string) *client {
		t.Helper()
		conn, err := net.Dial(addr.Network(), addr.String())
		if err != nil {
			t.Fatal(err)
		}
		resp, br, err := handshake(conn, nil, roomPath(room))
		if err != nil {
			t.Fatal(err)
		}
		want(t, "status", resp.StatusCode, http.StatusSwitchingProtocols)
		c := startClient(t, conn, br, dialOptions{})
		c.patience = time.Minute // of a busy machine
		return c
	}
}
