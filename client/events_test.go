package client_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"sotto/client"
)

// A caller who takes no events costs a bounded queue, and misses nothing that
// is still on the relay.
func TestSlowCallerGetsState(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, "")
			p.send(`{"event":"presence","data":{"connected":true}}`)
			for n := range 201 {
				p.send(`%s`, posted(message(n, bob, "text", "")))
			}
		}, func(p *peer) { <-t.Context().Done() }))
		s := f.open(f.config())
		time.Sleep(10 * time.Second)
		s.Close()
		var last *client.Message
		var connected bool
		events := 0
		for {
			event, err := s.Next(t.Context())
			if err != nil {
				if !errors.Is(err, client.ErrClosed) {
					t.Error(err)
				}
				break
			}
			events++
			switch e := event.(type) {
			case client.State:
				last, connected = e.Message, e.OtherConnected
			case client.NewMessage:
				last = &e.Message
			}
		}
		if events > 64 {
			t.Errorf("%d events were kept", events)
		}
		if last == nil || last.ID != messageID(200) || !connected {
			t.Error("the events do not lead to the state of the room")
		}
	})
}

func TestEvents(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const at = "2026-06-01T11:00:00Z"
		sealed := testKey.Seal([]byte("edited"))
		other := messageID(9).Reveal()
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, "")
			id := messageID(1).Reveal()
			p.send(`{"event":"party_paired","data":{}}`)
			p.send(`{"event":"party_paired","data":{"ttl_expires_at":%q}}`, at)
			p.send(`{"event":"presence","data":{"connected":true}}`)
			p.send(`{"event":"counterparty_typing","data":{}}`)
			p.send(`{"event":"something_new","data":{"a":[1,2]}}`)
			p.send(`%s`, posted(message(1, bob, "hello", "")))
			p.send(`{"event":"message_edited","data":{"message_id":%q,"ciphertext":%q,"iv":%q}}`, other, b64(sealed.Ciphertext), b64(sealed.IV[:]))
			p.send(`{"event":"message_edited","data":{"message_id":%q,"ciphertext":%q,"iv":%q}}`, id, b64(sealed.Ciphertext), b64(sealed.IV[:]))
			p.send(`{"event":"message_read","data":{"message_id":%q,"read_at":%q}}`, other, at)
			p.send(`{"event":"message_read","data":{"message_id":%q,"read_at":%q}}`, id, at)
			p.send(`{"event":"message_deleted","data":{"message_id":%q}}`, other)
			p.send(`{"event":"message_deleted","data":{"message_id":%q}}`, id)
			p.send(`%s`, posted(message(2, alice, "mine", "")))
			p.drain()
		}))
		s := f.open(f.config())
		when := time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC)
		next[client.State](t, s)
		if e := next[client.Paired](t, s); !e.TTLExpiresAt.IsZero() {
			t.Errorf("paired with TTL %v", e.TTLExpiresAt)
		}
		if e := next[client.Paired](t, s); !e.TTLExpiresAt.Equal(when) {
			t.Errorf("paired with TTL %v", e.TTLExpiresAt)
		}
		if e := next[client.Presence](t, s); !e.Connected {
			t.Error("presence false")
		}
		next[client.Typing](t, s)
		if m := next[client.NewMessage](t, s).Message; m.Text != "hello" || m.Mine {
			t.Error("another new message")
		}
		if m := next[client.MessageEdited](t, s).Message; m.ID != messageID(1) || m.Text != "edited" {
			t.Error("another edit")
		}
		if e := next[client.MessageRead](t, s); e.ID != messageID(1) || !e.ReadAt.Equal(when) {
			t.Error("another receipt")
		}
		if e := next[client.MessageDeleted](t, s); e.ID != messageID(1) {
			t.Error("another deletion")
		}
		if m := next[client.NewMessage](t, s).Message; m.Text != "mine" || !m.Mine {
			t.Error("one's own message is not one's own")
		}
	})
}

func TestNextEndsWithContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, "")
			time.Sleep(time.Hour)
			p.send(`{"event":"counterparty_typing","data":{}}`)
			p.drain()
		}))
		s := f.open(f.config())
		next[client.State](t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("next = %v", err)
		}
		next[client.Typing](t, s) // which the first call did not eat
	})
}

// Whoever waits for an event learns of the end.
func TestNextEndsForAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) { p.letIn(roomA, tokenA, ""); time.Sleep(time.Minute); p.close(1000) }))
		s := f.open(f.config())
		next[client.State](t, s)
		var waiting sync.WaitGroup
		for range 3 {
			waiting.Go(func() { wantEnd(t, s, client.ErrRoomExpired) })
		}
		waiting.Wait()
	})
}
