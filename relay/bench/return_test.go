package bench

import (
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var returning = flag.Int("returning", 2000, "sockets of BenchmarkReturn; a process has to be able to open as many files")

// returnWorkers open sockets at a time.
const returnWorkers = 64

// BenchmarkReturn measures a restart under people: all sockets come back at once,
// with a whole TLS handshake each, as a relay that was restarted has forgotten the
// keys of its sessions too, and join. Resumed is what happens when only the network
// was gone. It reports how many join in a second, their slowest hundredth, what they
// cost the server, and the locks that its goroutines waited for. For as many as fit:
//
//	go test -run '^$' -bench Return ./relay/bench -args -returning 19000
func BenchmarkReturn(b *testing.B) {
	for _, of := range []struct {
		name    string
		kind    serverKind
		resumed bool
	}{{"relay", relayServer, false}, {"tls", tlsServer, false}, {"tls-resumed", tlsServer, true}} {
		b.Run(of.name, func(b *testing.B) {
			for b.Loop() {
				p := startServer(b, of.kind)
				if of.resumed {
					p.keepSession(b)
				}
				waits := p.answer(b, watchLocks).LockWaits
				spent := p.cpu(b)
				sockets, took, elapsed := comeBack(b, p, *returning)
				spent = p.cpu(b) - spent
				peak, after := p.peak(b), p.usage(b)
				for _, s := range sockets {
					_ = s.conn.Close()
				}
				joins := float64(len(took))
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(joins/elapsed.Seconds(), "joins/s")
				b.ReportMetric(float64(p99(took).Microseconds()), "p99-µs")
				b.ReportMetric(float64(spent.Microseconds())/joins, "cpu-µs/join")
				b.ReportMetric(float64(peak)/joins, "peak-B/socket")
				b.ReportMetric(float64((after.LockWaits-waits).Microseconds())/joins, "lock-µs/join")
				b.Logf("a join took %v; locks that were waited for: %s", sum(took)/time.Duration(len(took)), strings.Join(after.Locks, ", "))
				p.stop()
			}
		})
	}
}

func sum(all []time.Duration) (d time.Duration) {
	for _, one := range all {
		d += one
	}
	return d
}

// comeBack opens and joins n sockets, two a room, and returns how long each took.
func comeBack(b *testing.B, p *process, n int) (sockets []*socket, took []time.Duration, elapsed time.Duration) {
	b.Helper()
	took = make([]time.Duration, n)
	sockets = make([]*socket, n)
	begun := time.Now()
	each(b, n, returnWorkers, func(i int) (err error) {
		since := time.Now()
		if sockets[i], err = p.dial(roomPath(i / 2)); err == nil {
			err = sockets[i].join(i % 2)
		}
		took[i] = time.Since(since)
		return err
	})
	elapsed = time.Since(begun)
	return sockets, took, elapsed
}

// keepSession has every later connection resume the TLS session of a first.
func (p *process) keepSession(b *testing.B) {
	b.Helper()
	p.sessions = tls.NewLRUClientSessionCache(1)
	first, err := p.dial(roomPath(0)) // the ticket comes with the answer
	if err != nil {
		b.Fatal(err)
	}
	_ = first.conn.Close()
	again, err := p.dial(roomPath(0))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = again.conn.Close() }()
	if !again.conn.(*tls.Conn).ConnectionState().DidResume {
		b.Fatal("the session is not resumed")
	}
}

// peak is the most memory that the process had in RAM: proc(5).
func (p *process) peak(b *testing.B) uint64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.ParseUint(strings.Fields(line)[0], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib << 10
}

func p99(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)*99/100]
}
