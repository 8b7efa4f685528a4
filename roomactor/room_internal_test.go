package roomactor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"reflect"
	"testing"

	"sotto/lockout"
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

// When a room has ended its message and its tokens are overwritten and its state
// forgotten.
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
	message, tokens := result.Room.state.slot.msg.Ciphertext, result.Room.state.seats[0].tokens // which shares their array
	token := result.Room.state.seats[0].sockets[0].token
	if string(message) != "a secret" || !tokens.Has(&token) {
		t.Fatal("the room does not hold the message or the token")
	}
	if err := s.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if len(bytes.Trim(message, "\x00")) > 0 {
		t.Errorf("of the message %q is left", message)
	}
	if tokens.Has(&token) {
		t.Error("a token is left")
	}
	if !reflect.ValueOf(*result.Room.state).IsZero() {
		t.Error("the ended room still knows something")
	}
}

// ear keeps the last frame it got.
type ear struct {
	mute
	frame []byte
}

func (e *ear) Deliver(_ wire.Event, frame *wire.Buffer) bool {
	e.frame = bytes.Clone(frame.Bytes())
	return true
}

// What lets somebody in is in a room as its SHA-256 alone.
func TestBearersAreHashed(t *testing.T) {
	s := NewSupervisor(Config{Buffers: wire.NewBuffers(0)})
	e := new(ear)
	join := &wire.Request{Event: wire.EventJoin, Ref: wire.NewRef("1"), Join: wire.Join{Access: hash[wire.AccessHash]("alice")}}
	result, err := s.Join(t.Context(), &wire.RoomHash{}, e, join, 0)
	if err != nil {
		t.Fatal(err)
	}
	var answer wire.Response
	if err := wire.DecodeResponse(e.frame, &answer); err != nil {
		t.Fatal(err)
	}
	seat := &result.Room.state.seats[0] // the room is idle
	if seat.access != sha256.Sum256(join.Join.Access[:]) {
		t.Error("the seat's access is not the hash of what was sent")
	}
	raw, hashed := lockout.Token(answer.Joined.Resume), lockout.Token(sha256.Sum256(answer.Joined.Resume[:]))
	if seat.tokens.Has(&raw) || !seat.tokens.Has(&hashed) {
		t.Error("the seat's token is not the hash of what was answered")
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What a step worked with is not kept for the next.
func TestScratchIsCleared(t *testing.T) {
	w := new(scratch)
	s := &state{scratch: w}
	for range 100 { // it grows
		s.broadcast(bothSeats, &wire.Response{Message: new(wire.Message)})
	}
	w.joined.Resume = wire.ResumeToken{1}
	w.effects = w.effects[:1] // as dropping a member does
	w.flush = append(w.flush, new(mute), new(mute))[:1]
	NewSupervisor(Config{Buffers: wire.NewBuffers(0)}).returnScratch(w)
	for _, e := range w.effects[:cap(w.effects)] {
		if !reflect.ValueOf(e).IsZero() {
			t.Fatal("an effect is left")
		}
	}
	for _, m := range w.flush[:cap(w.flush)] {
		if m != nil {
			t.Error("a member is left")
		}
	}
	if !reflect.ValueOf(w.joined).IsZero() || cap(w.effects) < 100 || len(w.effects)+len(w.flush) > 0 {
		t.Error("the answer to a join is left, or the scratch is not as for a first step")
	}
}
