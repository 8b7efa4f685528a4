package roomactor_test

import (
	"testing"
	"testing/synctest"
	"time"

	"sotto/roomactor"
	"sotto/wire"
)

const day = 24 * time.Hour

// A room's own timer ends it, to the tick.
func TestTimerEndsRoom(t *testing.T) {
	tests := map[string]struct {
		claim time.Duration // after which the second seat is taken; 0 for never
		ends  time.Duration
		cause roomactor.CloseCause
	}{
		"unpaired":                  {0, day, roomactor.ClosedUnpaired},
		"paired at once":            {1, 7 * day, roomactor.ClosedTTL},
		"paired at the last moment": {day - 1, 7 * day, roomactor.ClosedTTL},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, roomactor.Config{})
				a := newPeer()
				h.join(t, "room", a, as("alice"))
				if tt.claim > 0 {
					time.Sleep(tt.claim)
					h.join(t, "room", newPeer(), as("bob"))
				}
				time.Sleep(tt.ends - tt.claim - 1)
				synctest.Wait()
				a.expectOpen(t)
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				a.expectClosed(t, wire.CloseRoomExpired)
				if h.Rooms() != 0 || h.tally.closed[tt.cause] != 1 {
					t.Errorf("%d rooms, closed by %v; want one by %s", h.Rooms(), h.tally.closed, tt.cause)
				}
			})
		})
	}
}

// A timer that meets a full mailbox leaves it to the commands there, and a room
// that has been paired in the meantime is woken at its new end.
func TestTimerMeetsFullMailbox(t *testing.T) {
	for name, paired := range map[string]bool{"unpaired": false, "paired": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, roomactor.Config{})
				a := newPeer()
				room := h.join(t, "room", a, as("alice"))
				if paired {
					h.join(t, "room", newPeer(), as("bob"))
				}
				a.onDeliver = func(e wire.Event) bool {
					if e == wire.EventNewMessage {
						time.Sleep(2 * time.Second) // over the end of an unpaired room
					}
					return true
				}
				time.Sleep(day - time.Second)
				h.postAside(t, room, a, sendRequest("hi"))
				synctest.Wait()
				for range roomactor.MailboxSize {
					h.post(t, room, a, wire.Request{Event: wire.EventTyping})
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if h.Exists(new(hash[wire.RoomHash]("room"))) != paired {
					t.Errorf("a day after its creation the room exists: %v", !paired)
				}
				time.Sleep(6 * day)
				synctest.Wait()
				if h.Rooms() != 0 {
					t.Error("the room outlived its time")
				}
			})
		})
	}
}
