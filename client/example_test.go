package client_test

import (
	"fmt"

	"sotto/client"
	"sotto/wire"
)

// Two people who know the same number stand in the same room, each with a PIN
// of their own.
func ExampleDerive() {
	alice, err := client.Derive("+44 7700 900123", "493817")
	if err != nil {
		panic(err)
	}
	bob, err := client.Derive("447700900123", "205566")
	if err != nil {
		panic(err)
	}
	fmt.Println("same room:", alice.Room() == bob.Room())
	fmt.Println("same seat:", alice.Access() == bob.Access())
	fmt.Println("the relay is handed:", alice.Room().Reveal()[:16]+"…")
	fmt.Println("a log shows:", alice)
	// Output:
	// same room: true
	// same seat: false
	// the relay is handed: c591faf03db9bc2f…
	// a log shows: [redacted]
}

// The key belongs to one life of the room, whose id the relay tells.
func ExampleIdentity_Key() {
	room, _ := wire.ParseUUID[wire.RoomID]("5f0c6f0e-3f0b-4b8e-9f0a-1d2c3b4a5e6f")
	alice, err := client.Derive("+44 7700 900123", "493817")
	if err != nil {
		panic(err)
	}
	bob, err := client.Derive("+44 7700 900123", "205566")
	if err != nil {
		panic(err)
	}
	sealed := alice.Key(room).Seal([]byte("Tomorrow at four"))
	text, err := bob.Key(room).Open(sealed)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d bytes on the relay, opened: %s\n", len(sealed.Ciphertext), text)
	// Output: 32 bytes on the relay, opened: Tomorrow at four
}
