package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"sotto/client"
)

// FuzzHostileRelay has a relay say whatever it likes, through a script of
// lines, to a session whose user answers every message. Each line is a frame,
// or begins with ! and is something else that a relay can do; $ and a letter
// stand for things that the fuzzer could not find by itself.
func FuzzHostileRelay(f *testing.F) {
	f.Fuzz(func(t *testing.T, script []byte) {
		bubble(t, func(t *testing.T) {
			h := newHostile(script)
			relay := fake(t, h.serve)
			h.meet(t, relay.config())
			synctest.Wait() // no connection is on its way any more
			h.conns.Wait()
		})
	})
}

// hostile plays a script on one connection after the other.
type hostile struct {
	expand *strings.Replacer
	texts  map[string]bool // what was ever sealed
	conns  sync.WaitGroup

	mu    sync.Mutex // guards what follows
	lines []string
	ref   string // of the client's last request
	sent  string // the data of its last message
}

// sealedOnce are messages that were really sealed, made once so that a script
// always means the same.
var sealedOnce = sync.OnceValue(func() (all [4]client.Sealed) {
	for i := range all {
		all[i] = testKey.Seal(fmt.Appendf(nil, "text %d", i))
	}
	return all
})

func newHostile(script []byte) *hostile {
	h := &hostile{texts: map[string]bool{"answer": true, "edited": true}, lines: strings.Split(string(script), "\n")}
	macros := []string{
		"$A", alice.Sender().Reveal(), "$B", bob.Sender().Reveal(), "$R", roomA, "$O", roomB, "$K", tokenA, "$T", ttl,
		"$J", fmt.Sprintf(`{"ref":"join","ok":{"room_id":%q,"ttl_expires_at":%q,"awaiting_party":false,"resume":%q}}`, roomA, ttl, tokenA),
	}
	for i, sealed := range sealedOnce() {
		h.texts[fmt.Sprintf("text %d", i)] = true
		id, ciphertext, iv := messageID(i).Reveal(), b64(sealed.Ciphertext), b64(sealed.IV[:])
		macros = append(macros, fmt.Sprint("$u", i), id, fmt.Sprint("$c", i), ciphertext, fmt.Sprint("$i", i), iv,
			fmt.Sprint("$m", i), sealedMessage(i, bob, ciphertext, iv, ""))
	}
	h.expand = strings.NewReplacer(macros...)
	return h
}

// serve is one connection.
func (h *hostile) serve(_ int, w http.ResponseWriter, r *http.Request) {
	h.conns.Add(1)
	defer h.conns.Done()
	if line, ok := h.peek("!status "); ok {
		code, err := strconv.Atoi(line)
		if err != nil || code < 200 || code > 599 {
			code = http.StatusTeapot
		}
		w.Header().Set("Retry-After", line)
		w.WriteHeader(code)
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow() //nolint:errcheck // the script may have closed it
	var reading sync.WaitGroup
	reading.Go(func() { h.listen(conn) })
	h.play(conn)
	_ = conn.CloseNow()
	reading.Wait()
}

// peek takes the next line if it begins with word, and returns the rest of it.
func (h *hostile) peek(word string) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.lines) == 0 || !strings.HasPrefix(h.lines[0], word) {
		return "", false
	}
	rest := h.lines[0][len(word):]
	h.lines = h.lines[1:]
	return rest, true
}

// listen keeps what of the client's requests a relay may want to use.
func (h *hostile) listen(conn *websocket.Conn) {
	for {
		_, text, err := conn.Read(context.Background())
		if err != nil {
			return
		}
		ref, data := refOf.FindSubmatch(text), dataOf.FindSubmatch(text)
		h.mu.Lock()
		if ref != nil {
			h.ref = string(ref[1])
		}
		if data != nil {
			h.sent = string(data[0])
		}
		h.mu.Unlock()
	}
}

var (
	refOf  = regexp.MustCompile(`"ref":"([^"]*)"`)
	dataOf = regexp.MustCompile(`"ciphertext":"[^"]*","iv":"[^"]*"`)
)

