package client_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sotto/client"
)

// Bob has had these shown, or is right to have them shown, as Alice's words.
var hers = []string{"", "first", "third", "the answer", "the answer!"}

// TestPrivateEvilRelay has a relay lie about Alice's answer. Nothing but what she
// wrote is ever shown as hers: there is a fault, or a sentence, or nothing.
func TestPrivateEvilRelay(t *testing.T) {
	flip := func(at int) func(*evil, frame) []frame {
		return func(_ *evil, f frame) []frame { return []frame{changed(f, "ciphertext", at)} }
	}
	put := func(key string, value any) func(*evil, frame) []frame {
		return func(_ *evil, f frame) []frame { return []frame{with(f, key, value)} }
	}
	event := func(name, key string, value any) frame {
		return frame{"event": name, "data": map[string]any{key: value}}
	}
	lies := map[string]lie{
		"ok, and not stored": {asked: func(e *evil, pin string, f frame) (ask, tell []frame) {
			if pin != alicePIN || f["event"] != "send_message" {
				return []frame{f}, nil
			}
			e.lied = true
			return nil, []frame{{"ref": f["ref"], "ok": map[string]any{"message_id": roomB}}}
		}},
		"stale, though stored": {sent: client.ErrStale, told: func(e *evil, pin string, f frame) []frame {
			switch {
			case pin != alicePIN:
			case f["event"] == "new_message" && !e.lied: // her own, which would tell
				return nil
			case f.ok("message_id") != nil:
				e.lied = true
				return []frame{{"ref": f["ref"], "error": map[string]any{"reason": "stale"}}}
			}
			return []frame{f}
		}},
		"older variant last": {unseen: true, told: func(e *evil, pin string, f frame) []frame {
			switch {
			case pin != bobPIN:
			case f["event"] == "new_message":
				e.seen["older"] = f
				return nil
			case f["event"] == "message_edited":
				older := e.seen["older"]
				newer := with(with(older, "ciphertext", f.data("ciphertext")), "iv", f.data("iv"))
				e.seen["newer"], e.lied = newer, true
				return []frame{newer, with(with(f, "ciphertext", older.data("ciphertext")), "iv", older.data("iv"))}
			}
			return []frame{f}
		}, asked: func(e *evil, pin string, f frame) (ask, tell []frame) {
			if pin == bobPIN && f["event"] == "send_message" {
				f = with(f, "replaces_iv", e.seen["newer"].data("iv"))
			}
			return []frame{f}, nil
		}},
		"old answer to a join": {cut: true, told: instead("join", func(e *evil, _ frame) []frame {
			ok, _ := e.seen["join"]["ok"].(map[string]any)
			ok["current_message"] = e.seen["new_message"]["data"]
			return []frame{e.seen["join"]}
		})},
		"two relays in one": {cut: true, split: true, asked: func(_ *evil, pin string, f frame) (ask, tell []frame) {
			if pin == bobPIN && f["event"] == "join" {
				data, _ := f["data"].(map[string]any)
				delete(data, "intent")
				delete(data, "room_id")
				delete(data, "resume")
			}
			return []frame{f}, nil
		}, told: func(e *evil, pin string, f frame) []frame {
			ok, _ := f["ok"].(map[string]any)
			switch {
			case pin != bobPIN:
			case ok["room_id"] != nil:
				ok["room_id"], ok["awaiting_party"], e.lied = e.seen["join"].ok("room_id"), false, true
			case len(ok) == 0 && f["ref"] != nil: // of his hello
				return []frame{{"ref": f["ref"], "ok": e.seen["hello"]["data"]}, event("presence", "connected", true)}
			case f["event"] == "presence":
				return nil
			}
			return []frame{f}
		}},
	}
	for name, one := range map[string]struct {
		tell  func(e *evil, f frame) []frame
		fault bool
	}{
		"flipped version": {flip(0), true},
		"flipped type":    {flip(2), true},
		"flipped page":    {flip(5), true},
		"flipped enc":     {flip(100), true},
		"flipped next":    {flip(2000), true},
		"flipped text":    {flip(2400), true},
		"flipped tag":     {flip(4095), true},
		"flipped iv":      {func(_ *evil, f frame) []frame { return []frame{changed(f, "iv", 3)} }, true},
		"flipped sender":  {put("sender_hash", tokenA), true},
		"cut":             {put("ciphertext", b64(make([]byte, 100))), true},
		"zeros":           {put("ciphertext", b64(make([]byte, 4096))), true},
		"reflected": {func(e *evil, f frame) []frame {
			return []frame{with(f, "ciphertext", e.seen["own"].data("ciphertext"))}
		}, false},
		"replayed":          {func(e *evil, f frame) []frame { return []frame{with(e.seen["new_message"], "id", f.data("id"))} }, false},
		"foreign hello":     {func(e *evil, _ frame) []frame { return []frame{changed(e.seen["hello"], "hello", 600)} }, true},
		"hello without mac": {func(e *evil, _ frame) []frame { return []frame{changed(e.seen["hello"], "hello", 1291)} }, true},
		"own hello":         {func(e *evil, _ frame) []frame { return []frame{e.seen["hello of Bob"]} }, true},
		"hello that is none": {func(*evil, frame) []frame {
			return []frame{event("hello", "hello", b64([]byte("hi")))}
		}, true},
		"old hello": {func(e *evil, f frame) []frame { return []frame{e.seen["hello"], f} }, false},
		"read, though unread": {func(_ *evil, f frame) []frame {
			return []frame{f, with(event("message_read", "message_id", f.data("id")), "read_at", ttl)}
		}, false},
		"away, though here": {func(_ *evil, f frame) []frame {
			return []frame{event("presence", "connected", false), f}
		}, false},
		"deleted": {func(_ *evil, f frame) []frame {
			return []frame{f, event("message_deleted", "message_id", f.data("id"))}
		}, false},
	} {
		lies[name] = lie{told: instead("new_message", one.tell), fault: one.fault}
	}
	for name, test := range lies {
		t.Run(name, func(t *testing.T) { bubble(t, func(t *testing.T) { test.play(t) }) })
	}
}

