package bench

import (
	"fmt"
	"testing"
	"time"
)

const (
	// idleSockets are opened at each server; half as many rooms.
	idleSockets = 6000
	// idleRooms are created and left.
	idleRooms = 20_000
)

// BenchmarkIdleSocket measures the memory of a joined socket on which nothing
// happens, with its half of a room, and of one under TLS.
func BenchmarkIdleSocket(b *testing.B) {
	for b.Loop() {
		ours, secured := idleCost(b, relayServer), idleCost(b, tlsServer)
		b.ReportMetric(float64(secured.RSS), "TLS-RSS-B/socket")
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(ours.RSS), "RSS-B/socket")
		b.ReportMetric(float64(ours.Live), "heap+stack-B/socket")
	}
}

func idleCost(b *testing.B, kind serverKind) usage {
	b.Helper()
	p := startServer(b, kind)
	defer p.stop()
	openRooms(b, p, 0, 200) // so that what is there once is there before
	before := p.usage(b)
	rooms := openRooms(b, p, 1000, idleSockets/2)
	u := per(before, p.usage(b), idleSockets)
	for _, r := range rooms { // as many files as one kind of server needs, not more
		_ = r[0].conn.Close()
		_ = r[1].conn.Close()
	}
	return u
}

// BenchmarkIdleRoom measures the memory of a room whose sockets have gone.
func BenchmarkIdleRoom(b *testing.B) {
	for b.Loop() {
		p := startServer(b, relayServer)
		visit(b, p, 0, 500)
		before := p.usage(b)
		visit(b, p, 500, idleRooms)
		after := p.usage(b)
		if rooms := after.Rooms - before.Rooms; rooms != idleRooms {
			b.Fatalf("%d rooms; want %d", rooms, idleRooms)
		}
		u := per(before, after, idleRooms)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(u.RSS), "RSS-B/room")
		b.ReportMetric(float64(u.Live), "heap+stack-B/room")
		p.stop()
	}
}

// visit creates rooms, says something in each, and leaves.
func visit(b *testing.B, p *process, first, n int) {
	b.Helper()
	each(b, n, fewWorkers, func(i int) error {
		s, err := dial(p.addr, roomPath(first+i))
		if err != nil {
			return err
		}
		defer func() { _ = s.conn.Close() }()
		if err := s.join(0); err != nil {
			return err
		}
		if _, err := s.conn.Write(message); err != nil {
			return err
		}
		if err := s.skip(); err != nil {
			return err
		}
		return s.skip()
	})
	// The last sockets' ends are noticed by their read loops.
	for range 100 {
		if p.usage(b).Sockets == 0 {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	b.Fatal(fmt.Errorf("sockets of %d rooms have not gone", n))
}

// per spreads what was added over n.
func per(before, after usage, n int) usage {
	return usage{RSS: (after.RSS - before.RSS) / uint64(n), Live: (after.Live - before.Live) / uint64(n)}
}
