package roomactor_test

import (
	"context"
	"errors"
	"testing"

	"sotto/roomactor"
	"sotto/wire"
)

// failing is a peer whose Deliver panics from the n-th frame on, and whose
// Close always does.
type failing struct {
	*peer
	n int
}

func failingFrom(n int) *failing { return &failing{newPeer(), n} }

func (f *failing) Deliver(event wire.Event, frame *wire.Buffer) bool {
	if f.n--; f.n <= 0 {
		panic("a member fails")
	}
	return f.peer.Deliver(event, frame)
}

func (f *failing) Close(code wire.CloseCode) {
	f.peer.Close(code)
	panic("a member fails to close")
}

// A panic ends its room alone: the members are closed with a code to retry by,
// the room is counted, other rooms go on, and the next join makes a new one.
func TestPanicEndsItsRoomAlone(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	other := newPeer()
	otherRoom := h.join(t, "other room", other, as("carol"))
	other.expect(t, wire.EventNone)

	a, bad, a2 := newPeer(), failingFrom(3), newPeer()
	room := h.join(t, "room", a, as("alice"))
	id := a.expect(t, wire.EventNone).Joined.RoomID
	h.join(t, "room", bad, as("bob"))
	h.join(t, "room", a2, as("alice"))
	h.post(t, room, a, sendRequest("hi"))      // bad's second frame
	h.post(t, room, bad, sendRequest("hello")) // its third
	for _, p := range []*peer{a, bad.peer, a2} {
		p.expectClosed(t, wire.CloseRoomFailed)
	}

	h.post(t, otherRoom, other, sendRequest("still here"))
	other.expect(t, wire.EventNewMessage)
	other.expect(t, wire.EventNone)
	other.expectOpen(t)

	back := newPeer()
	h.join(t, "room", back, as("alice"))
	joined := back.expect(t, wire.EventNone).Joined
	if joined.RoomID == id {
		t.Error("the failed room lives on")
	}
	if joined.Message != nil {
		t.Error("something of the failed room is replayed")
	}
	shut(t, h)
	if h.tally.panics != 1 || h.tally.closed[roomactor.ClosedPanic] != 1 {
		t.Errorf("%d panics, %d rooms closed by one; want 1, 1", h.tally.panics, h.tally.closed[roomactor.ClosedPanic])
	}
}

// The join that a room failed on is told so, and is not tried on the next room.
func TestPanicInAJoin(t *testing.T) {
	ctx := context.Background()
	tests := map[string]struct {
		given func(t *testing.T, h *house)
		when  *failing
		join  wire.Join
	}{
		"of the creator": {when: failingFrom(1), join: as("alice")},
		"of the second": {
			given: func(t *testing.T, h *house) { h.join(t, "room", newPeer(), as("alice")) },
			when:  failingFrom(1), join: as("bob"),
		},
		"after its answer": {when: failingFrom(2), join: withExt("alice")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, roomactor.Config{})
			if tt.given != nil {
				tt.given(t, h)
			}
			if result, err := h.tryJoin(ctx, "room", tt.when, tt.join); !errors.Is(err, roomactor.ErrRoomFailed) || result.Room != nil {
				t.Errorf("join: %+v, %v; want ErrRoomFailed", result, err)
			}
			tt.when.expectClosed(t, wire.CloseRoomFailed)
			shut(t, h)
			if h.tally.panics != 1 || h.tally.allClosed() != h.tally.closed[roomactor.ClosedPanic] {
				t.Errorf("%d panics, closed %v; want one, and all by it", h.tally.panics, h.tally.closed)
			}
		})
	}
}

// A room that fails while it ends does not take the next room of its hash out
// of the map.
func TestPanicAtTheEnd(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	bad, back := newPeer(), newPeer()
	room := h.join(t, "room", bad, as("alice"))
	bad.onDeliver = func(wire.Event) bool {
		h.join(t, "room", back, as("alice"))
		panic("a member fails")
	}
	h.post(t, room, bad, expireRequest)
	bad.expectClosed(t, wire.CloseRoomFailed)
	back.expectOpen(t)
	if !h.Exists(new(hash[wire.RoomHash]("room"))) {
		t.Error("the next room is not found")
	}
	if err := h.Check(); err != nil {
		t.Error(err)
	}
}
