package main

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"sotto/blind"
	"sotto/internal/dumpattack"
	"sotto/wire"
)

// person is a page of sotto-2 on a socket of its own.
type person struct {
	*seat
	page   *blind.Page
	life   *blind.LifeKey
	resume wire.ResumeToken
	room   wire.RoomID
	asked  map[string]func(*wire.Response) blind.Event // by the ref of the request
	// What went out, in order.
	hellos, messages [][]byte
}

// meet lets two people in, until each can seal to the other's page.
func (c *child) meet(t *testing.T, root *blind.RootKey, pins ...string) (a, b *person) {
	t.Helper()
	a, b = c.enterBlind(t, root, pins[0]), c.enterBlind(t, root, pins[1])
	for _, p := range []*person{a, b} {
		p.until(func() bool { return len(p.asked) == 0 && p.page.View().Reach == blind.ReachPage })
	}
	return a, b
}

func (c *child) enterBlind(t *testing.T, root *blind.RootKey, pin string) *person {
	t.Helper()
	var sender wire.SenderHash
	_, _ = rand.Read(sender[:])
	access, err := root.Access(pin)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{seat: c.open(t, root.Room().Reveal()), asked: map[string]func(*wire.Response) blind.Event{}}
	p.request(wire.Request{Event: wire.EventJoin, Join: wire.Join{
		Access: access, Sender: sender, Gate: wire.Gate{Present: true, Valid: true, Hash: root.Gate()}, Ext: true,
	}}, func(r *wire.Response) blind.Event {
		var id blind.PageID
		_, _ = rand.Read(id[:])
		p.room, p.resume, p.life = r.Joined.RoomID, r.Joined.Resume, root.Life(r.Joined.RoomID)
		p.page = blind.NewPage(p.life, id, r.Joined.Sender)
		return blind.Joined{Sender: r.Joined.Sender}
	})
	p.until(func() bool { return len(p.asked) == 0 })
	return p
}

// step gives the page an event and the relay what comes of it.
func (p *person) step(e blind.Event) {
	p.t.Helper()
	for _, effect := range p.page.Step(time.Now(), rand.Reader, e) {
		switch effect := effect.(type) {
		case blind.SendHello:
			p.hellos = append(p.hellos, bytes.Clone(effect.Hello))
			p.request(wire.Request{Event: wire.EventHello, Hello: effect.Hello}, func(r *wire.Response) blind.Event {
				return blind.HelloReply{Hello: r.Hello}
			})
		case blind.Transmit:
			p.messages = append(p.messages, bytes.Clone(effect.Bytes))
			r := wire.Request{Event: wire.EventSend, Ciphertext: effect.Bytes, IV: effect.IV, Nonce: effect.Nonce}
			if effect.Edit {
				r.Event, r.MessageID = wire.EventEdit, effect.ID
			} else {
				r.Replaces = wire.Replaces{
					Set: true, Message: !effect.Empty, ID: effect.ID, HasIV: !effect.Empty, IV: effect.ReplacesIV,
				}
			}
			p.request(r, func(r *wire.Response) blind.Event {
				return blind.Answered{Nonce: effect.Nonce, ID: r.MessageID}
			})
		case blind.MarkRead:
			p.request(wire.Request{Event: wire.EventRead, MessageID: effect.ID}, nil)
		case blind.Returned, blind.Failed, blind.NoHelloReply:
			p.t.Fatalf("a page says %T, %+v", effect, effect)
		}
	}
}

