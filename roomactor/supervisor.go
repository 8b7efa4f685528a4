package roomactor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"sotto/wire"
)

// shardCount spreads rooms over maps so that joins rarely meet.
const shardCount = 64

// Supervisor spawns rooms on first join, finds them, and waits for them. Its
// methods are safe for concurrent use.
type Supervisor struct {
	cfg     Config
	start   time.Time
	shards  [shardCount]shard
	rooms   atomic.Int64
	drain   drain
	slots   slotMemory
	wg      sync.WaitGroup // rooms, and goroutines at work on them
	scratch sync.Pool      // of *scratch
}

type shard struct {
	mu sync.Mutex
	// guarded by mu
	rooms  map[wire.RoomHash]*Room
	closed bool
}

// JoinResult is how a join ended. The client has been answered by then.
type JoinResult struct {
	// Room is where the member is in, nil when it was refused.
	Room *Room
	Kind JoinKind
	// Reason of a refusal.
	Reason wire.Reason
}

// TookSeat reports whether the join created a room or claimed a seat, which
// draws on the creation allowance.
func (r JoinResult) TookSeat() bool { return r.Kind == JoinCreated || r.Kind == JoinClaimed }

// NewSupervisor returns a supervisor without rooms. It panics if
// Config.Buffers is nil or a TTL is negative.
func NewSupervisor(cfg Config) *Supervisor {
	s := &Supervisor{cfg: cfg.withDefaults(), start: time.Now(), drain: drain{emptied: make(chan struct{})}}
	s.slots.most = s.cfg.MaxSlotMemory
	s.scratch.New = func() any { return &scratch{effects: make([]effect, 0, 8)} }
	for i := range s.shards {
		s.shards[i].rooms = make(map[wire.RoomHash]*Room)
	}
	return s
}

// Join brings a member into the room, which it creates if there is none and
// the join's intent allows it, or has it refused. It delivers the answer to
// the member. req must be a join without Fault; it stays the caller's.
// claimWait is how long the member's address must wait before it may create a
// room or take a seat, 0 when it may. What the join sent to be let in is hashed
// here, in the caller's goroutine.
//
// Errors: ErrShutdown; ErrRoomFailed; the context's. After an error the join
// brought the member into no room. It was not answered, unless the room failed
// just after that: the member is then closed, with wire.CloseRoomFailed.
func (s *Supervisor) Join(ctx context.Context, hash *wire.RoomHash, from Member, req *wire.Request, claimWait time.Duration) (JoinResult, error) {
	c := &command{
		kind: cmdJoin, from: from, req: req, claimWait: claimWait,
		answer: make(chan joinAnswer, 1),
	}
	drawRandom(&c.random)
	c.hashBearers()
	defer c.forgetBearers()
	for {
		if err := ctx.Err(); err != nil {
			return JoinResult{}, err
		}
		room, kind, refusal, err := s.findOrSpawn(hash, c)
		switch {
		case err != nil:
			return JoinResult{}, err
		case refusal.Reason != "":
			s.refuse(c, kind, &refusal)
			return JoinResult{Kind: kind, Reason: refusal.Reason}, nil
		case kind == JoinCreated:
			room.run(c)
		default:
			if err := room.post(ctx, c); errors.Is(err, ErrRoomClosed) {
				continue
			} else if err != nil {
				return JoinResult{}, err
			}
		}
		// The room reads req until it answers, which never takes long, as a
		// room does not block: so this wait is not left early.
		if a := <-c.answer; !errors.Is(a.err, ErrRoomClosed) {
			return a.result, a.err
		}
	}
}

