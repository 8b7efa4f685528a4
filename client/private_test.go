package client_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"sotto/blind"
	"sotto/client"
	"sotto/wire"
)

// One root key for all tests, so that no code is hashed.
var privateRoot = blind.NewRootKey([32]byte{0: 'k', 31: 'x'})

const alicePIN, bobPIN = "493817", "205566"

// private opens a session of a private number.
func (w *world) private(pin string, entry client.Entry, openPagesOnly bool) (*client.Session, *phone, error) {
	id, err := client.DerivePrivate(privateRoot, pin)
	if err != nil {
		w.t.Fatal(err)
	}
	p := &phone{w: w}
	s, err := client.Open(w.t.Context(), client.Config{
		URL: "http://relay.example", Identity: id, Entry: entry, OpenPagesOnly: openPagesOnly,
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: true}},
	})
	if err == nil {
		w.t.Cleanup(s.Close)
	}
	return s, p, err
}

func (w *world) mustPrivate(pin string, entry client.Entry, openPagesOnly bool) (*client.Session, *phone) {
	w.t.Helper()
	s, p, err := w.private(pin, entry, openPagesOnly)
	if err != nil {
		w.t.Fatalf("open: %v", err)
	}
	return s, p
}

// until takes events up to one that is wanted.
func until[E client.Event](t *testing.T, s *client.Session, want func(E) bool) E {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for {
		event, err := s.Next(ctx)
		if err != nil {
			var none E
			t.Fatalf("no %T: %v", none, err)
		}
		if e, ok := event.(E); ok && want(e) {
			return e
		}
	}
}

// messageOf returns the message that an event is about; nil for none.
func messageOf(event client.Event) *client.Message {
	switch e := event.(type) {
	case client.State:
		return e.Message
	case client.NewMessage:
		return &e.Message
	case client.MessageEdited:
		return &e.Message
	}
	return nil
}

// shows takes events up to one that shows a message that is wanted.
func shows(t *testing.T, s *client.Session, want func(m client.Message) bool) client.Message {
	t.Helper()
	return *messageOf(until(t, s, func(e client.Event) bool {
		m := messageOf(e)
		return m != nil && want(*m)
	}))
}

// reaches takes events up to one that says that the other's page can be sealed
// to.
func reaches(t *testing.T, s *client.Session) {
	t.Helper()
	until(t, s, func(e client.Event) bool {
		state, _ := e.(client.State)
		reach, _ := e.(client.Reach)
		return state.Reach == blind.ReachPage || reach.Reach == blind.ReachPage
	})
}

func says(text string) func(client.Message) bool {
	return func(m client.Message) bool { return m.Text == text }
}

func TestPrivateConversation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		a, atA := w.mustPrivate(alicePIN, client.EntryCreate, false)
		b, _ := w.mustPrivate(bobPIN, client.EntryInvited, false)
		synctest.Wait()
		reaches(t, a)
		id := w.send(a, "hello")
		m := shows(t, b, says("hello"))
		if m.ID != id || m.Mine || m.Left || m.Unreadable {
			t.Errorf("a message like %t %t %t", m.Mine, m.Left, m.Unreadable)
		}
		if err := b.MarkRead(t.Context(), m.ID); err != nil {
			t.Error(err)
		}
		until(t, a, func(e client.MessageRead) bool { return e.ID == id })
		if got := a.Compare(); got == "" || got != b.Compare() {
			t.Errorf("they compare %q and %q", got, b.Compare())
		}
		if err := a.Edit(t.Context(), id, "too late"); !errors.Is(err, client.ErrNotEditable) {
			t.Errorf("edit of a read message: %v", err)
		}
		atA.cut()
		answer, replaced, err := b.Answer(t.Context(), "answer")
		if err != nil || replaced != id {
			t.Errorf("an answer that replaces another message: %v", err)
		}
		id = answer
		shows(t, a, says("answer"))
		if err := b.Edit(t.Context(), id, "better"); err != nil {
			t.Error(err)
		}
		shows(t, a, says("better"))
		if err := b.Delete(t.Context(), id); err != nil {
			t.Error(err)
		}
		shows(t, a, func(m client.Message) bool { return m.Deleted })
		if err := b.Expire(t.Context()); err != nil {
			t.Error(err)
		}
		wantEnd(t, a, client.ErrRoomExpired)
	})
}

