package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"sotto/client"
	"sotto/wire"
)

// A relay that is killed says nothing. People in conversation, with the Go
// client, are told as soon as there is a relay again: the room is gone. None
// is told that a message waits; whose message went out without an answer is
// told just that.
func TestKillInMidConversation(t *testing.T) {
	const couples = 4
	// Not a port that the kernel gives to whoever asks while the relay is away.
	addr := addressOfOurOwn()
	old := startChild(t, nil, append(noRates, "--listen", addr)...)
	var all []*friend
	var talking sync.WaitGroup
	for i := range couples {
		a, b := newFriend(t, old.addr, i, "493817"), newFriend(t, old.addr, i, "205566")
		a.other, b.other, a.first = b, a, true
		all = append(all, a, b)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	for _, f := range all {
		talking.Go(func() { f.talk(ctx) })
	}
	for _, f := range all {
		select {
		case <-f.enough:
		case <-ctx.Done():
			t.Fatal("the friends do not get to talk")
		}
	}
	if err := old.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = old.cmd.Wait() // killed
	heir := startChild(t, nil, append(noRates, "--listen", addr)...)
	talking.Wait()

	unanswered := 0
	for _, f := range all {
		if !errors.Is(f.end, client.ErrRoomLost) {
			t.Errorf("a session ended with %v; want ErrRoomLost", f.end)
		}
		if !f.warned {
			t.Error("a session ended without having said that it was disconnected")
		}
		if f.failed == nil {
			continue
		}
		if !errors.Is(f.failed, client.ErrRoomLost) {
			t.Errorf("the last send failed with %v; want ErrRoomLost", f.failed)
		}
		if came := f.other.seen[f.failing]; came && !errors.Is(f.failed, client.ErrUnanswered) {
			t.Errorf("the other has read what failed with %v", f.failed)
		}
		if errors.Is(f.failed, client.ErrUnanswered) {
			unanswered++
		}
	}
	t.Logf("%d people, %d sends without an answer", len(all), unanswered)

	// Nothing of them is on the new relay; they can begin again.
	enter := all[0].config(heir.addr)
	enter.Intent = wire.IntentEnter
	if _, err := client.Open(ctx, enter); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("the room is entered again: %v", err)
	}
	again, err := client.Open(ctx, all[0].config(heir.addr))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.Send(ctx, "hello again"); err != nil {
		t.Error(err)
	}
}

// friend is one of two people with the Go client. Its fields are its
// goroutine's until the session has ended.
type friend struct {
	id     client.Identity
	key    *client.Key
	s      *client.Session
	other  *friend
	first  bool
	enough chan struct{} // closed once some sends were acknowledged

	seen    map[string]bool // texts of the other
	sent    int
	warned  bool   // Disconnected came
	failing string // the text of the send that failed
	failed  error
	end     error
}

func newFriend(t *testing.T, addr string, couple int, pin string) *friend {
	t.Helper()
	id, err := client.Derive(fmt.Sprintf("+44 7700 9001%02d", couple), pin)
	if err != nil {
		t.Fatal(err)
	}
	f := &friend{id: id, key: sharedKey(), enough: make(chan struct{}), seen: make(map[string]bool)}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if f.s, err = client.Open(ctx, f.config(addr)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.s.Close)
	return f
}

// sharedKey is derived once, as it takes long, for rooms that it is not of.
var sharedKey = sync.OnceValue(func() *client.Key {
	id, err := client.Derive("0", "0")
	if err != nil {
		panic(err)
	}
	return id.Key()
})

func (f *friend) config(addr string) client.Config {
	return client.Config{URL: "http://" + addr, Identity: f.id, Key: f.key}
}

// talk answers, until the session has ended.
func (f *friend) talk(ctx context.Context) {
	for {
		event, err := f.s.Next(ctx)
		if err != nil {
			f.end = err
			return
		}
		switch e := event.(type) {
		case client.Disconnected:
			f.warned = true
		case client.Paired:
			if f.first {
				f.say(ctx)
			}
		case client.NewMessage:
			if !e.Message.Mine {
				f.seen[e.Message.Text] = true
				f.say(ctx)
			}
		}
	}
}

func (f *friend) say(ctx context.Context) {
	const enough = 5
	text := fmt.Sprintf("%v %d", f.first, f.sent)
	if _, err := f.s.Send(ctx, text); err != nil {
		f.failing, f.failed = text, err
		return
	}
	if f.sent++; f.sent == enough {
		close(f.enough)
	}
}
