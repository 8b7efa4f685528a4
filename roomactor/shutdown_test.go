package roomactor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"sotto/roomactor"
	"sotto/wire"
)

// Shutdown closes every member 1012, waits for the rooms, and lets no one in. A
// context that has ended before shortens the waiting alone: every room is told.
func TestShutdown(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	var peers []*peer
	var rooms []*roomactor.Room
	for i := range 200 {
		a, b := newPeer(), newPeer()
		room := h.join(t, fmt.Sprint(i), a, as("alice"))
		h.join(t, fmt.Sprint(i), b, as("bob"))
		peers = append(peers, a, b)
		rooms = append(rooms, room)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, p := range peers {
		if p.expectClosed(t, wire.CloseRestart); t.Failed() {
			return // the others would take as long
		}
		for _, r := range p.rest() {
			if r.Event == wire.EventRoomExpired {
				t.Error("a restart is told as the room's expiry")
			}
		}
	}
	shut(t, h) // once more does no harm, and waits
	if h.Rooms() != 0 || h.tally.closed[roomactor.ClosedShutdown] != 200 {
		t.Errorf("%d rooms left, %d closed by the shutdown; want 0, 200", h.Rooms(), h.tally.closed[roomactor.ClosedShutdown])
	}
	if result, err := h.tryJoin(context.Background(), "new", newPeer(), as("alice")); !errors.Is(err, roomactor.ErrShutdown) {
		t.Errorf("join: %+v, %v; want ErrShutdown", result, err)
	}
	if err := h.tryPost(context.Background(), rooms[0], peers[0], sendRequest("hi")); !errors.Is(err, roomactor.ErrRoomClosed) {
		t.Errorf("post: %v; want ErrRoomClosed", err)
	}
}

// Joins and posts that run against a shutdown get in and are closed, or are
// told; none is left waiting.
func TestShutdownAgainstJoins(t *testing.T) {
	for range 30 {
		h := newHouse(t, roomactor.Config{})
		begin := make(chan struct{})
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				<-begin
				for n := 0; ; n++ {
					p := newPeer()
					result, err := h.tryJoin(context.Background(), fmt.Sprint(i%4, n), p, as("alice"))
					if errors.Is(err, roomactor.ErrShutdown) {
						p.expectNothing(t)
						p.expectOpen(t)
						return
					}
					if err != nil || result.Room == nil {
						t.Errorf("join: %+v, %v", result, err)
						return
					}
					if err := h.tryPost(context.Background(), result.Room, p, sendRequest("hi")); err != nil {
						p.expectClosed(t, wire.CloseRestart)
					}
				}
			})
		}
		for range 2 {
			wg.Go(func() {
				<-begin
				shut(t, h)
			})
		}
		close(begin)
		wg.Wait()
		if n := h.Rooms(); n != 0 {
			t.Fatalf("%d rooms are left", n)
		}
	}
}

// A shutdown waits no longer than its context, and can be taken up again.
func TestShutdownEndsWithItsContext(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	busy, goOn := make(chan struct{}), make(chan struct{})
	a := newPeer()
	room := h.join(t, "room", a, as("alice"))
	a.onDeliver = func(wire.Event) bool {
		close(busy)
		<-goOn
		return false
	}
	h.postAside(t, room, a, sendRequest("hi"))
	<-busy
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown with a room at work: %v; want the context's error", err)
	}
	if h.Rooms() != 1 {
		t.Errorf("%d rooms; want the one at work", h.Rooms())
	}
	close(goOn)
	shut(t, h)
}