// What waits behind another call is still about the slot that its caller saw: a
// text answers nothing else, and nothing else is changed.
func TestPrivateQueueKeepsWhatWasSeen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		a, atA := w.mustPrivate(alicePIN, client.EntryCreate, false)
		b, _ := w.mustPrivate(bobPIN, client.EntryInvited, false)
		reaches(t, a)
		id := w.send(a, "hello")
		shows(t, a, says("hello"))
		shows(t, b, says("hello"))
		atA.deaf.Store(true)
		answer := w.send(b, "the answer")
		done := make([]chan error, 3)
		for i, call := range []func(ctx context.Context) error{
			func(ctx context.Context) error { return a.Edit(ctx, id, "hello!") },
			func(ctx context.Context) error { _, err := a.Send(ctx, "one more thing"); return err },
			func(ctx context.Context) error { return a.Delete(ctx, id) },
		} {
			done[i] = make(chan error, 1)
			go func() { done[i] <- call(t.Context()) }()
			synctest.Wait()
		}
		atA.cut()
		for i, want := range []error{client.ErrNotEditable, client.ErrStale, client.ErrNotFound} {
			if err := <-done[i]; !errors.Is(err, want) {
				t.Errorf("call %d: %v, want %v", i, err, want)
			}
		}
		if m := shows(t, a, says("the answer")); m.ID != answer {
			t.Error("another message than the answer")
		}
		w.send(a, "now it is answered")
		shows(t, b, says("now it is answered"))
	})
}

func TestPrivateEntries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		try := func(what, pin string, entry client.Entry, want error) {
			t.Helper()
			s, _, err := w.private(pin, entry, false)
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
			if s != nil {
				s.Close()
			}
		}
		try("enter where nobody is", bobPIN, client.EntryEnter, client.ErrNotFound)
		a, _ := w.mustPrivate(alicePIN, client.EntryCreate, false)
		if got := a.Compare(); got != "" {
			t.Errorf("compares %q with nobody", got)
		}
		try("another PIN than the creator's", bobPIN, client.EntryEnter, client.ErrCodeRequired)
		try("invited, with the creator's PIN", alicePIN, client.EntryInvited, client.ErrPINTaken)
		if _, err := a.Send(t.Context(), "for whoever comes"); err != nil { // a was not moved
			t.Error(err)
		}
		b, _ := w.mustPrivate(bobPIN, client.EntryInvited, false) // [Take it]
		if m := shows(t, b, says("for whoever comes")); !m.Left {
			t.Error("a message for nobody is not left")
		}
		try("a third", "111111", client.EntryInvited, client.ErrUnauthorized)
		try("create where two are", alicePIN, client.EntryCreate, client.ErrTaken)

		again, _ := w.mustPrivate(bobPIN, client.EntryEnter, false)
		wantEnd(t, b, client.ErrMoved)
		if m := shows(t, again, says("for whoever comes")); m.Mine {
			t.Error("the other's message is one's own")
		}
		until(t, a, func(client.OtherAnew) bool { return true })

		// A restart: both come back, in any order.
		old := w.relay.Load()
		w.start()
		w.stop(old)
		wantEnd(t, a, client.ErrRoomLost)
		wantEnd(t, again, client.ErrRoomLost)
		b, _ = w.mustPrivate(bobPIN, client.EntryAgain, false)
		a, _ = w.mustPrivate(alicePIN, client.EntryAgain, false)
		w.send(a, "here again")
		shows(t, b, says("here again"))
	})
}

// A sealed message that waits for a page that went is left, in the mode can
// wait, and is sealed anew for the page that follows in open pages only.
func TestPrivateModes(t *testing.T) {
	for _, strict := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t)
			a, _ := w.mustPrivate(alicePIN, client.EntryCreate, strict)
			if _, err := a.Send(t.Context(), "nobody is here"); errors.Is(err, client.ErrAway) != strict {
				t.Errorf("strict %t: send to nobody: %v", strict, err)
			}
			b, _ := w.mustPrivate(bobPIN, client.EntryInvited, strict)
			reaches(t, a)
			if !strict {
				shows(t, b, says("nobody is here"))
				w.send(b, "I am")
				shows(t, a, says("I am"))
			}
			w.send(a, "waits")
			if m := shows(t, a, says("waits")); m.Left {
				t.Error("left, though they are here")
			}
			b.Close()
			if !strict {
				shows(t, a, func(m client.Message) bool { return m.Left })
			}
			again, _ := w.mustPrivate(bobPIN, client.EntryEnter, strict)
			if m := shows(t, again, says("waits")); m.Left == strict {
				t.Errorf("strict %t: left %t", strict, m.Left)
			}
			// Who leaves has the words wait, or takes them along.
			w.send(again, "my last words")
			shows(t, a, says("my last words"))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			again.Leave(ctx)
			synctest.Wait() // a's copy follows the acknowledgement
			if m := a.Compare(); (m == "") == strict {
				t.Errorf("strict %t: compares %q", strict, m)
			}
		})
	}
}

