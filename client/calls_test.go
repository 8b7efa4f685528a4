package client_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sotto/client"
	"sotto/wire"
)

// ok answers a call.
func (p *peer) ok(f frame) { p.answer(f, `"ok":{}`) }

// took answers a send.
func (p *peer) took(f frame, n int) {
	p.answer(f, `"ok":{"message_id":%q}`, messageID(n).Reveal())
}

// A message goes out as the answer to what the caller has seen, not to what the
// relay holds by then.
func TestReplacesIsWhatTheCallerHasSeen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		replaces := make(chan any, 10)
		steps := make(chan string) // broadcasts to make
		nonces := map[any]bool{}
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, message(1, bob, "waiting", ""))
			go func() {
				for step := range steps {
					p.send(`%s`, step)
				}
			}()
			for n := 100; ; n++ {
				f := p.read()
				switch f["event"] {
				case "send_message":
					if nonce := f.data("nonce"); nonces[nonce] {
						t.Error("two sends share a nonce")
					} else {
						nonces[nonce] = true
					}
					replaces <- f.data("replaces")
					p.took(f, n)
				case "delete_message":
					p.ok(f)
				default:
					return
				}
			}
		}))
		defer close(steps)
		s := f.open(f.config())
		var sent, none wire.MessageID
		want := func(what string, id wire.MessageID) {
			t.Helper()
			var replaced wire.MessageID
			var err error
			if sent, replaced, err = s.Answer(t.Context(), "text"); err != nil {
				t.Fatal(err)
			}
			if replaced != id {
				t.Errorf("%s: says that it replaces another message", what)
			}
			got := <-replaces
			if id == none && got != nil || id != none && got != id.Reveal() {
				t.Errorf("%s: replaces another message", what)
			}
		}

		want("state not taken yet", none)
		next[client.State](t, s)
		want("state taken", messageID(1))
		want("own message sent", sent)
		steps <- posted(message(2, bob, "answer", ""))
		synctest.Wait()
		want("answer not taken yet", sent)
		next[client.NewMessage](t, s)
		want("answer taken", messageID(2))
		if err := s.Delete(t.Context(), sent); err != nil {
			t.Error(err)
		}
		want("own message deleted", none)
		steps <- posted(message(3, bob, "answer", ""))
		next[client.NewMessage](t, s)
		steps <- `{"event":"message_deleted","data":{"message_id":"` + messageID(3).Reveal() + `"}}`
		synctest.Wait()
		want("deletion not taken yet", messageID(3))
		next[client.MessageDeleted](t, s)
		want("deletion taken, but sent since", sent)
	})
}

// The order of broadcast and acknowledgement is not to be relied on: an answer
// that was taken before the acknowledgement came is what was seen last.
func TestLateAcknowledgement(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, "")
			send := p.expect("send_message")
			p.send(`%s`, posted(message(1, alice, "mine", "")))
			p.send(`%s`, posted(message(2, bob, "answer", "")))
			time.Sleep(time.Second)
			p.took(send, 1)
			if f := p.expect("send_message"); f.data("replaces") != messageID(2).Reveal() {
				t.Error("does not answer the answer")
			} else {
				p.took(f, 3)
			}
			p.drain()
		}))
		s := f.open(f.config())
		next[client.State](t, s)
		sent := make(chan error, 1)
		go func() {
			_, err := s.Send(t.Context(), "mine")
			sent <- err
		}()
		next[client.NewMessage](t, s)
		next[client.NewMessage](t, s)
		if err := <-sent; err != nil {
			t.Error(err)
		}
		if _, err := s.Send(t.Context(), "again"); err != nil {
			t.Error(err)
		}
	})
}

func TestTextIsCheckedBeforeItGoes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, "")
			send := p.expect("send_message")
			if text, _ := send.data("ciphertext").(string); len(text) != 10924 { // 8192 bytes in base64
				t.Errorf("ciphertext of %d digits", len(text))
			}
			p.took(send, 1)
			p.drain()
		}))
		s := f.open(f.config())
		if _, err := s.Send(t.Context(), strings.Repeat("a", 8177)); !errors.Is(err, client.ErrTooLarge) {
			t.Errorf("one byte too long: %v", err)
		}
		if err := s.Edit(t.Context(), messageID(1), strings.Repeat("a", 8177)); !errors.Is(err, client.ErrTooLarge) {
			t.Errorf("edit, one byte too long: %v", err)
		}
		if _, err := s.Send(t.Context(), "\xff"); !errors.Is(err, client.ErrText) {
			t.Errorf("not UTF-8: %v", err)
		}
		if _, err := s.Send(t.Context(), strings.Repeat("a", 8176)); err != nil {
			t.Errorf("of the exact length: %v", err)
		}
	})
}

