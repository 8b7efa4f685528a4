package roomactor

import (
	"context"
	"slices"
	"time"

	"sotto/wire"
)

// Room is a live room: a goroutine with a mailbox. Its methods are safe for
// concurrent use.
type Room struct {
	sup  *Supervisor
	hash wire.RoomHash

	mailbox chan *command // never closed
	done    chan struct{} // closed when the room takes no more commands

	// Owned by the room's goroutine.
	state *state
	timer *time.Timer
	// dropped are members that could not take a frame in this step.
	dropped []Member
	// large is what the supervisor's slots count for this room, in bytes.
	large int64
}

// Post hands the room a request of a joined member and, if it returns nil,
// ownership of req. It waits while the mailbox is full. It returns
// ErrRoomClosed when the room is over (its members are being closed) or the
// context's error; req is then still the caller's.
func (r *Room) Post(ctx context.Context, from Member, req *wire.Request) error {
	c := &command{kind: cmdRequest, from: from, req: req}
	if req.Event == wire.EventSend {
		drawRandom(&c.random)
		if req.Nonce.Set() {
			c.nonce = tagOf(&req.Nonce)
		}
	}
	return r.post(ctx, c)
}

// Leave tells the room that the member's socket is gone. It waits while the
// mailbox is full, which the room empties without ever blocking.
func (r *Room) Leave(from Member) {
	_ = r.post(context.Background(), &command{kind: cmdLeave, from: from}) // a closed room has no members
}

