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

// What else the observer is told of is told where it happens.
func TestObserver(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	a, b, x := newPeer(), newPeer(), newPeer()
	room := h.join(t, "room", a, as("alice"))
	h.join(t, "room", b, as("bob"))
	for range 11 {
		if _, err := h.tryJoin(context.Background(), "room", x, as("eve")); err != nil {
			t.Fatal(err)
		}
	}
	h.post(t, room, a, sendRequest("hi"))
	h.post(t, room, a, sendRequest("too soon"))
	h.post(t, room, a, wire.Request{Event: wire.EventTyping})
	h.post(t, room, a, expireRequest)
	a.expectClosed(t, wire.CloseRoomExpired)
	shut(t, h)

	for what, got := range map[string]struct{ is, want int }{
		"rooms started":       {h.tally.started, 1},
		"rooms expired":       {h.tally.closed[roomactor.ClosedExpired], 1},
		"created":             {h.tally.joins[roomactor.JoinCreated], 1},
		"claimed":             {h.tally.joins[roomactor.JoinClaimed], 1},
		"refused":             {h.tally.joins[roomactor.JoinRefused], 11},
		"unauthorized":        {h.tally.reasons[wire.ReasonUnauthorized], 9},
		"locked":              {h.tally.reasons[wire.ReasonLocked], 2},
		"locks begun":         {h.tally.locks[roomactor.LockBegan], 1},
		"locks met":           {h.tally.locks[roomactor.LockRefused], 1},
		"sends":               {h.tally.accepted[wire.EventSend], 1},
		"typing":              {h.tally.accepted[wire.EventTyping], 1},
		"expiries":            {h.tally.accepted[wire.EventExpire], 1},
		"commands in mailbox": {h.tally.waited, 2 + 11 + 4},
		"panics":              {h.tally.panics, 0},
	} {
		if got.is != got.want {
			t.Errorf("%s: %d; want %d", what, got.is, got.want)
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
// nothing reaches it after the gap, and the others notice nothing else.
func TestSlowMember(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	a, b := newPeer(), newPeer()
	b.onDeliver = func(e wire.Event) bool { return e != wire.EventNewMessage }
	room := h.join(t, "room", a, withExt("alice"))
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

	h.post(t, room, a, wire.Request{Event: wire.EventTyping})
	h.post(t, room, a, wire.Request{Event: wire.EventRedeemExtension, Ref: wire.NewRef("done?")})
	a.next(t)
	b.expectNothing(t)
	a.expectOpen(t)
}

// Dropping one member may drop the next, which can't take the news of it.
func TestSlowMembersOneAfterAnother(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	a, b := newPeer(), newPeer()
	presences := 0
	a.onDeliver = func(e wire.Event) bool {
		if e == wire.EventPresence {
			presences++
		}
		return presences < 3 // its own, b comes, b goes
	}
	b.onDeliver = func(e wire.Event) bool { return e != wire.EventNewMessage }
	room := h.join(t, "room", a, withExt("alice"))
	h.join(t, "room", b, as("bob"))
	h.post(t, room, a, sendRequest("hi"))
	b.expectClosed(t, wire.CloseSlowConsumer)
	a.expectClosed(t, wire.CloseSlowConsumer)

	back := newPeer()
	h.join(t, "room", back, withExt("alice"))
	if joined := back.expect(t, wire.EventNone).Joined; joined.Message == nil || string(joined.Message.Ciphertext) != "hi" {
		t.Error("the message is lost with the sockets")
	}
	if here := back.expect(t, wire.EventPresence); here.Connected {
		t.Error("b is said to be here")
	}
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

// A post that waits for a full mailbox ends with its context and keeps its
// request.
func TestPostWaitsForItsContext(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	a := newPeer()
	room := h.join(t, "room", a, as("alice"))
	busy, goOn := make(chan struct{}), make(chan struct{})
	a.onDeliver = func(e wire.Event) bool {
		if e == wire.EventNewMessage {
			close(busy)
			<-goOn
		}
		return true
	}
	h.postAside(t, room, a, sendRequest("hi"))
	<-busy
	for range roomactor.MailboxSize {
		h.post(t, room, a, wire.Request{Event: wire.EventTyping})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.tryPost(ctx, room, a, sendRequest("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("post to a full mailbox: %v; want the context's error", err)
	}
	if result, err := h.tryJoin(ctx, "room", a, as("alice")); !errors.Is(err, context.Canceled) {
		t.Errorf("join into a full mailbox: %+v, %v; want the context's error", result, err)
	}
	close(goOn)
}