// findOrSpawn returns the room that c must be posted to, or the answer that
// refuses the join without one. With JoinCreated it is a new room of which the caller
// has the turn, so that c is its first command: no one finds a room without a seat.
func (s *Supervisor) findOrSpawn(hash *wire.RoomHash, c *command) (*Room, JoinKind, wire.Response, error) {
	sh := s.shard(hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed {
		return nil, "", wire.Response{}, ErrShutdown
	}
	if room, ok := sh.rooms[*hash]; ok {
		return room, "", wire.Response{}, nil
	}
	for most := int64(s.cfg.MaxRooms); ; {
		rooms := s.rooms.Load()
		kind, refusal := joinNowhere(&c.req.Join, c.claimWait, s.restartsIn(), most > 0 && rooms >= most)
		if refusal.Reason != "" {
			return nil, kind, refusal, nil
		}
		if s.rooms.CompareAndSwap(rooms, rooms+1) {
			break
		}
	}
	var random [32]byte
	drawRandom(&random)
	now, id := s.now(), wire.NewUUID[wire.RoomID]((*[16]byte)(random[:16]))
	room := &Room{
		sup:     s,
		hash:    *hash,
		mailbox: mailbox{taken: true},
		state:   newState(&s.cfg, now, &id),
	}
	c.posted = now
	sh.rooms[*hash] = room
	s.wg.Add(1)
	return room, JoinCreated, wire.Response{}, nil
}

// refuse answers a join for which there is no room.
func (s *Supervisor) refuse(c *command, kind JoinKind, answer *wire.Response) {
	s.cfg.Observer.Joined(kind, answer.Reason)
	if !c.req.Ref.Set() {
		return
	}
	answer.Ref = c.req.Ref
	frame := s.cfg.Buffers.Encode(answer)
	defer frame.Release()
	if !c.from.Deliver(wire.EventNone, frame) {
		c.from.Close(wire.CloseSlowConsumer)
	}
	c.from.Flush()
}

// Exists reports whether the room is alive.
func (s *Supervisor) Exists(hash *wire.RoomHash) bool {
	sh := s.shard(hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	_, ok := sh.rooms[*hash]
	return ok
}

// Rooms returns how many rooms are alive.
func (s *Supervisor) Rooms() int { return int(s.rooms.Load()) }

// Check compares the count of rooms with the maps, and sees that without rooms
// no slot memory is held. It is exact only while no join is under way and no room
// ends.
func (s *Supervisor) Check() error {
	found := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		found += len(sh.rooms)
		sh.mu.Unlock()
	}
	if counted := s.Rooms(); counted != found {
		return fmt.Errorf("check rooms: %d counted, %d in the maps", counted, found)
	}
	if held := s.slots.held.Load(); held < 0 || found == 0 && held != 0 {
		return fmt.Errorf("check slot memory: %d bytes held by %d rooms", held, found)
	}
	return nil
}

// Shutdown refuses new joins, ends every room, whose members are closed with
// wire.CloseRestart, and waits for that or the context. Rooms end also when the
// context has ended before.
func (s *Supervisor) Shutdown(ctx context.Context) error {
	var rooms []*Room
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		sh.closed = true
		for _, room := range sh.rooms {
			rooms = append(rooms, room)
		}
		sh.mu.Unlock()
	}
	ended := make(chan struct{})
	patient := context.WithoutCancel(ctx)
	go func() { // ends with the last room, which it has told to stop
		for _, room := range rooms {
			_ = room.post(patient, &command{kind: cmdStop}) // else it is over already
		}
		s.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for rooms: %w", ctx.Err())
	}
}

// unregister takes the room out of the map, if the map still holds it.
func (s *Supervisor) unregister(r *Room) {
	sh := s.shard(&r.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.rooms[r.hash] == r {
		delete(sh.rooms, r.hash)
		if s.rooms.Add(-1) == 0 {
			s.drain.atNoRoom()
		}
	}
}

// returnScratch clears what a step left and gives it back.
func (s *Supervisor) returnScratch(w *scratch) {
	w.clear()
	s.scratch.Put(w)
}

// shard picks by the first byte: room hashes are SHA-256, so it is uniform.
func (s *Supervisor) shard(h *wire.RoomHash) *shard { return &s.shards[h[0]%shardCount] }

// now is the monotonic time since the supervisor was made.
func (s *Supervisor) now() time.Duration { return time.Since(s.start) }

// moment is now on both clocks.
func (s *Supervisor) moment() moment {
	now := time.Now()
	return moment{now.Sub(s.start), now.Round(0)}
}

func drawRandom(b *[32]byte) {
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
}