// request sends a frame; answer makes an event of its ok. None is awaited if it
// is nil.
func (p *person) request(r wire.Request, answer func(*wire.Response) blind.Event) {
	p.t.Helper()
	if answer != nil {
		p.chatter.asked++
		ref := fmt.Sprint(p.chatter.asked)
		r.Ref, p.asked[ref] = wire.NewRef(ref), answer
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	if err := p.ws.Write(ctx, websocket.MessageText, wire.AppendRequest(nil, &r)); err != nil {
		p.t.Fatal(err)
	}
}

// until takes frames until something is so.
func (p *person) until(so func() bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	for !so() {
		_, frame, err := p.ws.Read(ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		var r wire.Response
		if err := wire.DecodeResponse(frame, &r); err != nil {
			p.t.Fatal(err)
		}
		if e := p.event(&r); e != nil {
			p.step(e)
		}
	}
}

func (p *person) event(r *wire.Response) blind.Event {
	p.t.Helper()
	switch r.Event {
	case wire.EventNone:
		answer := p.asked[r.Ref.Text()]
		delete(p.asked, r.Ref.Text())
		if r.Reason != "" {
			p.t.Fatalf("refused: %s", r.Reason)
		}
		return answer(r)
	case wire.EventHello:
		return blind.HelloReceived{Hello: r.Hello}
	case wire.EventNewMessage:
		return blind.MessageReceived{Message: blind.Message{
			ID: r.Message.ID, Sender: r.Message.Sender, Bytes: r.Message.Ciphertext, IV: r.Message.IV, At: r.Message.InsertedAt,
		}}
	case wire.EventMessageEdited:
		return blind.MessageEdited{ID: r.MessageID, Bytes: r.Message.Ciphertext, IV: r.Message.IV}
	case wire.EventMessageRead:
		return blind.MessageRead{ID: r.MessageID}
	case wire.EventPresence:
		return blind.Presence{Connected: r.Connected}
	}
	return nil
}

// says writes or edits, and waits until the other has read it.
func (p *person) says(to *person, edit bool, text string) {
	p.t.Helper()
	content := blind.Content{Kind: blind.KindText, Text: text}
	if edit {
		p.step(blind.Edit{Content: content})
	} else {
		p.step(blind.Send{Content: content})
	}
	p.until(func() bool { return len(p.asked) == 0 })
	to.until(func() bool { return to.page.View().Content.Text == text })
}

// staysBlind looks into the relay's memory after each step of a conversation,
// with everything in hand that the two people know. Nothing of it is there but
// what the relay is told to keep; and when it was replaced, not that either.
func staysBlind(t *testing.T, c *child) {
	k := known()
	secrets := slices.Clone(k.secrets)
	blindAfter := func(step string) {
		t.Helper()
		for _, where := range dumpattack.Find(readMemory(t, c.PID()), secrets) {
			t.Errorf("after %s: %s", step, where)
		}
	}
	a, b := c.meet(t, blind.NewRootKey(k.root), k.pins...)
	life, err := hkdf.Key(sha256.New, k.root[:], nil, "sotto-2 life\x00"+a.room.Reveal(), 32)
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, whole("life key", life)...)
	blindAfter("join and hello")
	bearers := slices.Clone(k.bearers)
	for i, p := range []*person{a, b} {
		bearers = append(bearers, whole(fmt.Sprintf("resume token %d", i), p.resume[:])...)
	}
	c.forgotten(t, bearers, func(int) {})

	a.says(b, false, "one")
	blindAfter("a sealed message")
	a.says(b, true, "one, better")
	blindAfter("an edit")
	b.step(blind.Show{})
	b.says(a, false, "two")
	blindAfter("an answer")
	held := b.messages[len(b.messages)-1]
	if len(search(t, c.PID(), held)) == 0 {
		t.Error("the waiting message is nowhere in memory: the search is broken")
	}
	for i := range 20 {
		a.says(b, false, fmt.Sprint("a", i))
		b.says(a, false, fmt.Sprint("b", i))
	}
	c.forgotten(t, dumpattack.Pieces(a.messages[0]), func(int) {})
	c.forgotten(t, dumpattack.Pieces(b.messages[0]), func(int) {})
	if err := b.ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	a.until(func() bool { return !a.page.View().OtherHere })
	blindAfter("one has left")
	a.request(wire.Request{Event: wire.EventExpire}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for err := error(nil); err == nil; { // until the relay closes the socket
		_, _, err = a.ws.Read(ctx)
	}
	blindAfter("the end")
	for _, p := range []*person{a, b} {
		c.forgotten(t, dumpattack.Pieces(p.hellos[0]), func(int) {})
	}

	findsPlanted(t, c, slices.Concat(secrets, bearers))
}

// findsPlanted has the relay keep every secret, in every form, as the hello of
// somebody else.
func findsPlanted(t *testing.T, c *child, secrets []dumpattack.Needle) {
	t.Helper()
	s := c.join(t, strings.Repeat("8", 64), 'c')
	for some := range slices.Chunk(secrets, 20) {
		var planted []byte
		for _, n := range some {
			planted = append(planted, n.Text...)
		}
		s.ask("hello", map[string]any{"hello": base64.StdEncoding.EncodeToString(planted)})
		memory := readMemory(t, c.PID())
		for _, n := range some {
			if len(dumpattack.Find(memory, []dumpattack.Needle{n})) == 0 {
				t.Errorf("%s was planted, and is not found", n.Name)
			}
		}
	}
}

// knowledge is what two people know and the relay must not.
type knowledge struct {
	root    [32]byte
	pins    []string
	secrets []dumpattack.Needle
	bearers []dumpattack.Needle // access hashes, which are sent and not kept
}

// known are number, PINs and code, what comes of them and is not sent, and what
// std-1 would derive from them. It takes long, so that all have the same.
var known = sync.OnceValue(func() *knowledge {
	code := blind.NewCode(sha256.Sum256([]byte("sotto")))
	number, digits := "447700900461", strings.ReplaceAll(code.Reveal(), " ", "")
	k := &knowledge{pins: []string{"581930274416", "904417725835"}}
	plain := map[string]string{"number": number, "code": digits, "code in groups": code.Reveal(), "PIN 0": k.pins[0], "PIN 1": k.pins[1]}
	for name, text := range plain {
		sum := sha256.Sum256([]byte(text))
		k.secrets = append(k.secrets, dumpattack.Needle{Name: name, Text: []byte(text)})
		k.secrets = append(k.secrets, whole("SHA-256 of "+name, sum[:])...)
	}
	slow := func(of, salt string) []byte {
		key, err := pbkdf2.Key(sha256.New, of, []byte(salt), 600_000, 32)
		if err != nil {
			panic(err)
		}
		return key
	}
	k.root = [32]byte(slow(digits, "sotto-2 code"))
	k.secrets = append(k.secrets, whole("root key", k.root[:])...)
	for i, pin := range k.pins {
		access, err := blind.NewRootKey(k.root).Access(pin)
		if err != nil {
			panic(err)
		}
		k.bearers = append(k.bearers, whole(fmt.Sprintf("access hash %d", i), access[:])...)
	}
	for _, of := range []string{number, digits} {
		room := sha256.Sum256([]byte(of + ":stelegano-room-v1-2026"))
		k.secrets = append(k.secrets, whole("std-1's room", room[:])...)
		k.secrets = append(k.secrets, whole("std-1's key", slow(of, hex.EncodeToString(room[:])+"stelegano-enc-v1-2026"))...)
		for _, pin := range k.pins {
			access := sha256.Sum256([]byte(of + ":" + pin + ":stelegano-access-v1-2026"))
			kept := sha256.Sum256(access[:])
			sender := sha256.Sum256([]byte(of + ":" + hex.EncodeToString(access[:]) + ":" + hex.EncodeToString(room[:]) + ":stelegano-sender-v1-2026"))
			k.secrets = slices.Concat(k.secrets, whole("std-1's access hash", access[:]), whole("std-1's access hash, hashed", kept[:]),
				whole("std-1's sender hash", sender[:]))
		}
	}
	return k
})

// whole is 32 bytes in their forms.
func whole(name string, b []byte) []dumpattack.Needle { return dumpattack.Forms(name, b[:30]) }
