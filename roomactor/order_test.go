package roomactor_test

import (
	"slices"
	"sync"
	"testing"

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
