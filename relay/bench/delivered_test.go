package bench

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// message is a send of 200 bytes of ciphertext, a sentence or two.
var message = frame(fmt.Sprintf(`{"event":"send_message","ref":"1","data":{"ciphertext":"%s","iv":"%s"}}`,
	base64.StdEncoding.EncodeToString(make([]byte, 200)), base64.StdEncoding.EncodeToString(make([]byte, 12))))

// messagesPerRound are delivered, over all rooms, before the next server's
// turn.
const messagesPerRound = 20_000

// room is two sockets that take turns.
type room [2]*socket

// round is what one server did in one turn.
type round struct {
	perSecond float64
	p50, p99  time.Duration
	// cpu is the server's processor time for each message.
	cpu time.Duration
}

// BenchmarkDelivered measures messages from hand to hand: each room has one
// message under way, its two sockets take turns. The servers take turns too,
// one round each an iteration. Reported are medians over the rounds: the relay's
// figures, and how its throughput and its processor time compare with the bare
// servers'. The latter says more on a machine that has other work.
func BenchmarkDelivered(b *testing.B) {
	for _, rooms := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("rooms=%d", rooms), func(b *testing.B) {
			kinds := []serverKind{relayServer, fanoutServer, echoServer}
			servers, sets := make(map[serverKind]*process), make(map[serverKind][]room)
			for _, kind := range kinds {
				servers[kind] = startServer(b, kind)
				sets[kind] = openRooms(b, servers[kind], 0, rooms)
				play(b, servers[kind], sets[kind], max(rooms, 1000)) // warm up
			}
			rounds := make(map[serverKind][]round)
			for b.Loop() {
				for _, kind := range kinds {
					rounds[kind] = append(rounds[kind], play(b, servers[kind], sets[kind], messagesPerRound))
				}
			}
			ours, fan, bare := medians(rounds[relayServer]), medians(rounds[fanoutServer]), medians(rounds[echoServer])
			b.ReportMetric(0, "ns/op") // of a round, which says nothing
			b.ReportMetric(ours.perSecond, "msgs/s")
			b.ReportMetric(float64(ours.p50.Microseconds()), "p50-µs")
			b.ReportMetric(float64(ours.p99.Microseconds()), "p99-µs")
			b.ReportMetric(ours.perSecond/fan.perSecond, "x-fanout")
			b.ReportMetric(ours.perSecond/bare.perSecond, "x-echo")
			b.ReportMetric(float64(ours.p50)/float64(fan.p50), "p50-x-fanout")
			b.ReportMetric(float64(ours.p99)/float64(fan.p99), "p99-x-fanout")
			b.ReportMetric(float64(ours.cpu)/float64(fan.cpu), "cpu-x-fanout")
			b.ReportMetric(float64(ours.cpu.Nanoseconds())/1000, "cpu-µs/msg")
		})
	}
}

func medians(rounds []round) round {
	return round{
		perSecond: median(rounds, func(r round) float64 { return r.perSecond }),
		p50:       median(rounds, func(r round) time.Duration { return r.p50 }),
		p99:       median(rounds, func(r round) time.Duration { return r.p99 }),
		cpu:       median(rounds, func(r round) time.Duration { return r.cpu }),
	}
}

func median[T cmp.Ordered](rounds []round, of func(round) T) T {
	values := make([]T, len(rounds))
	for i, r := range rounds {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// openRooms opens both sockets of n rooms from the first on and, at the relay, joins
// them.
func openRooms(b *testing.B, p *process, first, n int) []room {
	b.Helper()
	rooms := make([]room, n)
	each(b, n, fewWorkers, func(i int) error {
		for seat := range rooms[i] {
			s, err := p.dial(roomPath(first + i))
			if err != nil {
				return err
			}
			rooms[i][seat] = s
			if err := enter(p.kind, rooms[i], seat); err != nil {
				return err
			}
		}
		return nil
	})
	b.Cleanup(func() {
		for _, r := range rooms {
			for _, s := range r {
				_ = s.conn.Close()
			}
		}
	})
	return rooms
}

// enter brings a socket into its room, as far as the server has rooms.
func enter(kind serverKind, r room, seat int) error {
	switch kind {
	case fanoutServer:
		return r[seat].skip()
	case relayServer, tlsServer:
		if err := r[seat].join(seat); err != nil || seat == 0 {
			return err
		}
		return r[0].skip() // the first is told that the second came
	}
	return nil
}

// fewWorkers open sockets at a time where that is not what is measured.
const fewWorkers = 16

// each calls f for 0 to n-1, so many at a time.
func each(b *testing.B, n, workers int, f func(int) error) {
	b.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for i := range next {
				if err := f(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// play delivers messages until there were total of them, over all rooms.
func play(b *testing.B, p *process, rooms []room, total int) round {
	b.Helper()
	turns := total / len(rooms)
	turns += turns % 2 // so that the next round starts with the same seat
	took := make([][]time.Duration, len(rooms))
	begun, spent := time.Now(), p.cpu(b)
	var wg sync.WaitGroup
	for i := range rooms {
		wg.Go(func() {
			times, err := converse(p.kind, rooms[i], turns)
			if err != nil {
				b.Error(err)
			}
			took[i] = times
		})
	}
	wg.Wait()
	elapsed := time.Since(begun)
	spent = p.cpu(b) - spent
	if b.Failed() {
		b.FailNow()
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	return round{
		perSecond: float64(len(all)) / elapsed.Seconds(),
		p50:       all[len(all)/2],
		p99:       all[len(all)*99/100],
		cpu:       spent / time.Duration(len(all)),
	}
}

// converse sends from one socket to the other and back. A message has arrived
// when the other has it; the sender then reads its own copy and the
// acknowledgement. A bare echo has nobody else to go to.
func converse(kind serverKind, r room, turns int) ([]time.Duration, error) {
	times := make([]time.Duration, 0, turns)
	for turn := range turns {
		from, to, own := r[turn%2], r[1-turn%2], 2
		if kind == echoServer {
			to, own = from, 0
		}
		sent := time.Now()
		if _, err := from.conn.Write(message); err != nil {
			return nil, err
		}
		if err := to.skip(); err != nil {
			return nil, err
		}
		times = append(times, time.Since(sent))
		for range own {
			if err := from.skip(); err != nil {
				return nil, err
			}
		}
	}
	return times, nil
}