// The acknowledgement is lost with the connection; the same goes out again, and
// is done once. Keys, texts and root are gone with the session.
func TestPrivateRetry(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		a, atA := w.mustPrivate(alicePIN, client.EntryCreate, false)
		b, _ := w.mustPrivate(bobPIN, client.EntryInvited, false)
		reaches(t, a)
		var id wire.MessageID
		for _, step := range []struct {
			text string
			do   func(text string) error
		}{
			{"sent", func(text string) error { _, err := a.Send(t.Context(), text); return err }},
			{"edited", func(text string) error { return a.Edit(t.Context(), id, text) }},
		} {
			atA.deaf.Store(true)
			done := make(chan error, 1)
			go func() { done <- step.do(step.text) }()
			shows(t, b, says(step.text))
			atA.cut()
			if err := <-done; err != nil {
				t.Errorf("%s: %v", step.text, err)
			}
			id = shows(t, a, says(step.text)).ID
		}
		w.send(b, "answer")
		shows(t, a, says("answer"))
	})
}

// A voice note arrives whole, also after a connection lost in the middle; a caller
// that knows nothing of them sees a message it can't read.
func TestPrivateVoice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		a, atA := w.mustPrivate(alicePIN, client.EntryCreate, false)
		b, _ := w.mustPrivate(bobPIN, client.EntryInvited, false)
		synctest.Wait()
		reaches(t, a)
		const mediaType = "audio/webm;codecs=opus"
		for i, size := range []int{1, 20_000, blind.MaxVoice - len(mediaType)} {
			note := &client.Voice{Length: 30 * time.Second, MediaType: mediaType, Data: make([]byte, size)}
			note.Data[size-1] = byte(i + 1)
			id, err := a.SendVoice(t.Context(), note)
			if err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			for _, s := range []*client.Session{a, b} {
				m := shows(t, s, func(m client.Message) bool { return m.ID == id && !m.Left })
				if m.Voice == nil || !m.Unreadable || m.Text != "" || m.Deleted || m.Voice.Length != note.Length ||
					m.Voice.MediaType != mediaType || !bytes.Equal(m.Voice.Data, note.Data) {
					t.Fatalf("%d bytes came as something else", size)
				}
			}
			if err := b.MarkRead(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			answer := w.send(b, "heard")
			shows(t, a, says("heard"))
			if err := a.MarkRead(t.Context(), answer); err != nil { // else it is locked anew for an absent page
				t.Fatal(err)
			}
			until(t, b, func(e client.MessageRead) bool { return e.ID == answer })
			if i < 2 {
				atA.cut() // and the next one is sent while there is no connection
			}
		}
		_, err := a.SendVoice(t.Context(), &client.Voice{MediaType: mediaType, Data: make([]byte, blind.MaxVoice)})
		if !errors.Is(err, client.ErrTooLarge) {
			t.Errorf("one that is too long: %v", err)
		}
		if _, err := a.SendVoice(t.Context(), &client.Voice{MediaType: "\n"}); !errors.Is(err, client.ErrText) {
			t.Errorf("a media type that is none: %v", err)
		}
	})
}

// The longest voice note takes 70 s at 10 kbit/s: its connection is not given up
// meanwhile, nor for what waits behind it, nor for a ping of the relay's.
func TestPrivateVoice_SlowUplink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		a, atA := w.mustPrivate(alicePIN, client.EntryCreate, false)
		b, _ := w.mustPrivate(bobPIN, client.EntryInvited, false)
		synctest.Wait()
		reaches(t, a)
		w.send(a, "one")
		shows(t, b, says("one"))
		w.send(b, "two")
		shows(t, a, says("two"))
		time.Sleep(200 * time.Second) // pings come after 210 to 240
		atA.uplink.Store(10_000 / 8)
		sent := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			const mediaType = "audio/webm"
			_, err := a.SendVoice(ctx, &client.Voice{MediaType: mediaType, Data: make([]byte, blind.MaxVoice-len(mediaType))})
			sent <- err
		}()
		time.Sleep(10 * time.Second)
		b.Close() // the page that comes in its place is greeted behind the note
		b, _, err := w.private(bobPIN, client.EntryEnter, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		shows(t, b, func(m client.Message) bool { return m.Voice != nil })
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		for {
			event, err := a.Next(ctx)
			if err != nil {
				break // quiet
			}
			if lost, ok := event.(client.Disconnected); ok {
				t.Fatalf("the connection was given up: %v", lost.Err)
			}
		}
	})
}
