package roomactor_test

import (
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
)

var manyRooms = flag.Int("rooms", 20_000, "rooms of BenchmarkManyRooms")

// BenchmarkManyRooms fills a supervisor with paired rooms that hold a message of
// 200 bytes and that everyone has left, and lets their time run out while somebody
// goes on talking. It reports what a room costs and how long the talk waits, beside
// the longest pause for a collection. For a full relay:
//
//	GOMEMLIMIT=5GiB go test -run '^$' -bench ManyRooms -benchtime 1x ./roomactor -args -rooms 1000000
func BenchmarkManyRooms(b *testing.B) {
	rooms := *manyRooms
	for b.Loop() {
		ttl := 10*time.Second + time.Duration(rooms)*200*time.Microsecond // longer than it takes to make them
		h := newHouse(b, roomactor.Config{MaxRooms: -1, RoomTTL: ttl})
		before, _ := memory()
		for i := range rooms {
			idleRoom(b, h, strconv.Itoa(i))
		}
		talker := newSink()
		room := h.join(b, "talk", talker, as(holders[0]))
		<-talker.replied
		alive := h.Rooms()
		live, held := memory()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(alive), "rooms")
		b.ReportMetric(float64(live-before)/float64(alive), "B/room")
		b.ReportMetric(float64(held)/(1<<30), "GiB-held")

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

// memory returns the bytes in use for objects and stacks, and those taken from the
// system.
func memory() (live, held uint64) {
	debug.FreeOSMemory()
	debug.FreeOSMemory() // what pools kept goes now
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse, m.Sys - m.HeapReleased
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
