package roomactor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"sotto/roomactor"
	"sotto/wire"
)

func entering(name string) wire.Join {
	j := as(name)
	j.Intent = wire.IntentEnter
	return j
}

// A join for which there is no room is answered, if it has a ref, and makes none.
func TestJoinWithoutRoom(t *testing.T) {
	for _, ref := range []wire.Ref{wire.NewRef("q"), {}} {
		h := newHouse(t, roomactor.Config{})
		p := newPeer()
		req := h.request(wire.Request{Event: wire.EventJoin, Ref: ref, Join: as("alice")})
		defer req.Release()
		result, err := h.Join(context.Background(), &wire.RoomHash{}, p, req, 7*time.Second)
		want := roomactor.JoinResult{Kind: roomactor.JoinRefused, Reason: wire.ReasonRateLimited}
		if err != nil || result != want || result.TookSeat() {
			t.Errorf("join: %+v, %v; want %+v", result, err, want)
		}
		if ref.Set() {
			if r := p.reply(t); r.Reason != want.Reason || r.RetryAfter != 7*time.Second || r.Ref != ref {
				t.Errorf("answered %q, retry after %v", r.Reason, r.RetryAfter)
			}
		}
		p.expectNothing(t)
		p.expectOpen(t)
		if h.Rooms() != 0 || h.Exists(&wire.RoomHash{}) {
			t.Error("a room was made")
		}
	}
}

func TestJoinWithoutRoomOfASlowMember(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	p := newPeer()
	p.onDeliver = func(wire.Event) bool { return false }
	if _, err := h.tryJoin(context.Background(), "room", p, entering("alice")); err != nil {
		t.Error(err)
	}
	p.expectClosed(t, wire.CloseSlowConsumer)
}

func TestJoinWithEndedContext(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	p := newPeer()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if result, err := h.tryJoin(ctx, "room", p, as("alice")); !errors.Is(err, context.Canceled) {
		t.Errorf("join: %+v, %v; want the context's error", result, err)
	}
	if h.Rooms() != 0 {
		t.Error("a room was made for no one")
	}
	p.expectNothing(t)
}

// Rooms that end before they can take a join must not keep it for ever.
func TestJoinOfRoomsThatEndAtOnce(t *testing.T) {
	h := newHouse(t, roomactor.Config{RoomTTL: time.Nanosecond})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if result, err := h.tryJoin(ctx, "room", newPeer(), as("alice")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("join: %+v, %v; want the context's error", result, err)
	}
}

func TestNewSupervisorPanics(t *testing.T) {
	buffers := wire.NewBuffers(0)
	for name, cfg := range map[string]roomactor.Config{
		"without buffers":       {},
		"negative room TTL":     {Buffers: buffers, RoomTTL: -1},
		"negative unpaired TTL": {Buffers: buffers, UnpairedTTL: -1},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("NewSupervisor took it")
				}
			}()
			roomactor.NewSupervisor(cfg)
		})
	}
}
