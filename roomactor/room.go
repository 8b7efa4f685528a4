package roomactor

import (
	"context"
	"slices"
	"time"

	"sotto/wire"
)

// Room is a live room. It is worked on by one goroutine at a time, which has the
// turn. Its methods are safe for concurrent use.
type Room struct {
	sup     *Supervisor
	hash    wire.RoomHash
	mailbox mailbox

	// Owned by who has the turn.
	state *state
	timer *time.Timer
	// dropped are members that could not take a frame in this step.
	dropped []Member
	// large is what the supervisor's slots count for this room, in bytes.
	large int64
}

// Post hands the room a request of a joined member and, if it returns nil,
// ownership of req. When nobody else is at work on the room it carries the request
// out; otherwise another goroutine will, and Post waits only while the mailbox is
// full. It returns ErrRoomClosed when the room is over (its members are being
// closed) or the context's error; req is then still the caller's.
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

// Leave tells the room that the member's socket is gone, in the same way.
func (r *Room) Leave(from Member) {
	_ = r.post(context.Background(), &command{kind: cmdLeave, from: from}) // a closed room has no members
}

func (r *Room) post(ctx context.Context, c *command) error {
	c.posted = r.sup.now()
	turn, err := r.mailbox.put(ctx, c)
	if turn {
		r.work(c)
	}
	return err
}

// work carries c out and passes the turn on. Only then may members send what they
// were given: nobody waits for the network who waits for the room, and each socket
// sends in the order of the steps.
func (r *Room) work(c *command) {
	w := r.sup.scratch.Get().(*scratch) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer r.sup.returnScratch(w)
	r.state.scratch = w
	cause := r.handle(c)
	if cause != "" {
		r.close(cause)
		return
	}
	r.state.scratch = nil
	if next := r.mailbox.next(); next != nil {
		r.sup.wg.Go(func() { r.work(next) })
	}
	for _, m := range w.flush {
		m.Flush()
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

// run starts the room with the join that makes it. The caller has the turn; the
// supervisor waits for the room's end.
func (r *Room) run(c *command) {
	r.sup.cfg.Observer.RoomStarted()
	r.timer = time.AfterFunc(r.state.expires-r.sup.now(), r.wake)
	r.work(c)
}

// wake is called by the timer, in a goroutine of its own.
func (r *Room) wake() {
	_ = r.post(context.Background(), &command{kind: cmdTick}) // else it is over
}

// close ends the room, which can't be found any more: it takes no more commands,
// and those that wait are refused. Joins try again elsewhere.
func (r *Room) close(cause CloseCause) {
	defer r.sup.wg.Done()
	r.timer.Stop()
	for _, c := range r.mailbox.close() {
		c.finish(joinAnswer{err: ErrRoomClosed})
	}
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

	now := r.sup.moment()
	if c.kind != cmdTick {
		r.sup.cfg.Observer.Waited(now.Duration - c.posted)
	}
	expires := r.state.expires
	c.slotsFull = !r.reserve(c)
	out := r.state.step(now, c)
	if out.ended == "" {
		r.settle()
	} else {
		r.sup.unregister(r) // first, so that a client that is told of the end does not find the room again
	}
	r.carryOut()
	if out.ended == "" { // else every member is closed by now
		r.dropSlow()
		r.toFlush(c.from)
	}
	if c.kind == cmdTick || r.state.expires != expires {
		r.timer.Reset(r.state.expires - r.sup.now())
	}
	r.observe(out)
	answer = r.answer(out)
	return out.ended
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

// toFlush notes who may have something to send: from comes last, as the others
// wait for what it did.
func (r *Room) toFlush(from Member) {
	w := r.state.scratch
	for i := range r.state.seats {
		for _, k := range r.state.seats[i].sockets {
			if k.member != from {
				w.flush = append(w.flush, k.member)
			}
		}
	}
	if from != nil {
		w.flush = append(w.flush, from)
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
