package roomactor_test

import (
	"bytes"
	"context"
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