func (r *Room) post(ctx context.Context, c *command) error {
	c.posted = r.sup.now()
	if r.over() {
		return ErrRoomClosed
	}
	select {
	case r.mailbox <- c:
	case <-r.done:
		return ErrRoomClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.over() {
		// The command may have slipped in after the room emptied its mailbox.
		r.drain()
	}
	return nil
}

// over reports whether the room takes no more commands.
func (r *Room) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// drain refuses what is left in the mailbox of a room that is done.
func (r *Room) drain() {
	for {
		select {
		case c := <-r.mailbox:
			c.finish(joinAnswer{err: ErrRoomClosed})
		default:
			return
		}
	}
}

// finish answers a join's caller or releases a request.
func (c *command) finish(a joinAnswer) {
	switch c.kind {
	case cmdJoin:
		c.answer <- a
	case cmdRequest:
		c.req.Release()
	}
}

// run starts the room's time and goroutine. The supervisor waits for it.
func (r *Room) run() {
	r.sup.cfg.Observer.RoomStarted()
	r.timer = time.AfterFunc(r.state.expires-r.sup.now(), r.wake)
	r.serve()
}

// serve is the room's goroutine.
func (r *Room) serve() {
	for {
		c := <-r.mailbox
		if c.kind != cmdTick {
			r.sup.cfg.Observer.Waited(r.sup.now() - c.posted)
		}
		if cause := r.handle(c); cause != "" {
			r.timer.Stop()
			r.close(cause)
			return
		}
		if c.kind == cmdLeave && r.state.deserted() {
			// A room may now wait for days. Go does not shrink a stack of 4 KiB,
			// which steps need, to the 2 KiB that waiting needs: a new goroutine
			// starts with them.
			r.sup.wg.Go(r.serve)
			return
		}
	}
}

// wake is called by the timer. It does not wait: commands in a full mailbox
// wake the room as well, and each looks at the time. An idle room that waits
// for its mailbox alone costs 600 bytes less than one that also waits for a
// timer's channel.
func (r *Room) wake() {
	select {
	case r.mailbox <- tickCommand:
	default:
	}
}

// close ends the room, which can't be found any more: first it takes no more
// commands, then those that wait are refused. Joins try again elsewhere.
func (r *Room) close(cause CloseCause) {
	close(r.done)
	r.drain()
	r.state.forget()
	r.settle()
	r.sup.cfg.Observer.RoomClosed(cause)
}

// handle carries one command out and returns why the room is over, or ""; the
// room is unregistered then. A panic ends this room alone; nothing is replayed.
func (r *Room) handle(c *command) (ended CloseCause) {
	answer := joinAnswer{err: ErrRoomFailed}
	defer func() {
		if p := recover(); p != nil {
			r.sup.unregister(r)
			r.closeFailed()
			r.sup.cfg.Observer.Panicked()
			ended = ClosedPanic
		}
		c.finish(answer)
	}()

	r.state.scratch = r.sup.scratch.Get().(*scratch) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer r.returnScratch()
	expires := r.state.expires
	c.slotsFull = !r.reserve(c)
	out := r.state.step(r.sup.moment(), c)
	if out.ended == "" {
		r.settle()
	} else {
		r.sup.unregister(r) // first, so that a client that is told of the end does not find the room again
	}
	r.carryOut()
	if out.ended == "" { // else every member is closed by now
		r.dropSlow()
		r.flush(c.from)
	}
	if c.kind == cmdTick || r.state.expires != expires {
		r.timer.Reset(r.state.expires - r.sup.now())
	}
	r.observe(out)
	answer = r.answer(out)
	return out.ended
}

// returnScratch clears what the step left and gives it back.
func (r *Room) returnScratch() {
	w := r.state.scratch
	r.state.scratch = nil
	w.clear()
	r.sup.scratch.Put(w)
}

// answer tells a join's caller what the step did. A join that met the end of
// the room was not looked at, and tries again.
func (r *Room) answer(out outcome) joinAnswer {
	switch out.join {
	case "":
		return joinAnswer{err: ErrRoomClosed}
	case JoinRefused:
		return joinAnswer{result: JoinResult{Kind: out.join, Reason: out.reason}}
	}
	return joinAnswer{result: JoinResult{Room: r, Kind: out.join}}
}

func (r *Room) observe(out outcome) {
	o := r.sup.cfg.Observer
	if out.join != "" {
		o.Joined(out.join, out.reason)
	}
	if out.accepted != wire.EventNone {
		o.Accepted(out.accepted)
	}
	if out.lock != "" {
		o.Locked(out.lock)
	}
	if out.slotsFull {
		o.SlotsFull()
	}
}

// flush lets the members send what the step had for them: from comes last, as
// the others wait for what it did.
func (r *Room) flush(from Member) {
	for i := range r.state.seats {
		for _, k := range r.state.seats[i].sockets {
			if k.member != from {
				k.member.Flush()
			}
		}
	}
	if from != nil {
		from.Flush()
	}
}

// dropSlow drops the members that could not take a frame. The others are told,
// and that may show that more of them are slow.
func (r *Room) dropSlow() {
	for len(r.dropped) > 0 {
		m := r.dropped[0]
		r.dropped = r.dropped[1:]
		m.Close(wire.CloseSlowConsumer)
		r.state.scratch.effects = r.state.scratch.effects[:0]
		r.state.leave(m)
		r.carryOut()
	}
	r.dropped = nil
}

func (r *Room) carryOut() {
	for i := range r.state.scratch.effects {
		e := &r.state.scratch.effects[i]
		switch e.kind {
		case effReply:
			r.reply(e)
		case effBroadcast:
			r.broadcast(e)
		case effClose:
			e.member.Close(e.code)
		}
	}
}

func (r *Room) reply(e *effect) {
	frame := r.sup.cfg.Buffers.Encode(&e.frame)
	defer frame.Release()
	r.deliver(e.member, e.frame.Event, frame)
}

// broadcast encodes the frame once, if anyone is to get it.
func (r *Room) broadcast(e *effect) {
	var frame *wire.Buffer
	defer func() {
		if frame != nil {
			frame.Release()
		}
	}()
	for m := range r.state.recipients(e) {
		if frame == nil {
			frame = r.sup.cfg.Buffers.Encode(&e.frame)
		}
		r.deliver(m, e.frame.Event, frame)
	}
}

// deliver gives a member a frame. After a frame that it could not take it gets
// no other, so that nothing is missing in what it sees.
func (r *Room) deliver(m Member, event wire.Event, frame *wire.Buffer) {
	if !slices.Contains(r.dropped, m) && !m.Deliver(event, frame) {
		r.dropped = append(r.dropped, m)
	}
}

// closeFailed closes every socket of a room that failed. If a member panics
// again, the others are closed all the same.
func (r *Room) closeFailed() {
	for i := range r.state.seats {
		for _, k := range r.state.seats[i].sockets {
			func() {
				defer func() { _ = recover() }()
				k.member.Close(wire.CloseRoomFailed)
			}()
		}
	}
}
