package roomactor_test

import (
	"slices"
	"testing"

	"sotto/roomactor"
	"sotto/wire"
)

// scribe is a member that writes down what it is asked, in the order of all
// scribes of a room. What it wrote may be read when the room has ended.
type scribe struct {
	name string
	book *[]string
}

func (s *scribe) write(what string) { *s.book = append(*s.book, s.name+" "+what) }

func (s *scribe) Deliver(e wire.Event, _ *wire.Buffer) bool {
	if e == wire.EventNone {
		s.write("reply")
	} else {
		s.write(e.String())
	}
	return true
}

func (s *scribe) Flush()               { s.write("flush") }
func (s *scribe) Close(wire.CloseCode) { s.write("close") }

// Members are flushed once, when the step is done, and the one that asked for it
// last: the others wait for what it did.
func TestFlushComesOnceAfterAStep(t *testing.T) {
	h := newHouse(t, roomactor.Config{})
	var book []string
	a, a2, b, x := &scribe{"a", &book}, &scribe{"a2", &book}, &scribe{"b", &book}, &scribe{"x", &book}
	room := h.join(t, "room", a, as("alice"))
	h.join(t, "room", a2, as("alice"))
	h.join(t, "room", b, as("bob"))
	h.post(t, room, a, sendRequest("hi"))
	h.post(t, room, x, sendRequest("not joined"))
	h.post(t, room, a, expireRequest)
	shut(t, h)
	want := []string{
		"a reply", "a flush",
		"a2 reply", "a flush", "a2 flush",
		"b reply", "a party_paired", "a2 party_paired", "a ttl_extended", "a2 ttl_extended", "a flush", "a2 flush", "b flush",
		"a new_message", "a2 new_message", "b new_message", "a reply", "a2 flush", "b flush", "a flush",
		"x reply", "a flush", "a2 flush", "b flush", "x flush",
		// A close sends what was delivered.
		"a reply", "a room_expired", "a2 room_expired", "b room_expired", "a close", "a2 close", "b close",
	}
	if !slices.Equal(book, want) {
		t.Errorf("members were asked:\n%q\nwant:\n%q", book, want)
	}
}
