package relay

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"sotto/roomactor"
	"sotto/wire"
)

const (
	// An unjoined socket is closed this long after its last frame, and this
	// long after it was opened whatever it sends.
	unjoinedIdle = 30 * time.Second
	unjoinedMost = 5 * time.Minute
	// frameDeadline is how long one frame may take from its first byte to its
	// last: one without a large message takes half of it at 10 kbit/s.
	frameDeadline = 60 * time.Second
	// pongDeadline is how long a ping waits for its pong.
	pongDeadline = 30 * time.Second
	// typingInterval is the shortest pause between typing events of one socket
	// that reach the room.
	typingInterval = time.Second
	// framesPerChange is what a change of the slot costs, in frames: it goes to
	// everyone in the room. A read receipt does too, but only one a message.
	framesPerChange = 5
)

// conn is one socket. Its read loop is its owner; fields without a note are
// set before that starts.
type conn struct {
	outbox *outbox // the room's Member
	relay  *Relay
	hash   wire.RoomHash
	addr   addrKey
	born   time.Time

	// timer closes an unjoined socket and pings a joined one.
	timer  *time.Timer
	joined atomic.Bool

	// Owned by the read loop.
	room       *roomactor.Room // nil until joined
	ext        bool            // its last good join had ext
	lastTyping time.Time
	frame      frameReader
	changes    pace // of the slot
}

// run reads until the socket ends. The relay waits for it. The context bounds
// waiting, not reading, which the outbox ends. While it waits for a message, it must
// need less than a quarter of its stack (and 800 bytes): only then the runtime gives
// half of the stack back.
func (c *conn) run(ctx context.Context) {
	var err error
	c.outbox.guarded(func() { err = c.readAll(ctx) })
	c.outbox.guarded(func() { c.end(err) })
}

// begin is called before anything is read.
func (c *conn) begin() {
	c.relay.cfg.Logger.Debug().Uint32("conn", c.outbox.guard.mark).Msg("socket opened")
	c.timer = time.AfterFunc(unjoinedIdle, func() { c.outbox.guarded(c.onTimer) })
}

// end is called when reading has ended.
func (c *conn) end(err error) {
	c.timer.Stop()
	code := c.outbox.end()
	if c.room != nil {
		c.room.Leave(c.outbox)
	}
	c.outbox.out.release()
	c.outbox.net.release()
	end := endedFailed
	if !c.outbox.failed.Load() {
		end = closeOf(code, err)
	}
	c.relay.metrics.count(end)
	c.relay.cfg.Logger.WithLevel(end.level).Uint32("conn", c.outbox.guard.mark).Str("code", end.label).Msg("socket closed")
}

// readAll handles frame after frame until the socket fails, is closing, or
// breaks a rule that ends it.
func (c *conn) readAll(ctx context.Context) error {
	c.begin()
	for {
		c.outbox.net.await()
		kind, r, err := c.nextMessage()
		switch {
		case errors.Is(err, errAwait):
			continue
		case err != nil:
			return err
		}
		c.outbox.net.beginMessage()
		err = c.readFrame(ctx, kind, r)
		c.outbox.net.endMessage()
		if err != nil {
			return err
		}
		if !c.outbox.waitForSpace() {
			return nil // the writer reads the rest of the closing handshake
		}
	}
}

// nextMessage waits for a message. It has no context: one that can end would
// take memory and a lock of the whole relay for every wait.
func (c *conn) nextMessage() (websocket.MessageType, io.Reader, error) {
	return c.outbox.ws.Reader(context.Background())
}

// readFrame handles one message. An error ends the socket.
func (c *conn) readFrame(ctx context.Context, kind websocket.MessageType, r io.Reader) error {
	if kind != websocket.MessageText {
		if err := c.discard(r); err != nil {
			return err
		}
		c.rejectFrame(replyBinary)
		return nil
	}
	req, err := c.readRequest(ctx, r)
	switch {
	case errors.Is(err, wire.ErrFrame):
		c.rejectFrame(replyNotAFrame)
		return nil
	case errors.Is(err, wire.ErrTooBig):
		c.outbox.Close(wire.CloseTooBig)
		return err
	case err != nil:
		return err
	}
	if kept := c.handle(ctx, req); !kept {
		req.Release()
	}
	return nil
}

// readRequest reads one frame within the relay's budget for frames under way.
func (c *conn) readRequest(ctx context.Context, r io.Reader) (*wire.Request, error) {
	c.frame = frameReader{from: r, conn: c, ctx: ctx}
	defer c.frame.done()
	most := c.relay.cfg.stdCiphertext()
	if c.ext {
		most = c.relay.cfg.MaxCiphertextBytes
	}
	return c.relay.buffers.ReadRequest(&c.frame, most)
}

// discard reads a message that is refused for what it is.
func (c *conn) discard(r io.Reader) error {
	// Without io.Discard's own buffer of 8 KiB.
	to, buf := struct{ io.Writer }{io.Discard}, make([]byte, readBuffer)
	n, err := io.CopyBuffer(to, io.LimitReader(r, int64(c.relay.buffers.Limit())+1), buf)
	if err == nil && n > int64(c.relay.buffers.Limit()) {
		c.outbox.Close(wire.CloseTooBig)
		return wire.ErrTooBig
	}
	return err
}

