package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience bounds every wait for something that should come at once.
const patience = 5 * time.Minute

// chat is people at rooms of two who answer each other as fast as they can,
// until their sockets are closed.
type chat struct {
	t       *testing.T
	people  []*chatter // two by two
	talking sync.WaitGroup
}

// chatter is one of them. Its fields are its goroutine's until the chat has
// ended.
type chatter struct {
	ws    *websocket.Conn
	first bool
	// enough is closed once some sends were acknowledged.
	enough chan struct{}

	acked map[string]bool // ids
	seen  map[string]bool // ids of the other's messages
	asked int
	code  websocket.StatusCode // the relay closed with; -1: it did not
}

// chatRooms are the rooms of all chats, of which none uses another's.
var chatRooms atomic.Int64

// newChat opens the sockets and has everyone talk over the relay at base, an
// http URL.
func newChat(t *testing.T, base string, rooms int) *chat {
	t.Helper()
	c := &chat{t: t}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	room := ""
	for i := range 2 * rooms {
		if i%2 == 0 {
			room = fmt.Sprintf("%064x", chatRooms.Add(1))
		}
		ws, _, err := openSocket(ctx, t, base, room, 1)
		if err != nil {
			t.Fatal(err)
		}
		p := &chatter{
			ws: ws, first: i%2 == 1, enough: make(chan struct{}),
			acked: make(map[string]bool), seen: make(map[string]bool),
		}
		p.join(ctx, t, "ab"[i%2:][:1])
		c.people = append(c.people, p)
	}
	for _, p := range c.people {
		c.talking.Go(func() { p.talk(context.Background()) }) // until its socket is closed
	}
	return c
}

// openSocket opens a socket to a room of the relay at base, from an address of this
// machine by its last number.
func openSocket(ctx context.Context, t *testing.T, base, room string, from byte) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	ws, res, err := websocket.Dial(ctx, base+"/room/"+room+"/ws", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{
			DialContext:       (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, from)}}).DialContext,
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // the test's own certificate
		}},
	})
	if err != nil {
		return nil, res, err
	}
	ws.SetReadLimit(128 << 10)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return ws, res, nil
}

func (p *chatter) join(ctx context.Context, t *testing.T, who string) {
	t.Helper()
	if answer, err := p.request(ctx, "join", joining(who)); err != nil || !strings.Contains(answer, `"ok"`) {
		t.Fatalf("join was answered %s, %v", answer, err)
	}
}

func joining(who string) string {
	digits := strings.Repeat(who, 64)
	return `{"sender_hash":"` + digits + `","access_hash":"` + digits + `"}`
}

// ask writes; if it can't, reading will tell why.
func (p *chatter) ask(ctx context.Context, event, data string) {
	p.asked++
	frame := fmt.Sprintf(`{"event":%q,"ref":"%d","data":%s}`, event, p.asked, data)
	_ = p.ws.Write(ctx, websocket.MessageText, []byte(frame))
}

// request asks and returns the answer; what else comes is read on the way.
func (p *chatter) request(ctx context.Context, event, data string) (string, error) {
	p.ask(ctx, event, data)
	for {
		_, text, err := p.ws.Read(ctx)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(string(text), `{"ref"`) {
			return string(text), nil
		}
	}
}

const chatMessage = `{"ciphertext":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","iv":"AAAAAAAAAAAAAAAA"}`

// talk says something when it is its turn.
func (p *chatter) talk(ctx context.Context) {
	const enough = 3
	if p.first {
		p.ask(ctx, "send_message", chatMessage)
	}
	for {
		_, text, err := p.ws.Read(ctx)
		if err != nil {
			p.code = websocket.CloseStatus(err)
			return
		}
		var frame struct {
			Event string
			OK    struct {
				MessageID string `json:"message_id"`
			}
			Data struct {
				ID     string
				Sender string `json:"sender_hash"`
			}
		}
		if json.Unmarshal(text, &frame) != nil {
			p.code = -1
			return
		}
		switch {
		case frame.OK.MessageID != "":
			p.acked[frame.OK.MessageID] = true
			if len(p.acked) == enough {
				close(p.enough)
			}
		case frame.Event != "new_message" || (frame.Data.Sender[0] == 'b') == p.first: // its own
		default:
			p.seen[frame.Data.ID] = true
			p.ask(ctx, "send_message", chatMessage)
		}
	}
}

// warm waits until everyone has said something.
func (c *chat) warm() {
	c.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for _, p := range c.people {
		select {
		case <-p.enough:
		case <-late.C:
			c.t.Fatal("the people do not get to talk")
		}
	}
}

// wantEnd waits until everyone's socket was closed with the code, and checks
// that whatever was acknowledged had come to the other one before.
func (c *chat) wantEnd(code websocket.StatusCode) {
	c.t.Helper()
	ended := make(chan struct{})
	go func() { // ends with the last socket, which the test closes if need be
		c.talking.Wait()
		close(ended)
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		c.t.Fatal("some sockets are still open")
	}
	codes, acked := make(map[websocket.StatusCode]int), 0
	for i, p := range c.people {
		codes[p.code]++
		acked += len(p.acked)
		for id := range p.acked {
			if !c.people[i^1].seen[id] {
				c.t.Errorf("room %d: a message was acknowledged and has not come", i/2)
			}
		}
	}
	if codes[code] != len(c.people) {
		c.t.Errorf("%d sockets were closed with these codes: %v; want %d", len(c.people), codes, code)
	}
	c.t.Logf("%d people, %d messages acknowledged", len(c.people), acked)
}
