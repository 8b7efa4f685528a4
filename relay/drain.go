package relay

import (
	"context"
	"time"
)

// Drain prepares for a restart that comes after patience, or when the last room
// has ended, if that is sooner: it returns nil then, for Shutdown to follow. From
// now on who asks for a room that is not here is refused with "restarting", and
// the people in rooms are told how long they have; nothing else changes for them.
// When the context ends first it returns its error, and the relay stays as it
// is, refusing.
func (rl *Relay) Drain(ctx context.Context, patience time.Duration) error {
	rl.draining.Store(true)
	emptied := rl.rooms.Drain(patience)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-emptied:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

func (rl *Relay) isDraining() int {
	if rl.draining.Load() {
		return 1
	}
	return 0
}
