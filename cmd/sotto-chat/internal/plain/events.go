package plain

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"sotto/blind"
	"sotto/client"
	"sotto/cmd/sotto-chat/internal/entry"
	"sotto/wire"
)

// answer says that a request is done.
type answer struct {
	Event      string `json:"event"`
	Ref        string `json:"ref,omitempty"`
	ID         string `json:"id,omitempty"`
	Number     string `json:"number,omitempty"`
	Invitation string `json:"invitation,omitempty"`
	Digits     string `json:"digits,omitempty"`
}

// problem says that a request was not done, or why the room was left.
type problem struct {
	Event   string `json:"event"`
	Ref     string `json:"ref,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Retry   bool   `json:"retry"`
}

// event is what happened.
type event struct {
	Event     string `json:"event"`
	ID        string `json:"id,omitempty"` // of in, message, edited, deleted and read
	*message         // of in, message, edited
	Awaiting  *bool  `json:"awaiting,omitempty"`    // of in: the other has never come
	Connected *bool  `json:"connected,omitempty"`   // of presence
	Reach     string `json:"reach,omitempty"`       // of in, reach: page, card or nobody
	RetryMS   int64  `json:"retry_in_ms,omitempty"` // of disconnected
}

// message is what the room holds.
type message struct {
	Mine       bool   `json:"mine,omitempty"`
	Text       string `json:"text"`
	Unreadable bool   `json:"unreadable,omitempty"`
	Deleted    bool   `json:"deleted,omitempty"`
	Sealed     bool   `json:"sealed,omitempty"`
	Left       bool   `json:"left,omitempty"`
	Unseen     bool   `json:"unseen,omitempty"`
	Read       bool   `json:"read,omitempty"`
	Sent       string `json:"sent"`
	Written    string `json:"written,omitempty"`
	Voice      *voice `json:"voice,omitempty"`
}

// voice is a voice note.
type voice struct {
	MS   int64  `json:"ms"`
	Type string `json:"type"`
	Data []byte `json:"data"`
}

func (t *talk) message(m *client.Message) *message {
	if m == nil {
		return nil
	}
	out := &message{
		Mine: m.Mine, Text: m.Text, Unreadable: m.Unreadable, Deleted: m.Deleted,
		Left: m.Left, Sealed: t.private && !m.Left, Unseen: m.Unseen, Read: !m.ReadAt.IsZero(), Sent: stamp(m.SentAt),
	}
	if v := m.Voice; v != nil {
		out.Unreadable, out.Voice = false, &voice{v.Length.Milliseconds(), v.MediaType, v.Data}
	}
	if !m.Written.IsZero() {
		out.Written = stamp(m.Written)
	}
	return out
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// tell writes what happens until the session ends, and then why it did.
func (t *talk) tell(ctx context.Context, s *client.Session, next client.Event) {
	defer close(t.told)
	defer t.stop()
	ctx = context.WithoutCancel(ctx) // the session's end comes with Close
	for {
		t.happened(ctx, s, next)
		var err error
		if next, err = s.Next(ctx); err != nil {
			said := entry.Explain(err, "", t.private)
			_ = t.write(problem{Event: "ended", Code: said.Code, Message: said.Text, Retry: said.Retry})
			return
		}
	}
}

// happened writes one event. What is no news to a program is left out.
func (t *talk) happened(ctx context.Context, s *client.Session, happened client.Event) {
	var line event
	var read *client.Message // it can be read now
	hold := func(m *client.Message) {
		line.message = t.message(m)
		if m == nil {
			t.hold(wire.MessageID{})
			return
		}
		t.hold(m.ID)
		line.ID = m.ID.Reveal()
		if !m.Mine && (!m.Unreadable || m.Voice != nil) {
			read = m
		}
	}
	switch e := happened.(type) {
	case client.State:
		line.Event, line.Awaiting, line.Reach = "in", &e.AwaitingParty, t.reachWord(e.Reach)
		hold(e.Message)
	case client.NewMessage:
		line.Event = "message"
		hold(&e.Message)
	case client.MessageEdited:
		line.Event = "edited"
		hold(&e.Message)
	case client.MessageDeleted:
		line.Event, line.ID = "deleted", e.ID.Reveal()
		hold(nil)
	case client.MessageRead:
		line.Event, line.ID = "read", e.ID.Reveal()
	case client.Paired:
		line.Event = "paired"
	case client.Presence:
		line.Event, line.Connected = "presence", &e.Connected
	case client.Reach:
		line.Event, line.Reach = "reach", t.reachWord(e.Reach)
	case client.Typing:
		line.Event = "typing"
	case client.OtherAnew:
		line.Event = "other_anew"
	case client.KeysAnew:
		line.Event = "keys_anew"
	case client.Disconnected:
		line.Event, line.RetryMS = "disconnected", e.Retry.Milliseconds()
	}
	if t.write(line) == nil && read != nil && t.reads && read.ReadAt.IsZero() {
		t.markRead(ctx, s, read.ID)
	}
}

// markRead has the relay tell that a message was read, without waiting: an
// answer that never comes is no reason to stop telling.
func (t *talk) markRead(ctx context.Context, s *client.Session, id wire.MessageID) {
	t.marking.Go(func() { _ = s.MarkRead(ctx, id) }) // ends with the session
}

func (t *talk) reachWord(r blind.Reach) string {
	switch {
	case !t.private:
		return ""
	case r == blind.ReachPage:
		return "page"
	case r == blind.ReachCode:
		return "card"
	}
	return "nobody"
}

func (t *talk) hold(id wire.MessageID) {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.slot = id
}

// sent notes a message that was sent where another one was before, unless its
// event has come, and perhaps the other's answer.
func (t *talk) sent(before, id wire.MessageID) {
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.slot == before {
		t.slot = id
	}
}

// current is the message that requests are about.
func (t *talk) current() wire.MessageID {
	t.writing.Lock()
	defer t.writing.Unlock()
	return t.slot
}

// write writes a line. After a failure it writes none.
func (t *talk) write(line any) error {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(line); err != nil {
		return err
	}
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.failed == nil {
		_, t.failed = io.WriteString(t.out, escaped(text.String()))
	}
	return t.failed
}

// escaped writes as JSON escapes what JSON would let through and a terminal may
// obey: control characters, and marks for the direction of writing.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r):
			b.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				_, _ = fmt.Fprintf(&b, `\u%04x`, unit) // never fails
			}
		}
	}
	return b.String()
}
