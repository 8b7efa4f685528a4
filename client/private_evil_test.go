package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"sotto/client"
	"sotto/wire"
)

// A message that was written before a drop may be marked as read between the join
// and the answer to the hello: its author is told.
func TestPrivateReadWhileReturning(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		a, _ := w.mustPrivate(alicePIN, client.EntryCreate, false)
		b, atB := w.mustPrivate(bobPIN, client.EntryInvited, false)
		reaches(t, a)
		w.send(a, "question")
		shows(t, b, says("question"))
		atB.deaf.Store(true)
		done := make(chan error, 1)
		go func() { _, err := b.Send(t.Context(), "answer"); done <- err }()
		m := shows(t, a, says("answer"))
		atB.uplink.Store(200) // bytes a second: a hello takes nine
		atB.cut()
		until(t, a, func(e client.Presence) bool { return !e.Connected })
		until(t, a, func(e client.Presence) bool { return e.Connected }) // b has joined
		if err := a.MarkRead(t.Context(), m.ID); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		back := until(t, b, func(e client.State) bool { return e.Message != nil && e.Message.Mine })
		if back.Message.Text != "answer" || back.Message.ReadAt.IsZero() {
			t.Errorf("shows %q, read at %v", back.Message.Text, back.Message.ReadAt)
		}
	})
}

// What a relay says of the room itself can't be another thing than before, what
// it makes up ends the page and is not shown, and one that knows no hello is left.
// What else it can change, the tests of package blind have.
func TestPrivateEvilRelay(t *testing.T) {
	in := func(room, sender string, hello bool) func(p *peer) {
		return func(p *peer) {
			p.join = p.expect("join")
			p.answer(p.join, `"ok":{"room_id":%q,"ttl_expires_at":%q,"awaiting_party":true%s}`, room, ttl, sender)
			if f := p.read(); f != nil && hello {
				p.answer(f, `"ok":{}`)
				return // cut
			}
			p.drain()
		}
	}
	tells := func(ciphertext []byte) func(p *peer) {
		return func(p *peer) {
			p.join = p.expect("join")
			p.answer(p.join, `"ok":{"room_id":%q,"ttl_expires_at":%q,"awaiting_party":true,"sender_hash":%q}`, roomA, ttl, tokenA)
			p.answer(p.expect("hello"), `"ok":{}`)
			p.send(`%s`, posted(sealedMessage(1, bob, b64(ciphertext), b64(make([]byte, wire.IVSize)), "")))
			p.drain()
		}
	}
	forged := append([]byte{2, 1, 2, 0}, make([]byte, 4092)...) // as a left one begins
	const mine, other = `,"sender_hash":"` + tokenA + `"`, `,"sender_hash":"` + tokenB + `"`
	for name, test := range map[string]struct {
		first, second func(p *peer)
		want          error
	}{
		"no sender_hash":       {in(roomA, "", true), nil, client.ErrNoPrivate},
		"hello without answer": {in(roomA, mine, false), nil, client.ErrNoPrivate},
		"forged message":       {tells(forged), nil, client.ErrFault},
		"no message":           {tells(forged[1:]), nil, client.ErrFault},
		"other sender_hash":    {in(roomA, mine, true), in(roomA, other, true), client.ErrFault},
		"other room_id":        {in(roomA, mine, true), in(roomB, mine, true), client.ErrRoomLost},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := fake(t, script(t, test.first, test.second))
				id, err := client.DerivePrivate(privateRoot, alicePIN)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				s, err := client.Open(ctx, client.Config{URL: "http://relay.example", Identity: id, HTTPClient: f.client})
				if errors.Is(test.want, client.ErrNoPrivate) {
					if !errors.Is(err, test.want) || len(f.dials()) != 1 {
						t.Errorf("open: %v after %d dials, want %v", err, len(f.dials()), test.want)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				for {
					event, err := s.Next(ctx)
					if err != nil {
						if !errors.Is(err, test.want) {
							t.Errorf("the session ended with %v, want %v", err, test.want)
						}
						break
					}
					if messageOf(event) != nil {
						t.Error("what was made up is shown")
					}
				}
			})
		})
	}
}