// play plays lines until one ends the connection. With the last line the relay
// ends it for good.
func (h *hostile) play(conn *websocket.Conn) {
	time.Sleep(time.Millisecond) // lets the join come
	for {
		line, ok := h.peek("")
		if !ok {
			_ = conn.Close(4500, "") // no client tries that again
			return
		}
		h.mu.Lock()
		line = strings.NewReplacer("$q", h.ref, "$e", h.sent).Replace(h.expand.Replace(line))
		h.mu.Unlock()
		kind, rest, _ := strings.Cut(line, " ")
		var err error
		switch kind {
		case "!close":
			code, _ := strconv.ParseUint(rest, 10, 12) // or 0, which is none
			_ = conn.Close(websocket.StatusCode(code), "")
			return
		case "!cut":
			return
		case "!wait":
			seconds, _ := strconv.ParseUint(rest, 10, 8) // or 0
			time.Sleep(time.Duration(seconds) * time.Second)
		case "!binary":
			err = conn.Write(context.Background(), websocket.MessageBinary, []byte(rest))
		default:
			err = conn.Write(context.Background(), websocket.MessageText, []byte(line))
		}
		if err != nil {
			return
		}
		time.Sleep(time.Millisecond) // the client deals with it
	}
}

// meet opens a session with the relay and answers whatever comes, to the end.
func (h *hostile) meet(t *testing.T, cfg client.Config) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cfg.Presence = true
	s, err := client.Open(ctx, cfg)
	if err != nil {
		checkDocumented(t, "open", err)
		return
	}
	defer s.Close()
	var calls sync.WaitGroup
	defer calls.Wait()
	call := func(what string, do func(context.Context) error) {
		calls.Go(func() {
			patience, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if err := do(patience); err != nil {
				checkDocumented(t, what, err)
			}
		})
	}
	for {
		event, err := s.Next(ctx)
		if err != nil {
			checkDocumented(t, "next", err)
			return
		}
		m, ok := h.messageIn(t, event)
		if !ok {
			continue
		}
		if m.Mine {
			call("edit", func(ctx context.Context) error { return s.Edit(ctx, m.ID, "edited") })
			call("delete", func(ctx context.Context) error { return s.Delete(ctx, m.ID) })
			continue
		}
		call("mark as read", func(ctx context.Context) error { return s.MarkRead(ctx, m.ID) })
		call("send", func(ctx context.Context) error {
			_, err := s.Send(ctx, "answer")
			return err
		})
		s.Typing()
	}
}

// messageIn returns the message that an event is about, if it has one, after a
// look at its text: it is one that was sealed, or none.
func (h *hostile) messageIn(t *testing.T, event client.Event) (m client.Message, ok bool) {
	if lost, ok := event.(client.Disconnected); ok {
		checkNamesNothing(t, lost.Err)
	}
	held := messageOf(event)
	if held == nil {
		return m, false
	}
	m = *held
	if m.Unreadable != (m.Text == "") || !m.Unreadable && !h.texts[m.Text] {
		t.Errorf("the text is %q, unreadable %v: nobody sealed that", m.Text, m.Unreadable)
	}
	return m, true
}

// documented are the errors that callers are told to expect.
var documented = []error{
	client.ErrClosed, client.ErrRoomExpired, client.ErrRoomLost, client.ErrUnanswered, client.ErrSuperseded, client.ErrNotFound,
	context.DeadlineExceeded, context.Canceled,
}

func checkDocumented(t *testing.T, what string, err error) {
	t.Helper()
	checkNamesNothing(t, err)
	for _, known := range documented {
		if errors.Is(err, known) {
			return
		}
	}
	if _, ok := errors.AsType[*client.Refusal](err); ok {
		return
	}
	if _, ok := errors.AsType[*client.CloseError](err); ok {
		return
	}
	if _, ok := errors.AsType[*client.StatusError](err); ok {
		return
	}
	t.Errorf("%s: %v, which no comment tells of", what, err)
}

var hashlike = regexp.MustCompile(`[0-9a-f]{40}|\$`)

func checkNamesNothing(t *testing.T, err error) {
	t.Helper()
	if hashlike.MatchString(err.Error()) {
		t.Errorf("an error says %q", err)
	}
}