func TestMarkRead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, message(1, bob, "hello", ""))
			read := p.expect("read_receipt")
			if read.data("message_id") != messageID(1).Reveal() {
				t.Error("another message was read")
			}
			p.send(`{"event":"message_read","data":{"message_id":%q,"read_at":"2026-06-01T11:00:00Z"}}`, messageID(1).Reveal())
			p.send(`%s`, posted(message(2, alice, "mine", "")))
			if f := p.read(); f != nil {
				t.Errorf("got %v", f["event"])
			}
		}))
		s := f.open(f.config())
		for range 2 { // the second time nothing is to be done
			if err := s.MarkRead(t.Context(), messageID(1)); err != nil {
				t.Error(err)
			}
		}
		next[client.State](t, s)
		if e := next[client.MessageRead](t, s); e.ID != messageID(1) || !e.ReadAt.Equal(time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC)) {
			t.Errorf("read at %v", e.ReadAt)
		}
		next[client.NewMessage](t, s)
		if err := s.MarkRead(t.Context(), messageID(2)); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("own message: %v", err)
		}
		if err := s.MarkRead(t.Context(), messageID(1)); err != nil {
			t.Errorf("replaced message: %v", err)
		}
	})
}

// A context ends a call at once. Whether the request went out decides what the
// caller is told; an abandoned call does not come back on the next connection.
func TestCallEndsWithContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, "")
			p.expect("send_message")
			<-t.Context().Done()
		}, func(p *peer) { p.drain() }))
		s := f.open(f.config())
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := s.Send(ctx, "hello")
		if !errors.Is(err, client.ErrUnanswered) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("sent, no answer: %v after %v", err, time.Since(start))
		}
		if _, err := s.Send(ctx, "hello"); errors.Is(err, client.ErrUnanswered) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("context over before the call: %v", err)
		}
		s.Close()
	})
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) { p.letIn(roomA, tokenA, "") }, func(p *peer) {
			p.expect("join")
			time.Sleep(10 * time.Second) // meanwhile the call below ends
			p.answer(frame{"ref": "join"}, `"ok":{"room_id":%q,"ttl_expires_at":%q,"awaiting_party":false}`, roomA, ttl)
			if f := p.read(); f != nil {
				t.Errorf("an abandoned call came back: %v", f["event"])
			}
		}))
		s := f.open(f.config())
		next[client.State](t, s)
		next[client.Disconnected](t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := s.Send(ctx, "hello"); errors.Is(err, client.ErrUnanswered) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("never sent: %v", err)
		}
		next[client.State](t, s)
		s.Close()
	})
}

// The end of a session ends its calls. Whether the request went out decides
// what the caller is told here too: the other person may have seen the message.
func TestCallEndsWithSession(t *testing.T) {
	for name, test := range map[string]struct {
		wentOut bool
		script  []func(p *peer)
	}{
		"sent, no answer": {true, []func(p *peer){func(p *peer) {
			p.letIn(roomA, tokenA, "")
			p.expect("send_message")
			p.close(1012)
		}}},
		"sent before the connection broke": {true, []func(p *peer){func(p *peer) {
			p.letIn(roomA, tokenA, "")
			p.expect("send_message")
		}, func(p *peer) { p.close(1012) }}},
		"never sent": {false, []func(p *peer){func(p *peer) {
			p.letIn(roomA, tokenA, "")
		}, func(p *peer) {
			p.expect("join")
			time.Sleep(10 * time.Second) // meanwhile the call begins
			p.close(1012)
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := fake(t, script(t, test.script...))
				s := f.open(f.config())
				next[client.State](t, s)
				if !test.wentOut {
					next[client.Disconnected](t, s)
				}
				_, err := s.Send(t.Context(), "hello")
				if !errors.Is(err, client.ErrRoomLost) || errors.Is(err, client.ErrUnanswered) != test.wentOut {
					t.Errorf("send = %v", err)
				}
				wantEnd(t, s, client.ErrRoomLost)
			})
		})
	}
}

func TestTyping(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := time.Now()
		var typed []time.Duration
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, "")
			for f := p.read(); f != nil; f = p.read() {
				if f["event"] != "typing" {
					t.Errorf("got %v", f["event"])
				}
				typed = append(typed, time.Since(start).Round(time.Second))
			}
		}))
		s := f.open(f.config())
		for range 100 {
			s.Typing()
			time.Sleep(100 * time.Millisecond)
		}
		s.Close()
		synctest.Wait()
		if got := fmt.Sprint(typed); got != "[0s 3s 6s 9s]" {
			t.Errorf("typing went out at %s", got)
		}
	})
}
