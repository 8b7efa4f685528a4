package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sotto/client"
)

// The acknowledgement is lost with the connection: the same send goes out
// again, marked as the same, and the caller notices nothing but time.
func TestSendIsRepeatedWithItsNonce(t *testing.T) {
	for name, drop := range map[string]func(p *peer){
		"connection cut": func(*peer) {},
		"relay silent":   func(p *peer) { p.drain() }, // given up after a while
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				sends := make(chan frame, 3)
				lose := func(p *peer) {
					p.letIn(roomA, tokenA, "")
					sends <- p.expect("send_message")
					drop(p)
				}
				f := fake(t, script(t, lose, lose, func(p *peer) {
					p.letIn(roomA, tokenA, "")
					send := p.expect("send_message")
					sends <- send
					p.took(send, 1)
					if again := p.read(); again != nil {
						t.Errorf("an answered send is followed by %v", again["event"])
					}
				}))
				s := f.open(f.config())
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				id, err := s.Send(ctx, "hello")
				if err != nil || id != messageID(1) {
					t.Errorf("send = %v, another id: %t", err, id != messageID(1))
				}
				first := <-sends
				for range 2 {
					again := <-sends
					for _, key := range []string{"nonce", "ciphertext", "iv", "replaces"} {
						if a, b := fmt.Sprint(first.data(key)), fmt.Sprint(again.data(key)); a != b {
							t.Errorf("%s differs in the repeat", key)
						}
					}
				}
				if nonce, _ := first.data("nonce").(string); len(nonce) != 32 {
					t.Errorf("nonce of %d digits", len(nonce))
				}
				took := time.Since(start)
				if name == "relay silent" && (took < 40*time.Second || took > 50*time.Second) {
					t.Errorf("two silent connections took %v", took)
				}
			})
		})
	}
}

// A call that waited for a connection has its full time to be answered there.
func TestAnswerIsDueFromTheWriting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) { p.letIn(roomA, tokenA, "") }, func(p *peer) {
			time.Sleep(18 * time.Second)
			p.letIn(roomA, tokenA, "")
			send := p.expect("send_message")
			time.Sleep(19 * time.Second)
			p.took(send, 1)
			p.drain()
		}))
		s := f.open(f.config())
		next[client.State](t, s)
		next[client.Disconnected](t, s)
		if _, err := s.Send(t.Context(), "hello"); err != nil {
			t.Error(err)
		}
		if n := len(f.dials()); n != 2 {
			t.Errorf("dialled %d times", n)
		}
	})
}

