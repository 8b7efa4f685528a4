package loadtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// standIn plays a relay without most of the rules, and with a fault. It shares
// no code with the relay.
type standIn struct {
	t     *testing.T
	fault fault

	mu    sync.Mutex
	rooms map[string]*standInRoom
}

// fault is asked about every message before the stand-in does anything with it,
// with the stand-in's lock held. It returns whom to tell, in order.
type fault func(s *standIn, r *standInRoom, m *standInMessage) []*standInMessage

type standInRoom struct {
	seats []string // access hashes
	conns map[*websocket.Conn]string
	slot  *standInMessage
	count int
	held  *standInMessage
}

type standInMessage struct {
	seat   string
	frame  string // of the broadcast
	inSlot string // in the answer to a join
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	c, err := websocket.Accept(w, req, nil)
	if err != nil {
		s.t.Errorf("accept: %v", err)
		return
	}
	defer func() { _ = c.CloseNow() }()
	s.mu.Lock()
	r := s.rooms[req.URL.Path]
	if r == nil {
		r = &standInRoom{conns: make(map[*websocket.Conn]string)}
		s.rooms[req.URL.Path] = r
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(r.conns, c)
	}()
	for {
		_, text, err := c.Read(context.Background())
		if err != nil {
			return
		}
		var f standInFrame
		if err := json.Unmarshal(text, &f); err != nil {
			s.t.Errorf("frame: %v", err)
			return
		}
		s.mu.Lock()
		s.take(c, r, &f)
		s.mu.Unlock()
	}
}

type standInFrame struct {
	Event string `json:"event"`
	Ref   string `json:"ref"`
	Data  struct {
		Access     string `json:"access_hash"`
		Sender     string `json:"sender_hash"`
		Ciphertext string `json:"ciphertext"`
		IV         string `json:"iv"`
		MessageID  string `json:"message_id"`
	} `json:"data"`
}

const standInTTL = "2036-06-08T10:00:00Z"

func (s *standIn) take(c *websocket.Conn, r *standInRoom, f *standInFrame) {
	switch f.Event {
	case "join":
		if len(r.seats) == 0 || r.seats[0] != f.Data.Access && len(r.seats) == 1 {
			r.seats = append(r.seats, f.Data.Access)
		}
		r.conns[c] = f.Data.Access + f.Data.Sender
		slot := ""
		if r.slot != nil {
			slot = `,"current_message":` + r.slot.inSlot
		}
		write(c, `{"ref":%q,"ok":{"room_id":"00000000-0000-4000-8000-000000000001","ttl_expires_at":%q,"awaiting_party":%v%s}}`,
			f.Ref, standInTTL, len(r.seats) < 2, slot)
		if len(r.seats) == 2 && len(r.conns) == 2 {
			tell(r, `{"event":"party_paired","data":{"ttl_expires_at":"`+standInTTL+`"}}`)
		}
	case "send_message":
		r.count++
		id := fmt.Sprintf("00000000-0000-4000-8000-%012x", len(s.rooms)*1000+r.count)
		inSlot := fmt.Sprintf(`{"id":%q,"sender_hash":%q,"ciphertext":%q,"iv":%q,"inserted_at":"2026-06-01T10:00:00Z","read_at":null}`,
			id, r.conns[c][64:], f.Data.Ciphertext, f.Data.IV)
		m := &standInMessage{seat: r.conns[c][:64], inSlot: inSlot, frame: `{"event":"new_message","data":` + inSlot + `}`}
		messages := []*standInMessage{m}
		if s.fault != nil {
			messages = s.fault(s, r, m)
		}
		for _, m := range messages {
			r.slot = m
			tell(r, m.frame)
		}
		write(c, `{"ref":%q,"ok":{"message_id":%q}}`, f.Ref, id)
	case "read_receipt":
		tell(r, fmt.Sprintf(`{"event":"message_read","data":{"message_id":%q,"read_at":"2026-06-01T10:00:01Z"}}`, f.Data.MessageID))
	}
}

func tell(r *standInRoom, frame string) {
	for c := range r.conns {
		write(c, "%s", frame)
	}
}

// write does not mind a phone that is gone.
func write(c *websocket.Conn, format string, args ...any) {
	_ = c.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, format, args...))
}

// victim reports whether r is the room that meets the fault, with its n-th
// message: one room of all, the one that came first.
func (s *standIn) victim(r *standInRoom, n int) bool {
	for _, other := range s.rooms {
		if other != r && other.held == faulty {
			return false
		}
	}
	if r.count != n {
		return false
	}
	r.held = faulty
	return true
}

// faulty marks the room whose fault has happened.
var faulty = new(standInMessage)

func loses(s *standIn, r *standInRoom, m *standInMessage) []*standInMessage {
	if s.victim(r, 3) {
		return nil
	}
	return []*standInMessage{m}
}

func duplicates(s *standIn, r *standInRoom, m *standInMessage) []*standInMessage {
	if s.victim(r, 3) {
		return []*standInMessage{m, m}
	}
	return []*standInMessage{m}
}

func misdelivers(s *standIn, r *standInRoom, m *standInMessage) []*standInMessage {
	if s.victim(r, 3) {
		for _, other := range s.rooms {
			if other != r {
				tell(other, m.frame)
			}
		}
	}
	return []*standInMessage{m}
}

// held keeps a room's first message back.
func (s *standIn) hold(r *standInRoom, m *standInMessage) bool {
	for _, other := range s.rooms {
		if other != r && other.held != nil {
			return false
		}
	}
	if r.count == 1 {
		r.held = m
	}
	return r.count == 1
}

// holdsBack tells the first message when the second comes, before it.
func holdsBack(s *standIn, r *standInRoom, m *standInMessage) []*standInMessage {
	switch {
	case s.hold(r, m):
		return nil
	case r.held != nil && r.count == 2:
		return []*standInMessage{r.held, m}
	}
	return []*standInMessage{m}
}

// tellsLater tells the first message after the third.
func tellsLater(s *standIn, r *standInRoom, m *standInMessage) []*standInMessage {
	switch {
	case s.hold(r, m):
		return nil
	case r.held != nil && r.count == 3:
		return []*standInMessage{m, r.held}
	}
	return []*standInMessage{m}
}
