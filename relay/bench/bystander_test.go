package bench

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	// bystanders are pairs that have nothing to do with a flood.
	bystanders = 40
	// bystanderTurns are the messages of a pair, before the flood and in it,
	// half as many from each of the two.
	bystanderTurns = 20
	// bystanderPause is from one pair of messages to the next: fast, for people.
	bystanderPause = 100 * time.Millisecond
)

// BenchmarkBystander measures what pairs notice of each kind of flood from one
// address: the p99 of their messages in it beside their p99 before it. The
// relay runs with its limits on, the flood in a process of its own.
func BenchmarkBystander(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(floods)) {
		b.Run(name, func(b *testing.B) {
			var quiet, flooded []time.Duration
			for b.Loop() {
				p := startServer(b, guardedServer)
				rooms := openBystanders(b, p)
				begin, end := startFlood(b, name, p.addr)
				quiet = append(quiet, stroll(b, rooms)...)
				begin()
				flooded = append(flooded, stroll(b, rooms)...)
				end()
				p.stop()
			}
			before, during := p99(quiet), p99(flooded)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(before.Microseconds()), "quiet-p99-µs")
			b.ReportMetric(float64(during.Microseconds()), "p99-µs")
			b.ReportMetric(float64(during)/float64(before), "x-quiet")
		})
	}
}

func p99(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)*99/100]
}

// openBystanders opens both sockets of every pair, each pair from an address of
// its own.
func openBystanders(b *testing.B, p *process) []room {
	b.Helper()
	rooms := make([]room, bystanders)
	var wg sync.WaitGroup
	for i := range rooms {
		wg.Go(func() {
			if err := rooms[i].openFrom(fmt.Sprintf("127.0.1.%d", 1+i), p, i); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return rooms
}

// openFrom opens both sockets of room i and joins them.
func (r *room) openFrom(from string, p *process, i int) error {
	for seat := range r {
		conn, err := dialFrom(from, p.addr)
		if err != nil {
			return err
		}
		if r[seat], err = upgrade(conn, roomPath(i)); err != nil {
			return err
		}
		if err := enter(p.kind, *r, seat); err != nil {
			return err
		}
	}
	return nil
}

// stroll lets every pair exchange messages with pauses between them and
// returns how long each message took.
func stroll(b *testing.B, rooms []room) []time.Duration {
	b.Helper()
	took := make([][]time.Duration, len(rooms))
	var wg sync.WaitGroup
	for i, r := range rooms {
		wg.Go(func() {
			<-time.After(bystanderPause * time.Duration(i) / time.Duration(len(rooms))) // not all at once
			tick := time.NewTicker(bystanderPause)
			defer tick.Stop()
			for range bystanderTurns / 2 {
				times, err := converse(guardedServer, r, 2)
				if err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], times...)
				<-tick.C
			}
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return slices.Concat(took...)
}