// rejectFrame answers what could not be read as a frame.
func (c *conn) rejectFrame(a answer) {
	c.relay.metrics.count(a)
	c.touch()
	c.answer(&wire.Response{Ref: wire.FrameRef, Reason: wire.Reason(a.reason)})
}

// handle does what a request asks and reports whether the room has taken req.
func (c *conn) handle(ctx context.Context, req *wire.Request) (kept bool) {
	c.touch()
	switch {
	case req.Event == wire.EventJoin:
		c.join(ctx, req)
		return false
	case c.room == nil:
		c.relay.metrics.count(replyNotJoined)
		if req.Ref.Set() {
			c.answer(&wire.Response{Ref: req.Ref, Reason: wire.ReasonNotJoined})
		}
		return false
	case req.Event == wire.EventUnknown:
		return false
	case req.Event == wire.EventTyping:
		now := time.Now()
		if !c.lastTyping.IsZero() && now.Sub(c.lastTyping) < typingInterval {
			c.relay.metrics.count(silentTyping)
			return false
		}
		c.lastTyping = now
	case req.Event == wire.EventSend, req.Event == wire.EventEdit, req.Event == wire.EventDelete,
		req.Event == wire.EventHello:
		c.holdChange()
	}
	// Post fails when the room has ended, which has closed this socket too.
	return c.room.Post(ctx, c.outbox, req) == nil
}

// holdChange waits while changes of the slot come too fast. Nothing is read
// meanwhile.
func (c *conn) holdChange() {
	c.changes.spend(framesPerChange * frameCost(c.relay.cfg.FrameRate))
	if wait := c.changes.wait(); wait > 0 {
		c.outbox.pause(wait)
	}
}

// join waits for Config.JoinFloor, whatever the join says, and then asks the
// room. Nothing is read meanwhile, so a socket gets the answers to its joins one
// after another, each as late as the floor says.
func (c *conn) join(ctx context.Context, req *wire.Request) {
	if !c.holdJoin(ctx) {
		return
	}
	if req.Fault != "" {
		c.relay.metrics.Joined(roomactor.JoinRefused, req.Fault)
		if req.Ref.Set() {
			c.answer(&wire.Response{Ref: req.Ref, Reason: req.Fault})
		}
		return
	}
	limits := c.relay.limits
	result, err := c.relay.rooms.Join(ctx, &c.hash, c.outbox, req, limits.creationWait(c.addr))
	switch {
	case errors.Is(err, roomactor.ErrRoomFailed):
		c.relay.metrics.Joined(roomactor.JoinRefused, wire.ReasonInternalError)
		if req.Ref.Set() {
			c.answer(&wire.Response{Ref: req.Ref, Reason: wire.ReasonInternalError})
		}
	case err != nil: // the relay shuts down, and closes this socket too
	case result.TookSeat():
		limits.tookSeat(c.addr)
	case result.Kind == roomactor.JoinMaxRooms:
		c.relay.limitHit(limitRooms)
	case result.Reason == wire.ReasonRateLimited:
		c.relay.limitHit(limitCreate)
	}
	if result.Room != nil {
		c.room, c.ext = result.Room, req.Join.Ext
		if !c.joined.Swap(true) {
			c.schedulePing()
		}
	}
}

// holdJoin waits from the arrival of a join until it may be decided, and
// reports whether the socket is still open then.
func (c *conn) holdJoin(ctx context.Context) bool {
	floor := c.relay.cfg.JoinFloor
	if floor <= 0 {
		return c.outbox.isOpen()
	}
	hold := time.NewTimer(floor + rand.N(floor/4+1)) //nolint:gosec // jitter that hides nanoseconds, not a secret
	defer hold.Stop()
	select {
	case <-hold.C:
		return c.outbox.isOpen()
	case <-ctx.Done():
		return false
	}
}

// answer queues a reply that comes from the connection, not from the room.
func (c *conn) answer(r *wire.Response) {
	frame := c.relay.buffers.Encode(r)
	defer frame.Release()
	if !c.outbox.Deliver(wire.EventNone, frame) {
		c.outbox.Close(wire.CloseSlowConsumer)
	}
	c.outbox.Flush()
}

// touch gives an unjoined socket more time.
func (c *conn) touch() {
	if !c.joined.Load() {
		c.timer.Reset(min(unjoinedIdle, unjoinedMost-time.Since(c.born)))
	}
}

// onTimer runs when the socket's timer fires.
func (c *conn) onTimer() {
	if !c.joined.Load() {
		c.outbox.Close(wire.CloseNotJoined)
		return
	}
	c.outbox.task(c.ping)
}

func (c *conn) schedulePing() {
	every := c.relay.cfg.PingInterval
	if every < 0 {
		c.timer.Stop()
		return
	}
	// Random, so that phones do not wake in step.
	c.timer.Reset(every - rand.N(every/8+1)) //nolint:gosec // not a secret
}

// ping is a task of the outbox. Behind a frame that a slow link still takes, the
// library would give the ping up, and the socket with it, after 5 seconds.
func (c *conn) ping() {
	if !c.outbox.waitForWriter() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), pongDeadline)
	defer cancel()
	switch err := c.outbox.ws.Ping(ctx); {
	case err == nil:
		c.schedulePing()
	case errors.Is(err, net.ErrClosed): // the socket ended meanwhile
	case c.outbox.net.inMessage.Load():
		c.schedulePing() // its pong waits behind the frame, which has a time of its own
	default:
		c.outbox.Close(wire.CloseNoPong)
	}
}