// play tells the lie while Alice answers, changes her answer, and Bob replies.
func (l *lie) play(t *testing.T) {
	e, a, b := evilWorld(t)
	if _, err := b.Send(t.Context(), "your turn"); err != nil {
		t.Fatal(err)
	}
	shows(t, a, says("your turn"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	e.begin(l)
	if l.cut {
		until(t, b, func(client.Disconnected) bool { return true })
		if !l.fault {
			until(t, b, func(client.State) bool { return true })
		}
	}
	id, err := a.Send(ctx, "the answer")
	if !errors.Is(err, l.sent) {
		t.Errorf("the answer is sent with %v, want %v", err, l.sent)
	}
	synctest.Wait()
	if l.unseen {
		if err := a.Edit(ctx, id, "the answer!"); err != nil {
			t.Error(err)
		}
		synctest.Wait()
	}
	end, _ := l.watch(t, b, hers)
	if errors.Is(end, client.ErrFault) != l.fault {
		t.Errorf("Bob's page ends with %v", end)
	}
	_, _ = b.Send(ctx, "the reply")
	synctest.Wait()
	end, unseen := l.watch(t, a, []string{"", "second", "your turn", "the reply"})
	if errors.Is(end, client.ErrFault) || l.unseen && !unseen {
		t.Errorf("Alice's page ends with %v, unseen %t", end, unseen)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.lied {
		t.Error("there was no lie")
	}
}

// watch takes what a page shows for a while. All that it shows as the other's
// must be theirs.
func (l *lie) watch(t *testing.T, s *client.Session, theirs []string) (end error, unseen bool) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		event, err := s.Next(ctx)
		if err != nil {
			return err, unseen
		}
		if m := messageOf(event); m != nil && !m.Mine {
			unseen = unseen || m.Unseen
			if !slices.Contains(theirs, m.Text) {
				t.Errorf("shows %q as the other's", m.Text)
			}
		}
	}
}

// What a relay says of the room itself can't be another thing than before, and
// one that knows no hello is left.
func TestPrivateEvilJoin(t *testing.T) {
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
	const mine, other = `,"sender_hash":"` + tokenA + `"`, `,"sender_hash":"` + tokenB + `"`
	for name, test := range map[string]struct {
		first, second func(p *peer)
		want          error
	}{
		"no sender_hash":       {in(roomA, "", true), nil, client.ErrNoPrivate},
		"hello without answer": {in(roomA, mine, false), nil, client.ErrNoPrivate},
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
				s, err := client.Open(t.Context(), client.Config{URL: "http://relay.example", Identity: id, HTTPClient: f.client})
				if test.second == nil {
					if !errors.Is(err, test.want) || len(f.dials()) != 1 {
						t.Errorf("open: %v after %d dials, want %v", err, len(f.dials()), test.want)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				wantEnd(t, s, test.want)
			})
		})
	}
}
