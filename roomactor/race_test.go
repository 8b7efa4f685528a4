package roomactor_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sotto/roomactor"
	"sotto/wire"
)

// arrival is how one join of a race ended.
type arrival struct {
	peer *peer
	room *roomactor.Room
	id   wire.RoomID
}

// arrive joins and takes the answer, which must be a good one.
func (h *house) arrive(t *testing.T, room string, name string) arrival {
	p := newPeer()
	result, err := h.tryJoin(context.Background(), room, p, as(name))
	if err != nil || result.Room == nil {
		t.Errorf("join: %+v, %v", result, err)
		return arrival{peer: p}
	}
	joined := p.next(t).Joined
	if joined == nil {
		t.Error("the first frame is not the join's answer")
		return arrival{peer: p}
	}
	return arrival{p, result.Room, joined.RoomID}
}

// together runs one beside many. It is started behind another number of them in
// each round, so that even a single processor has it before some and behind
// others.
func together(round int, one func(), many int, each func(i int)) {
	var wg sync.WaitGroup
	for i := range many + 1 {
		if i == round%(many+1) {
			wg.Go(one)
		}
		if i < many {
			wg.Go(func() { each(i) })
		}
	}
	wg.Wait()
}

// expire_room runs against joins: each join is in the old room, and is told of
// its end, or in the one new room, and is left alone.
func TestReapVsJoinRace(t *testing.T) {
	const rounds, joiners = 500, 4
	h := newHouse(t, roomactor.Config{})
	inOld, inNew := 0, 0
	for round := range rounds {
		name := fmt.Sprint(round)
		first := h.arrive(t, name, "alice")
		arrivals := make([]arrival, joiners)
		expire := func() {
			if err := h.tryPost(context.Background(), first.room, first.peer, expireRequest); err != nil {
				t.Errorf("post: %v", err)
			}
		}
		together(round, expire, joiners, func(i int) {
			arrivals[i] = h.arrive(t, name, "alice")
		})
		first.peer.expectClosed(t, wire.CloseRoomExpired)

		var next *roomactor.Room
		var nextID wire.RoomID
		for _, a := range arrivals {
			if a.room == first.room {
				inOld++
				if a.id != first.id {
					t.Error("the old room answers with another id")
				}
				a.peer.expect(t, wire.EventRoomExpired)
				a.peer.expectClosed(t, wire.CloseRoomExpired)
				continue
			}
			inNew++
			if next == nil {
				next, nextID = a.room, a.id
			}
			if a.room != next || a.id != nextID || a.id == first.id {
				t.Error("two new rooms, or the old one's id")
			}
			a.peer.expectNothing(t)
			a.peer.expectOpen(t)
		}
		if h.Exists(new(hash[wire.RoomHash](name))) != (next != nil) {
			t.Error("the map does not hold the new room alone")
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
		if next != nil {
			p := newPeer()
			h.join(t, name, p, as("alice"))
			h.post(t, next, p, expireRequest)
			p.expectClosed(t, wire.CloseRoomExpired)
		}
	}
	if inOld == 0 || inNew == 0 {
		t.Errorf("%d joins in old rooms, %d in new ones: this was no race", inOld, inNew)
	}
}

// At the very instant of a room's end every join gets into the next room, and
// one tick before it into the old one.
func TestReapVsJoinAtTheInstant(t *testing.T) {
	const rounds, joiners = 50, 4
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, roomactor.Config{})
		for range rounds {
			first := h.arrive(t, "room", "alice")
			var late, early [joiners]arrival
			var wg sync.WaitGroup
			for i := range joiners {
				wg.Go(func() {
					time.Sleep(roomactor.DefaultUnpairedTTL - 1)
					early[i] = h.arrive(t, "room", "alice")
				})
				wg.Go(func() {
					time.Sleep(roomactor.DefaultUnpairedTTL)
					late[i] = h.arrive(t, "room", "alice")
				})
			}
			wg.Wait()
			for i := range joiners {
				if early[i].id != first.id {
					t.Error("a join before the end is not in the old room")
				}
				early[i].peer.expect(t, wire.EventRoomExpired)
				early[i].peer.expectClosed(t, wire.CloseRoomExpired)
				if late[i].id == first.id || late[i].id != late[0].id {
					t.Error("a join at the end is not in the one new room")
				}
				late[i].peer.expectOpen(t)
			}
			if t.Failed() {
				return
			}
			h.post(t, late[0].room, late[0].peer, expireRequest)
			late[0].peer.expectClosed(t, wire.CloseRoomExpired)
		}
	})
}

// Many with the right code claim one seat: one gets in, the gate is gone with
// it, so the others are guesses: nine are unauthorized, then the room locks.
func TestSecondSeatRace(t *testing.T) {
	const rounds, claimers = 50, 24
	want := map[string]int{"joined": 1, "locked": claimers - 10}
	for left := range 9 {
		want[fmt.Sprint("unauthorized ", 1+left)] = 1
	}
	h := newHouse(t, roomactor.Config{})
	for round := range rounds {
		creator, name := newPeer(), fmt.Sprint(round)
		h.join(t, name, creator, withCode("alice", "code"))
		creator.expect(t, wire.EventNone)
		var peers [claimers]*peer
		var wg sync.WaitGroup
		for i := range claimers {
			peers[i] = newPeer()
			wg.Go(func() {
				if _, err := h.tryJoin(context.Background(), name, peers[i], withCode(fmt.Sprint("claimer", i), "code")); err != nil {
					t.Errorf("join: %v", err)
				}
			})
		}
		wg.Wait()
		got := make(map[string]int)
		for _, p := range peers {
			switch r := p.reply(t); {
			case r.Joined != nil:
				got["joined"]++
			case r.Reason == wire.ReasonUnauthorized:
				got[fmt.Sprint("unauthorized ", r.AttemptsRemaining)]++
			default:
				got[string(r.Reason)]++
			}
			p.expectNothing(t)
		}
		creator.expect(t, wire.EventPartyPaired)
		creator.expect(t, wire.EventTTLExtended)
		creator.expectNothing(t)
		if !maps.Equal(got, want) {
			t.Fatalf("the claims were answered %v; want %v", got, want)
		}
	}
}
