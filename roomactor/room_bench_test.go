package roomactor_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"testing"

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

func (*sink) Flush()               {}
func (*sink) Close(wire.CloseCode) {}

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

// BenchmarkIdleRoom reports what a room costs that is paired, has had a message
// of 200 bytes and has no socket left: heap and stack after a collection.
func BenchmarkIdleRoom(b *testing.B) {
	const rooms = 10_000
	for b.Loop() {
		h := newHouse(b, roomactor.Config{})
		before := memory()
		for i := range rooms {
			idleRoom(b, h, fmt.Sprint(i))
		}
		heap, stack := memory().minus(before)
		b.ReportMetric(float64(heap+stack)/rooms, "B/room")
		b.ReportMetric(float64(heap)/rooms, "heap-B/room")
		b.ReportMetric(float64(stack)/rooms, "stack-B/room")
		shut(b, h)
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

// usage is memory in use, in bytes.
type usage struct{ heap, stack uint64 }

func memory() usage {
	// Stacks shrink by half in a collection.
	for range 5 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{m.HeapAlloc, m.StackInuse}
}

func (u usage) minus(o usage) (heap, stack int64) {
	return int64(u.heap) - int64(o.heap), int64(u.stack) - int64(o.stack)
}
