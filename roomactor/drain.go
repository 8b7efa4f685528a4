package roomactor

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// drain is a restart that a supervisor was told to expect.
type drain struct {
	// at is when the relay restarts, in nanoseconds since the supervisor was made;
	// 0 while it is not to.
	at atomic.Int64
	// told: every room knows, and there will be no new one.
	told    atomic.Bool
	emptied chan struct{} // closed once there is no room after told
	once    sync.Once     // closes emptied
}

// Drain prepares for a restart that comes after in: a join that no room has is
// refused with wire.ReasonRestarting from now on, and members that joined with
// ext are told, now or when they join. The channel is closed when the last room
// has ended by itself. A second call sets another time, and tells it.
func (s *Supervisor) Drain(in time.Duration) (emptied <-chan struct{}) {
	at := max(1, s.now()+in)
	s.drain.at.Store(int64(at))
	for i := range s.shards {
		for _, room := range s.shards[i].all() {
			// A room never blocks, so this does not take long; one that is over needs no
			// word.
			_ = room.post(context.Background(), &command{kind: cmdDrain, restartsAt: at})
		}
	}
	s.drain.told.Store(true)
	if s.rooms.Load() == 0 {
		s.drain.atNoRoom()
	}
	return s.drain.emptied
}

// all returns the shard's rooms. A room that is spawned later sees what the caller
// did before.
func (sh *shard) all() []*Room {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	rooms := make([]*Room, 0, len(sh.rooms))
	for _, room := range sh.rooms {
		rooms = append(rooms, room)
	}
	return rooms
}

// restartsIn is what a refused client is told to wait: 0 while there is no
// drain, else at least a second, as a restart takes one.
func (s *Supervisor) restartsIn() time.Duration {
	at := time.Duration(s.drain.at.Load())
	if at == 0 {
		return 0
	}
	return max(time.Second, at-s.now())
}

func (d *drain) atNoRoom() {
	if d.told.Load() {
		d.once.Do(func() { close(d.emptied) })
	}
}
