package roomactor

import (
	"bytes"
	"context"
	"reflect"
	"testing"

	"sotto/wire"
)

// mute is a member that takes everything. It has a size: members are told apart
// by their addresses.
type mute struct{ frames int }

func (m *mute) Deliver(wire.Event, *wire.Buffer) bool {
	m.frames++
	return true
}

func (*mute) Flush()               {}
func (*mute) Close(wire.CloseCode) {}

// When a room has ended its message is overwritten and its state forgotten.
func TestEndedRoomForgets(t *testing.T) {
	ctx := context.Background()
	s := NewSupervisor(Config{Buffers: wire.NewBuffers(0)})
	m := new(mute)
	join := &wire.Request{Event: wire.EventJoin, Join: wire.Join{Access: hash[wire.AccessHash]("alice")}}
	result, err := s.Join(ctx, &wire.RoomHash{}, m, join, 0)
	if err != nil {
		t.Fatal(err)
	}
	frame := wire.AppendRequest(nil, &wire.Request{Event: wire.EventSend, Ciphertext: []byte("a secret")})
	req, err := s.cfg.Buffers.ReadRequest(bytes.NewReader(frame), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Room.Post(ctx, m, req); err != nil {
		t.Fatal(err)
	}
	// A second join is answered behind the send; the room is idle after it.
	if _, err := s.Join(ctx, &wire.RoomHash{}, m, join, 0); err != nil {
		t.Fatal(err)
	}
	message := result.Room.state.slot.msg.Ciphertext
	if string(message) != "a secret" {
		t.Fatal("the room does not hold the message")
	}
	if err := s.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if len(bytes.Trim(message, "\x00")) > 0 {
		t.Errorf("of the message %q is left", message)
	}
	if !reflect.ValueOf(*result.Room.state).IsZero() {
		t.Error("the ended room still knows something")
	}
}

// What a step worked with is not kept for the next.
func TestScratchIsCleared(t *testing.T) {
	s := &state{scratch: new(scratch)}
	r := &Room{sup: NewSupervisor(Config{Buffers: wire.NewBuffers(0)}), state: s}
	w := s.scratch
	for range 100 { // it grows
		s.broadcast(bothSeats, &wire.Response{Message: new(wire.Message)})
	}
	w.joined.Resume = wire.ResumeToken{1}
	w.effects = w.effects[:1] // as dropping a member does
	r.returnScratch()
	for _, e := range w.effects[:cap(w.effects)] {
		if !reflect.ValueOf(e).IsZero() {
			t.Fatal("an effect is left")
		}
	}
	if !reflect.ValueOf(w.joined).IsZero() || cap(w.effects) < 100 || s.scratch != nil {
		t.Error("the answer to a join is left, or the state keeps its scratch")
	}
}
