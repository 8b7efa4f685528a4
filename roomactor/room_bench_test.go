package roomactor_test

import (
	"bytes"
	"context"
	"flag"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"testing"
	"time"

	"sotto/roomactor"
	"sotto/wire"
)

// sink is a Member that takes frames and tells of replies.
type sink struct{ replied chan struct{} }

func newSink() *sink { return &sink{make(chan struct{}, 1)} }

func (s *sink) Deliver(event wire.Event, _ *wire.Buffer) bool {
	if event == wire.EventNone {
		s.replied <- struct{}{}
	}
	return true
}

func (*sink) Flush() {}

// Close lets nobody wait for a reply that is not to come.
func (s *sink) Close(wire.CloseCode) {
	select {
	case s.replied <- struct{}{}:
	default:
	}
}

// BenchmarkRoundTrip is one send through the mailbox of a room, until its ok is
// with the sender: reading its frame, the room, encoding the two it answers with.
func BenchmarkRoundTrip(b *testing.B) {
	h := newHouse(b, roomactor.Config{})
	members := [2]*sink{newSink(), newSink()}
	var room *roomactor.Room
	for i, m := range members {
		room = h.join(b, "room", m, as(holders[i]))
		<-m.replied
	}
	request := sendRequest(string(make([]byte, 200)))
	frame := wire.AppendRequest(nil, &request)
	var reader bytes.Reader
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m := members[i%2]
		reader.Reset(frame)
		req, err := h.buffers.ReadRequest(&reader, 8<<10)
		if err != nil {
			b.Fatal(err)
		}
		if err := room.Post(context.Background(), m, req); err != nil {
			b.Fatal(err)
		}
		<-m.replied
	}
}

var manyRooms = flag.Int("rooms", 20_000, "rooms of BenchmarkManyRooms")

// BenchmarkManyRooms fills a supervisor with paired rooms that hold a message of
// 200 bytes and have no socket left, and lets their time run out while two people
// talk. It reports what a room costs and what the two notice. For a full relay:
//
//	GOMEMLIMIT=5GiB go test -run '^$' -bench ManyRooms -benchtime 1x ./roomactor -args -rooms 1000000
func BenchmarkManyRooms(b *testing.B) {
	rooms := *manyRooms
	for b.Loop() {
		// Rooms are made at 30,000 a second on a still machine, and end as fast.
		h := newHouse(b, roomactor.Config{MaxRooms: -1, RoomTTL: 10*time.Second + time.Duration(rooms)*200*time.Microsecond})
		before := memory()
		for i := range rooms {
			idleRoom(b, h, strconv.Itoa(i))
		}
		talker := newSink()
		room := h.join(b, "talk", talker, as(holders[0]))
		<-talker.replied
		alive := h.Rooms()
		after := memory()
		b.ReportMetric(float64(alive), "rooms")
		b.ReportMetric(float64(after.live-before.live)/float64(alive), "B/room")
		b.ReportMetric(float64(after.stack-before.stack)/float64(alive), "stack-B/room")
		b.ReportMetric(float64(after.held)/(1<<30), "GiB-held")

		pauses := gcPauses()
		var waits []time.Duration
		for h.Rooms() > 1 {
			begun := time.Now()
			if h.tryPost(context.Background(), room, talker, sendRequest("word")) != nil {
				break // its own time is up too
			}
			<-talker.replied
			waits = append(waits, time.Since(begun))
			<-time.After(time.Millisecond)
		}
		if len(waits) == 0 {
			b.Fatal("the rooms ended before anything was said")
		}
		slices.Sort(waits)
		b.ReportMetric(float64(waits[len(waits)*999/1000].Microseconds()), "p99.9-µs")
		b.ReportMetric(float64(waits[len(waits)-1].Microseconds()), "max-µs")
		b.ReportMetric(float64(longest(pauses, gcPauses()).Microseconds()), "gc-pause-max-µs")
	}
}

// gcPauses is the runtime's histogram of its pauses for collections.
func gcPauses() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64Histogram()
}

// longest is the upper bound of the longest pause that came since before.
func longest(before, now *metrics.Float64Histogram) time.Duration {
	for i, n := range slices.Backward(now.Counts) {
		if n > before.Counts[i] {
			return time.Duration(now.Buckets[i+1] * float64(time.Second))
		}
	}
	return 0
}

func idleRoom(b *testing.B, h *house, name string) {
	members := [2]*sink{newSink(), newSink()}
	var room *roomactor.Room
	for i, m := range members {
		room = h.join(b, name, m, as(holders[i]))
		<-m.replied
	}
	h.post(b, room, members[0], sendRequest(string(make([]byte, 200))))
	<-members[0].replied
	for _, m := range members {
		room.Leave(m)
	}
}

// usage is memory, in bytes: in use for objects and stacks, for stacks alone, and
// taken from the system.
type usage struct{ live, stack, held uint64 }

func memory() usage {
	// Stacks shrink by half in a collection.
	for range 5 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{m.HeapAlloc + m.StackInuse, m.StackInuse, m.Sys - m.HeapReleased}
}
