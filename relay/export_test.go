package relay

import "sotto/roomactor"

// Rooms returns the relay's rooms, for tests that need a member of their own.
func (rl *Relay) Rooms() *roomactor.Supervisor { return rl.rooms }
