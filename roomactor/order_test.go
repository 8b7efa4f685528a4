package roomactor_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"sotto/roomactor"
	"sotto/wire"
)

// Under contention every member sees the same steps in the same order, and its
// replies where the protocol puts them: a send's behind its new_message, that
// of an edit or deletion before what everyone is told.
func TestStepOrder(t *testing.T) {
	const sockets, requests = 6, 400
	h := newHouse(t, roomactor.Config{})
	clients := newClients(t, h, sockets)
	asked := make([]map[wire.Ref]wire.Event, sockets)
	var wg sync.WaitGroup
	for i, c := range clients {
		asked[i] = make(map[wire.Ref]wire.Event)
		wg.Go(func() {
			for range requests { // without waiting for the answers
				c.catchUp()
				r := c.drawn()
				asked[i][r.Ref] = r.Event
				c.ask(t, r)
			}
		})
	}
	wg.Wait()
	for _, c := range clients {
		c.fence(t)
	}
	for _, c := range clients {
		c.fence(t) // now nothing is under way to anyone
	}
	first := broadcasts(clients[0].log)
	if len(first) < 4*sockets {
		t.Errorf("%d broadcasts: nothing happened", len(first))
	}
	for i, c := range clients {
		if !slices.Equal(broadcasts(c.log), first) {
			t.Errorf("client %d saw other steps than client 0", i)
		}
		checkReplies(t, c.log, asked[i])
	}
}

// heard is what a broadcast says, to be compared.
type heard struct {
	event wire.Event
	id    wire.MessageID
	text  string
}

func broadcasts(log []wire.Response) (all []heard) {
	for _, r := range log {
		switch r.Event {
		case wire.EventNone:
		case wire.EventNewMessage:
			all = append(all, heard{r.Event, r.Message.ID, string(r.Message.Ciphertext)})
		case wire.EventMessageEdited:
			all = append(all, heard{r.Event, r.MessageID, string(r.Message.Ciphertext)})
		default:
			all = append(all, heard{r.Event, r.MessageID, ""})
		}
	}
	return all
}

func checkReplies(t *testing.T, log []wire.Response, asked map[wire.Ref]wire.Event) {
	t.Helper()
	for i, r := range log {
		if r.Event != wire.EventNone || r.Reason != "" {
			continue
		}
		var before, behind wire.Response
		if i > 0 {
			before = log[i-1]
		}
		if i+1 < len(log) {
			behind = log[i+1]
		}
		switch asked[r.Ref] {
		case wire.EventSend:
			if before.Event != wire.EventNewMessage || before.Message.ID != r.MessageID {
				t.Error("the ok of a send is not behind its message")
			}
		case wire.EventEdit:
			if behind.Event != wire.EventMessageEdited {
				t.Error("the ok of an edit is not before message_edited")
			}
		case wire.EventDelete:
			if behind.Event != wire.EventMessageDeleted {
				t.Error("the ok of a deletion is not before message_deleted")
			}
		}
	}
}

// A newcomer's first frame is its join's answer, and what comes behind it goes
// on from there: nothing is told twice, nothing is left out.
func TestNoBroadcastOvertakesAJoin(t *testing.T) {
	const rounds, writers = 400, 4
	h := newHouse(t, roomactor.Config{})
	clients := newClients(t, h, writers)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					c.catchUp()
					c.log = nil
					c.ask(t, c.drawn())
				}
			}
		})
	}
	moved := 0 // steps that newcomers heard of
	deadline := time.Now().Add(patience)
	for round := 0; round < rounds || moved < rounds && time.Now().Before(deadline); round++ {
		p := newPeer()
		room := h.join(t, "room", p, as(holders[round%2]))
		newcomer := &client{h: h, room: room, seat: round % 2, peer: p}
		answer := p.next(t)
		if answer.Joined == nil {
			t.Fatal("something overtook the answer")
		}
		newcomer.fence(t)
		newcomer.fence(t)
		current := foldBroadcasts(t, answer.Joined.Message, newcomer.log)
		moved += len(newcomer.log) - 2
		newcomer.log = nil
		again := newcomer.rejoin(t).Joined.Message
		current = foldBroadcasts(t, current, newcomer.log[:len(newcomer.log)-1])
		if !sameMessage(current, again) {
			t.Error("the broadcasts do not lead from one answer to the next")
		}
		room.Leave(p)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	close(stop)
	wg.Wait()
	if moved < rounds {
		t.Errorf("newcomers heard of %d steps: this was no race", moved)
	}
}

// foldBroadcasts applies what is told to the message an answer showed.
func foldBroadcasts(t *testing.T, current *wire.Message, log []wire.Response) *wire.Message {
	t.Helper()
	for _, r := range log {
		isCurrent := current != nil && current.ID == r.MessageID
		switch r.Event {
		case wire.EventNewMessage:
			if current != nil && current.ID == r.Message.ID {
				t.Error("a message is told of that the answer had")
			}
			current = r.Message
		case wire.EventMessageRead:
			if !isCurrent || !current.ReadAt.IsZero() {
				t.Error("a message is read that is not there to be read")
				continue
			}
			current.ReadAt = r.Message.ReadAt
		case wire.EventMessageEdited:
			if !isCurrent || !current.ReadAt.IsZero() {
				t.Error("a message is edited that is not there to be edited")
				continue
			}
			current.Ciphertext, current.IV = r.Message.Ciphertext, r.Message.IV
		case wire.EventMessageDeleted:
			if !isCurrent || !current.ReadAt.IsZero() {
				t.Error("a message is deleted that is not there to be deleted")
			}
			current = nil
		}
	}
	return current
}

func sameMessage(a, b *wire.Message) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.ID == b.ID && a.Sender == b.Sender && string(a.Ciphertext) == string(b.Ciphertext) &&
		a.IV == b.IV && a.InsertedAt.Equal(b.InsertedAt) && a.ReadAt.Equal(b.ReadAt)
}
