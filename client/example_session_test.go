package client_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http/httptest"
	"time"

	"sotto/blind"
	"sotto/client"
	"sotto/relay"
)

// await takes events until one is an E that fits.
func await[E client.Event](ctx context.Context, s *client.Session, fits func(E) bool) E {
	for {
		event, err := s.Next(ctx)
		if err != nil {
			panic(err)
		}
		if e, ok := event.(E); ok && fits(e) {
			return e
		}
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Two people hold a conversation on a private number: nobody but their two pages
// can open what is sealed, not even who has the code later.
func ExampleDerivePrivate() {
	rl, err := relay.New(relay.Config{})
	must(err)
	server := httptest.NewServer(rl)
	defer server.Close()
	defer func() { must(rl.Close()) }()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()

	// Alice draws a code, makes the room, and hands the invitation to Bob.
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	card := blind.Card{Number: "+44 7700 900123", Code: blind.NewCode(random)}
	rootOf := func(text string) *blind.RootKey {
		code, err := blind.FindCode(text)
		must(err)
		return code.Root()
	}
	enter := func(root *blind.RootKey, pin string, entry client.Entry) *client.Session {
		identity, err := client.DerivePrivate(root, pin)
		must(err)
		s, err := client.Open(ctx, client.Config{URL: server.URL, Identity: identity, Entry: entry})
		must(err)
		return s
	}
	alice := enter(rootOf(card.Text()), "493817", client.EntryCreate)
	defer alice.Close()
	root := rootOf(card.Invitation("My other number"))
	bob := enter(root, "205566", client.EntryInvited)
	defer bob.Close()

	// Once their pages have exchanged keys, what she writes is for his page alone.
	await(ctx, alice, func(e client.Reach) bool { return e.Reach == blind.ReachPage })
	_, err = alice.Send(ctx, "Tomorrow at four?")
	must(err)
	asked := await(ctx, bob, func(e client.NewMessage) bool { return !e.Message.Mine })
	fmt.Println("Bob reads:", asked.Message.Text)
	must(bob.MarkRead(ctx, asked.Message.ID))
	await(ctx, alice, func(client.MessageRead) bool { return true })
	fmt.Println("they compare the same digits:", alice.Compare() != "" && alice.Compare() == bob.Compare())

	// He answers and leaves. What she writes then waits under the code, and opens
	// when he comes back with his card and PIN.
	_, err = bob.Send(ctx, "At four.")
	must(err)
	await(ctx, alice, func(e client.NewMessage) bool { return !e.Message.Mine })
	bob.Leave(ctx)
	await(ctx, alice, func(e client.Reach) bool { return e.Reach == blind.ReachCode })
	_, err = alice.Send(ctx, "Better at five.")
	must(err)
	bob = enter(root, "205566", client.EntryEnter)
	defer bob.Close()
	state := await(ctx, bob, func(client.State) bool { return true })
	fmt.Println("Bob reads:", state.Message.Text, "It was left:", state.Message.Left)
	// Output:
	// Bob reads: Tomorrow at four?
	// they compare the same digits: true
	// Bob reads: Better at five. It was left: true
}
