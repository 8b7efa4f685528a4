package roomactor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"sotto/roomactor"
	"sotto/wire"
)

// Room ids, message ids and tokens are drawn anew each time.
func TestIDsAreRandom(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	seen := make(map[any]bool)
	count := func(id any) {
		if seen[id] {
			t.Errorf("the same %T twice", id)
		}
		seen[id] = true
	}
	count(wire.ResumeToken{})
	for _, name := range []string{"room 1", "room 2"} {
		for _, holder := range holders {
			p := newPeer()
			room := h.join(t, name, p, as(holder))
			joined := p.reply(t).Joined
			count(joined.Resume)
			if holder == holders[0] {
				count(joined.RoomID)
			}
			h.post(t, room, p, sendRequest("hi"))
			count(p.reply(t).MessageID)
		}
	}
}

func shut(tb testing.TB, h *house) {
	tb.Helper()
	if err := h.Shutdown(context.Background()); err != nil {
		tb.Error(err)
	}
}

// A member that can't take a frame is dropped: its seat's presence changes,
// nothing reaches it after the gap, and the others notice nothing else. The news of
// it may be what the next can't take.
func TestSlowMember(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	a, a2, b := newPeer(), newPeer(), newPeer()
	b.onDeliver = func(e wire.Event) bool { return e != wire.EventNewMessage }
	presences := 0
	a2.onDeliver = func(e wire.Event) bool {
		if e == wire.EventPresence {
			presences++
		}
		return presences < 3 // its own, b comes, b goes
	}
	room := h.join(t, "room", a, withExt("alice"))
	h.join(t, "room", a2, withExt("alice"))
	h.join(t, "room", b, as("bob"))
	a.expect(t, wire.EventNone)
	a.expect(t, wire.EventPresence)
	a.expect(t, wire.EventPartyPaired)
	a.expect(t, wire.EventTTLExtended)
	if here := a.expect(t, wire.EventPresence); !here.Connected {
		t.Error("b is not said to be here")
	}
	b.expect(t, wire.EventNone)

	h.post(t, room, a, sendRequest("hi"))
	a.expect(t, wire.EventNewMessage)
	a.expect(t, wire.EventNone)
	if gone := a.expect(t, wire.EventPresence); gone.Connected {
		t.Error("b is not said to be gone")
	}
	b.expectClosed(t, wire.CloseSlowConsumer)
	a2.expectClosed(t, wire.CloseSlowConsumer)

	h.post(t, room, a, wire.Request{Event: wire.EventTyping})
	h.post(t, room, a, wire.Request{Event: wire.EventRedeemExtension, Ref: wire.NewRef("done?")})
	a.next(t)
	b.expectNothing(t)
	a.expectOpen(t)
}

// A slow member is given nothing after the frame it could not take, not even
// what was decided in the same step.
func TestNothingAfterAGap(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	a := newPeer()
	room := h.join(t, "room", a, as("alice"))
	a.expect(t, wire.EventNone)
	a.onDeliver = func(e wire.Event) bool { return e != wire.EventNewMessage }
	h.post(t, room, a, sendRequest("hi"))
	a.expectClosed(t, wire.CloseSlowConsumer)
	a.expectNothing(t)
}

// A slow member of a room that ends is told that it ended, not that it is slow,
// and no one is told of its going.
func TestSlowMemberOfEndedRoom(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	a, b := newPeer(), newPeer()
	b.onDeliver = func(e wire.Event) bool { return e != wire.EventRoomExpired }
	room := h.join(t, "room", a, withExt("alice"))
	h.join(t, "room", b, as("bob"))
	h.post(t, room, a, expireRequest)
	a.expectClosed(t, wire.CloseRoomExpired)
	b.expectClosed(t, wire.CloseRoomExpired)
	shut(t, h)
	all := a.rest()
	if last := all[len(all)-1]; last.Event != wire.EventRoomExpired {
		t.Errorf("the last frame is %q; want room_expired", last.Event.String())
	}
}

// When the ok of expire_room arrives, the room is gone for everyone.
func TestExpiredRoomIsGoneBeforeItsOk(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	a := newPeer()
	room := h.join(t, "room", a, as("alice"))
	a.expect(t, wire.EventNone)
	exists := make(chan bool, 2)
	a.onDeliver = func(wire.Event) bool {
		exists <- h.Exists(new(hash[wire.RoomHash]("room")))
		return true
	}
	h.post(t, room, a, expireRequest)
	a.expectClosed(t, wire.CloseRoomExpired)
	for range 2 { // ok and room_expired
		if <-exists {
			t.Error("the room is still found")
		}
	}
}

// A room that is done takes nothing; what lay in its mailbox is released.
func TestDrainedMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, roomactor.Config{})
		a, b := newPeer(), newPeer()
		room := h.join(t, "room", a, as("alice"))
		h.join(t, "room", b, as("bob"))
		goOn := make(chan struct{})
		a.onDeliver = func(e wire.Event) bool {
			if e == wire.EventRoomExpired {
				<-goOn
			}
			return true
		}
		h.postAside(t, room, a, expireRequest)
		synctest.Wait()
		for range roomactor.MailboxSize {
			h.post(t, room, b, sendRequest("late"))
		}
		const waiting = 10 // for the full mailbox
		results := make(chan error, waiting)
		for range waiting {
			go func() { results <- h.tryPost(context.Background(), room, b, sendRequest("late")) }()
		}
		go room.Leave(b)
		synctest.Wait()
		close(goOn)
		for range waiting {
			if err := <-results; !errors.Is(err, roomactor.ErrRoomClosed) {
				t.Errorf("post to a room that ends: %v; want ErrRoomClosed", err)
			}
		}
		b.expectClosed(t, wire.CloseRoomExpired)
		shut(t, h)
		if err := h.tryPost(context.Background(), room, b, sendRequest("later")); !errors.Is(err, roomactor.ErrRoomClosed) {
			t.Errorf("post to an ended room: %v; want ErrRoomClosed", err)
		}
		for _, r := range b.rest() {
			if r.Reason != "" || r.Event == wire.EventNewMessage {
				t.Errorf("what lay in the mailbox was carried out: event %q, reason %q", r.Event.String(), r.Reason)
			}
		}
	})
}
