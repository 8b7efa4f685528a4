// Package plain is a conversation as lines of JSON, for bots and tests: requests
// come in, one object a line, answers and events go out.
//
// A request says what to "do"; "ref", if it has one, comes back with the answer,
// an object whose "event" is "done" or "error". Requests are done one after the
// other. Everything else that goes out tells what happened, in an order of its
// own: that a message was read may be told before the answer to its send. At the
// end of the input, after the last request is done, the room is left.
//
//	{"do":"new"}                                    {"event":"done","number":"+44 7700 900123,,48219 …","invitation":"My other number: …"}
//	{"do":"open","number":"…","pin":"271828","entry":"create","reads":true}
//	                                                {"event":"in","awaiting":true}
//	{"do":"send","text":"Tomorrow?","ref":"1"}      {"event":"done","ref":"1","id":"…"}
//	                                                {"event":"message","id":"…","text":"At four","sealed":true}
//	{"do":"send","text":"Too late"}                 {"event":"error","code":"stale","message":"A message came in just before. …","retry":true}
//	{"do":"voice","voice":{"ms":1500,"type":"audio/webm","data":"GkXf…"}}
//	{"do":"wipe"}                                   {"event":"ended","code":"ended","message":"…","retry":false}
//
// "do" is one of: new ("short":true for a short number), open, send, voice, edit,
// delete, read, mode ("on":true leaves nothing behind), hide ("on":true while
// nobody looks), let_wait, compare, check, wipe, leave. Edit and delete are of
// one's own message, read of the other's, which is in the room; on a private
// number a deleted message can be edited, not sent again. Only a private number
// has voice notes, their data in base64; one that comes in has no text. "entry" is one
// of create, enter, invited and again; left out, it is invited if the number
// stands in a sentence, else enter. With "reads" every message counts as read
// once its line is written.
//
// "event" is one of: done, error, in, message, edited, deleted, read, paired,
// presence, reach, typing, other_anew, keys_anew, disconnected, ended. Read and
// deleted say the "id" of the message.
package plain

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"sotto/client"
	"sotto/cmd/sotto-chat/internal/entry"
	"sotto/wire"
)

// maxLine is the longest request, in bytes: the longest voice note in base64.
const maxLine = 96 << 10

// Config says where to talk.
type Config struct {
	// URL of the relay.
	URL string
	// HTTP makes the connections.
	HTTP *http.Client
}

// request is a line in.
type request struct {
	Do, Ref, Number, PIN, Text string
	Entry                      entry.How
	Short, Reads, On           bool
	Voice                      voice
}

// talk is one conversation.
type talk struct {
	cfg Config

	// Owned by the goroutine of Run.
	door    entry.Door
	session *client.Session // nil before it is open

	// Immutable once the room is open.
	private, reads bool
	told           chan struct{} // closed when the session's events are all written
	stop           func()        // ends the reading of requests

	marking sync.WaitGroup // calls of MarkRead, which end with the session

	writing sync.Mutex // guards what follows
	out     io.Writer
	failed  error          // of out
	slot    wire.MessageID // what the room held as last written
}

