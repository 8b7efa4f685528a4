package roomactor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"sotto/roomactor"
	"sotto/wire"
)

// A caller that posts to a room that nobody works on is answered when Post returns.
func TestPostTakesTheTurn(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	a := newPeer()
	room := h.join(t, "room", a, as("alice"))
	h.post(t, room, a, sendRequest("hi"))
	var events []wire.Event
	for _, r := range a.rest() {
		events = append(events, r.Event)
	}
	if want := []wire.Event{wire.EventNone, wire.EventNewMessage, wire.EventNone}; !slices.Equal(events, want) {
		t.Errorf("after Post had returned there were events %v; want %v", events, want)
	}
}

// slowFlush is a peer whose next Flush waits once it is slow.
type slowFlush struct {
	*peer
	slow          atomic.Bool
	entered, goOn chan struct{}
}

func (s *slowFlush) Flush() {
	if s.slow.Swap(false) {
		close(s.entered)
		<-s.goOn
	}
	s.peer.Flush()
}

// A member that is slow to send does not hold the room's turn.
func TestTurnEndsBeforeFlush(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	slow, b := &slowFlush{peer: newPeer(), entered: make(chan struct{}), goOn: make(chan struct{})}, newPeer()
	room := h.join(t, "room", slow, as("alice"))
	h.join(t, "room", b, as("bob"))
	b.expect(t, wire.EventNone)
	slow.slow.Store(true)
	h.postAside(t, room, slow, wire.Request{Event: wire.EventTyping})
	defer close(slow.goOn)
	<-slow.entered
	h.postAside(t, room, b, wire.Request{Event: wire.EventRedeemExtension, Ref: wire.NewRef("1")})
	b.expect(t, wire.EventCounterpartyTyping)
	b.reply(t)
}

// What finds the mailbox full comes in the order in which it began to wait, but
// for what was given up.
func TestFullMailboxKeepsOrder(t *testing.T) {
	const posts, givenUp = 3 * roomactor.MailboxSize, roomactor.MailboxSize + 3
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, roomactor.Config{})
		a, busy := newPeer(), make(chan struct{})
		room := h.join(t, "room", a, as("alice"))
		a.expect(t, wire.EventNone)
		a.onDeliver = func(wire.Event) bool {
			<-busy
			return true
		}
		h.postAside(t, room, a, wire.Request{Event: wire.EventRedeemExtension, Ref: wire.NewRef("first")})
		synctest.Wait()
		ctx, giveUp := context.WithCancel(t.Context())
		var want []wire.Ref
		for i := range posts {
			r := wire.Request{Event: wire.EventRedeemExtension, Ref: wire.NewRef(fmt.Sprint(i))}
			if i != givenUp {
				want = append(want, r.Ref)
				h.postAside(t, room, a, r)
			} else {
				go func() {
					if err := h.tryPost(ctx, room, a, r); !errors.Is(err, context.Canceled) {
						t.Errorf("a post that was given up: %v; want the context's error", err)
					}
				}()
				go func() {
					if result, err := h.tryJoin(ctx, "room", a, as("alice")); !errors.Is(err, context.Canceled) {
						t.Errorf("a join that was given up: %+v, %v; want the context's error", result, err)
					}
				}()
			}
			synctest.Wait()
		}
		giveUp()
		synctest.Wait()
		close(busy)
		synctest.Wait()
		var got []wire.Ref
		for _, r := range a.rest()[1:] {
			got = append(got, r.Ref)
		}
		if !slices.Equal(got, want) {
			t.Errorf("answered were %v; want %v", got, want)
		}
	})
}
