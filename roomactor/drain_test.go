package roomactor_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sotto/roomactor"
	"sotto/wire"
)

func emptied(c <-chan struct{}) bool {
	synctest.Wait()
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A drain refuses new rooms, tells the members of those there are, and is over
// when the last of them has ended.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, roomactor.Config{})
		a := newPeer()
		alice := as("alice")
		alice.Ext = true
		room := h.join(t, "room", a, alice)
		a.rest()
		over := h.Drain(10 * time.Minute)
		synctest.Wait()
		if r := a.expect(t, wire.EventRestarting); r.RetryAfter != 10*time.Minute {
			t.Errorf("told to come back in %v", r.RetryAfter)
		}
		time.Sleep(9 * time.Minute)
		for _, wait := range []time.Duration{time.Minute, time.Second} { // the second time it is late
			p := newPeer()
			result, err := h.tryJoin(t.Context(), "new", p, as("alice"))
			if err != nil || result.Reason != wire.ReasonRestarting {
				t.Errorf("join of a new room: %+v, %v", result, err)
			}
			if r := p.reply(t); r.Reason != wire.ReasonRestarting || r.RetryAfter != wait {
				t.Errorf("answered %q, retry after %v; want %v", r.Reason, r.RetryAfter, wait)
			}
			time.Sleep(time.Hour)
		}
		h.join(t, "room", newPeer(), as("bob"))
		if emptied(over) {
			t.Error("the drain is over while there is a room")
		}
		h.post(t, room, a, expireRequest)
		if !emptied(over) {
			t.Error("the drain is not over after the last room")
		}
		if !emptied(h.Drain(time.Minute)) {
			t.Error("a drain without rooms is not over")
		}
		shut(t, h)
	})
}

// A drain that meets joins is over after the last room they made.
func TestDrainAgainstJoins(t *testing.T) {
	for range 30 {
		h := newHouse(t, roomactor.Config{})
		begin := make(chan struct{})
		var joining sync.WaitGroup
		for i := range 4 {
			joining.Go(func() {
				<-begin
				for n := 0; ; n++ {
					p, alice := newPeer(), as("alice")
					alice.Ext = true
					result, err := h.tryJoin(context.Background(), fmt.Sprint(i, n), p, alice)
					switch {
					case err != nil:
						t.Error(err)
						return
					case result.Room == nil:
						return
					}
					h.post(t, result.Room, p, expireRequest)
				}
			})
		}
		close(begin)
		over := h.Drain(time.Minute)
		joining.Wait()
		<-over
		if n := h.Rooms(); n != 0 {
			t.Fatalf("the drain was over before %d rooms", n)
		}
		shut(t, h)
	}
}