// Run reads requests from in until it ends or a room does, and writes lines to
// out. It returns an error when in or out fails, or ctx ended; what goes wrong
// in a room is a line. Keys are overwritten before it returns. When ctx ends, a
// read of in may go on.
func Run(ctx context.Context, cfg Config, in io.Reader, out io.Writer) error {
	t := &talk{cfg: cfg, out: out}
	defer t.close(ctx)
	var reading context.Context
	reading, t.stop = context.WithCancel(ctx)
	defer t.stop()
	for next := range lines(reading, in) {
		if next.err != nil {
			return next.err
		}
		if err := t.do(ctx, next.line); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// line is what lines hands over.
type line struct {
	line []byte
	err  error
}

// lines reads in until it ends, or ctx does. Its goroutine ends with in: a read
// of a terminal or a pipe can't be stopped.
func lines(ctx context.Context, in io.Reader) func(yield func(line) bool) {
	out := make(chan line)
	go func() {
		defer close(out)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, maxLine)
		give := func(l line) bool {
			select {
			case out <- l:
				return true
			case <-ctx.Done():
				return false
			}
		}
		for scanner.Scan() {
			if !give(line{line: append([]byte(nil), scanner.Bytes()...)}) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			give(line{err: fmt.Errorf("read requests: %w", err)})
		}
	}()
	return func(yield func(line) bool) {
		for {
			select {
			case l, ok := <-out:
				if !ok || !yield(l) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// do does one request and writes its answer. The error is out's.
func (t *talk) do(ctx context.Context, text []byte) error {
	var r request
	answer := answer{Event: "done"}
	err := json.Unmarshal(text, &r)
	clear(text) // it may hold number and PIN
	if err != nil {
		err = entry.ErrRequest
	} else {
		answer.Ref = r.Ref
		err = t.perform(ctx, &r, &answer)
	}
	switch {
	case errors.Is(err, errSilent):
		return nil
	case err != nil:
		said := entry.Explain(err, r.Entry, t.door.Card.Private())
		return t.write(problem{Event: "error", Ref: r.Ref, Code: said.Code, Message: said.Text, Retry: said.Retry})
	}
	return t.write(answer)
}

// errSilent: the answer is written, or there is none to write.
var errSilent = errors.New("nothing more to say")

func (t *talk) perform(ctx context.Context, r *request, a *answer) error {
	switch {
	case r.Do == "new":
		card := entry.NewPrivate()
		if r.Short {
			card = entry.NewShort()
		}
		a.Number, a.Invitation = card.Text(), card.Invitation()
		return nil
	case r.Do == "open" && t.session == nil:
		return t.open(ctx, r)
	case t.session == nil:
		return fmt.Errorf("%w: open a room first", entry.ErrRequest)
	}
	s, id := t.session, t.current()
	switch r.Do {
	case "send":
		sent, err := s.Send(ctx, r.Text)
		if err == nil {
			a.ID = sent.Reveal()
			t.sent(id, sent)
		}
		return err
	case "edit":
		return s.Edit(ctx, id, r.Text)
	case "delete":
		return s.Delete(ctx, id)
	case "read":
		return s.MarkRead(ctx, id)
	case "check":
		return s.Check(ctx)
	case "wipe":
		return s.Expire(ctx)
	case "leave":
		t.leave(ctx)
		return errSilent
	}
	return t.performPrivate(ctx, r, a, id)
}

// performPrivate does what short numbers do not have. id is the message before.
func (t *talk) performPrivate(ctx context.Context, r *request, a *answer, id wire.MessageID) error {
	if !t.private {
		return entry.ErrRequest
	}
	s := t.session
	switch r.Do {
	case "voice":
		v := r.Voice
		sent, err := s.SendVoice(ctx, &client.Voice{Length: time.Duration(v.MS) * time.Millisecond, MediaType: v.Type, Data: v.Data})
		if err == nil {
			a.ID = sent.Reveal()
			t.sent(id, sent)
		}
		return err
	case "mode":
		s.SetMode(r.On)
	case "hide":
		s.Hide(r.On)
	case "let_wait":
		s.LetWait()
	case "compare":
		a.Digits = s.Compare()
	default:
		return entry.ErrRequest
	}
	return nil
}

// open opens the room and begins to tell what happens there.
func (t *talk) open(ctx context.Context, r *request) error {
	card, err := entry.Find(r.Number)
	if err != nil {
		return err
	}
	if r.Entry == "" {
		r.Entry = entry.Enter
		if card.Invited {
			r.Entry = entry.Invited
		}
	}
	t.door.Forget()
	t.door = entry.Door{URL: t.cfg.URL, HTTP: t.cfg.HTTP, Card: card, SittingOnly: r.On}
	s, first, err := t.door.Open(ctx, r.PIN, r.Entry)
	if err != nil {
		return err
	}
	t.session, t.private, t.reads, t.told = s, card.Private(), r.Reads, make(chan struct{})
	if err := t.write(answer{Event: "done", Ref: r.Ref}); err != nil {
		return err
	}
	go t.tell(ctx, s, first) // ends with the session; leave waits for it
	return errSilent
}

// leave leaves the room, in the mode can wait with what is to wait, and ends
// when all is written.
func (t *talk) leave(ctx context.Context) {
	entry.Leave(ctx, t.session, t.private)
	<-t.told
	t.marking.Wait()
}

// close ends what there is. Leaving may take a moment more than ctx.
func (t *talk) close(ctx context.Context) {
	if t.session != nil {
		t.leave(context.WithoutCancel(ctx))
	}
	t.door.Forget()
}