// A call whose answer was lost and whose effect shows in the new state is done.
func TestCallsSettledByState(t *testing.T) {
	id := messageID(1)
	edit := func(ctx context.Context, s *client.Session) error { return s.Edit(ctx, id, "new text") }
	remove := func(ctx context.Context, s *client.Session) error { return s.Delete(ctx, id) }
	read := func(ctx context.Context, s *client.Session) error { return s.MarkRead(ctx, id) }
	send := func(ctx context.Context, s *client.Session) error { _, err := s.Send(ctx, "text"); return err }
	answer := func(ctx context.Context, s *client.Session) error {
		if _, err := s.Next(ctx); err != nil { // the state
			return err
		}
		return send(ctx, s)
	}
	const at = "2026-06-01T11:00:00Z"
	for name, test := range map[string]struct {
		author client.Identity
		call   func(context.Context, *client.Session) error
		after  func(f frame) string // the slot at the return, given the lost call
		again  string               // the answer when it must go out again
		want   error
	}{
		"edit done":             {alice, edit, func(f frame) string { return edited(f, "") }, "", nil},
		"edit done, then read":  {alice, edit, func(f frame) string { return edited(f, at) }, "", nil},
		"edit not done":         {alice, edit, func(frame) string { return message(1, alice, "old", "") }, `"ok":{}`, nil},
		"edit, answered":        {alice, edit, func(frame) string { return message(2, bob, "other", "") }, `"error":{"reason":"not_found"}`, client.ErrUnanswered},
		"edit not done, read":   {alice, edit, func(frame) string { return message(1, alice, "old", at) }, `"error":{"reason":"not_editable"}`, client.ErrNotEditable},
		"delete done":           {alice, remove, func(frame) string { return "" }, "", nil},
		"delete not done":       {alice, remove, func(frame) string { return message(1, alice, "old", "") }, `"ok":{}`, nil},
		"delete, answered":      {alice, remove, func(frame) string { return message(2, bob, "other", "") }, `"error":{"reason":"not_found"}`, client.ErrUnanswered},
		"send crossed":          {bob, send, func(frame) string { return message(2, bob, "other", "") }, `"error":{"reason":"stale"}`, client.ErrUnanswered},
		"answer crossed":        {bob, answer, func(frame) string { return message(2, bob, "other", "") }, `"error":{"reason":"stale"}`, client.ErrStale},
		"read done":             {bob, read, func(frame) string { return message(1, bob, "old", at) }, "", nil},
		"read, message is gone": {bob, read, func(frame) string { return "" }, "", nil},
		"read, other message":   {bob, read, func(frame) string { return message(2, bob, "other", "") }, "", nil},
		"read not done":         {bob, read, func(frame) string { return message(1, bob, "old", "") }, "broadcast", nil},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				lost := make(chan frame, 1)
				f := fake(t, script(t, func(p *peer) {
					p.letIn(roomA, tokenA, message(1, test.author, "old", ""))
					lost <- p.read()
				}, func(p *peer) {
					p.letIn(roomA, tokenA, test.after(<-lost))
					switch f := p.read(); {
					case f == nil && test.again != "":
						t.Error("did not go out again")
					case f != nil && test.again == "":
						t.Errorf("%v went out again", f["event"])
					case test.again == "broadcast":
						p.send(`{"event":"message_read","data":{"message_id":%q,"read_at":%q}}`, id.Reveal(), at)
					case f != nil:
						p.answer(f, "%s", test.again)
					}
					p.drain()
				}))
				s := f.open(f.config())
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := test.call(ctx, s); !errors.Is(err, test.want) || errors.Is(err, client.ErrUnanswered) != errors.Is(test.want, client.ErrUnanswered) {
					t.Errorf("got %v, want %v", err, test.want)
				}
				synctest.Wait() // nothing more is on its way
				s.Close()
			})
		})
	}
}

// edited is the message after the edit in f.
func edited(f frame, readAt string) string {
	return sealedMessage(1, alice, f.data("ciphertext").(string), f.data("iv").(string), readAt)
}

// Two edits wait when the connection is lost: only the later one goes out again,
// so that the earlier one cannot undo it.
func TestLaterEditSupersedes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first, lose, again := make(chan struct{}), make(chan struct{}), make(chan frame, 2)
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, message(1, alice, "old", ""))
			p.expect("edit_message")
			close(first)
			p.expect("edit_message")
			<-lose
		}, func(p *peer) {
			p.letIn(roomA, tokenA, message(1, alice, "old", ""))
			for f := p.read(); f != nil; f = p.read() {
				again <- f
				p.answer(f, `"ok":{}`)
			}
		}))
		s := f.open(f.config())
		earlier, later := make(chan error, 1), make(chan error, 1)
		go func() { earlier <- s.Edit(t.Context(), messageID(1), "earlier") }()
		<-first
		go func() { later <- s.Edit(t.Context(), messageID(1), "later") }()
		if err := <-earlier; !errors.Is(err, client.ErrSuperseded) {
			t.Errorf("the earlier edit: %v", err)
		}
		close(lose)
		if err := <-later; err != nil {
			t.Errorf("the later edit: %v", err)
		}
		synctest.Wait()
		if n := len(again); n != 1 {
			t.Fatalf("%d edits went out again", n)
		}
		if text := opened(t, testKey, <-again); text != "later" {
			t.Errorf("%q went out again", text)
		}
	})
}
