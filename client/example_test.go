package client_test

import (
	"fmt"

	"sotto/client"
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
