package relay

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"sotto/wire"
)

const (
	// maxQueued bounds the frames that wait for a slow socket, and maxQueuedFull
	// and maxQueuedLarge their memory, in frames of the largest size with a text and
	// with a large message. Two people who take turns have a handful under way.
	maxQueued      = 64
	maxQueuedFull  = 8
	maxQueuedLarge = 4
	// writeDeadline is how long one write may take into the kernel's buffer. A
	// peer that stops reading loses its socket after it.
	writeDeadline = 10 * time.Second
	// closeDeadline is how long a closing socket may take to send what is queued
	// and its close frame, and once more to receive the peer's close frame.
	closeDeadline = 5 * time.Second
	// noDeadline removes a deadline.
	noDeadline time.Duration = 0
)

// outbox is a socket's bounded queue of frames and its only sender of them.
// Flush sends what the connection takes at once, and starts a writer, a goroutine
// that ends with the queue, for what has to wait.
//
// It is open until Close makes it closing, which lets the writer send what is
// queued and a close frame, or abort ends it at once. Nothing is queued after
// the first, nothing is written after the second; end waits for either.
//
// A panic in anything it runs aborts it: see guarded.
//
// All methods are safe for concurrent use. Only waitForSpace, pause and end, which
// are the read loop's, and waitForWriter, a task's, block. flushing is locked before
// mu.
type outbox struct {
	ws      *websocket.Conn
	net     *transport
	out     *frameWriter
	metrics *metrics
	// most is how much memory may be queued, in bytes.
	most  int
	guard guard
	// failed: something panicked.
	failed  atomic.Bool
	writers sync.WaitGroup // the writer and the tasks
	// flushing is held by who sends what the connection takes at once. Rooms, which
	// queue frames meanwhile, wait for mu alone.
	flushing sync.Mutex

	mu sync.Mutex
	// guarded by mu
	queue   []queued
	bytes   int // the memory that the queue holds
	writing bool
	// code is set once the socket is to be closed; nothing is queued after it.
	code wire.CloseCode
	// ended: no writer and no task may start.
	ended bool
	// changed is signalled when the queue has shrunk, the writer or the outbox has
	// ended, the outbox is closing, or a pause is over.
	changed sync.Cond
}

type queued struct {
	frame *wire.Buffer
	at    time.Time // of a new message
}

func newOutbox(ws *websocket.Conn, conn *transport, out *frameWriter, m *metrics, g guard) *outbox {
	o := &outbox{ws: ws, net: conn, out: out, metrics: m, guard: g, most: mostQueued(out.buffers.Limit())}
	o.changed.L = &o.mu
	out.to = o.transmit
	conn.pause, conn.readWithin = o.pause, o.readWithin
	return o
}

// mostQueued returns the memory of an outbox for a limit of frames, in bytes.
func mostQueued(limit int) int {
	return max(maxQueuedFull*min(limit, wire.MediumBuffer), maxQueuedLarge*min(limit, wire.LargeBuffer), maxQueued<<10)
}

// Deliver implements roomactor.Member.
func (o *outbox) Deliver(event wire.Event, frame *wire.Buffer) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.open() {
		return false
	}
	if len(o.queue) >= maxQueued || o.bytes+frame.Size() > o.most {
		o.metrics.slowConsumers.WithLabelValues(slowQueue).Inc()
		return false
	}
	q := queued{frame: frame.Retain()}
	if event == wire.EventNewMessage {
		q.at = time.Now()
	}
	o.queue = append(o.queue, q)
	o.bytes += frame.Size()
	return true
}

// Flush implements roomactor.Member. Where the connection takes frames at once,
// they leave here: a goroutine and a deadline are for what has to wait.
func (o *outbox) Flush() { o.guarded(o.flush) }

func (o *outbox) flush() {
	o.flushing.Lock()
	defer o.flushing.Unlock()
	frames := o.takeQueue()
	if frames == nil {
		return
	}
	sent, whole := 0, false
	defer func() { o.putBack(frames, sent, whole) }()
	sent, whole = o.out.writeReady(frames, o.net.prompt)
	for i := range sent {
		frames[i].sent(o.metrics)
	}
}

// takeQueue returns the queue for who can send it now, nil when there is nothing to
// send or a writer is to do it.
func (o *outbox) takeQueue() []queued {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 || o.writing || !o.open() {
		return nil
	}
	if o.net.prompt == nil {
		o.startWriter()
		return nil
	}
	frames := o.queue
	o.queue = nil
	return frames
}

// putBack gives up the frames that were sent and puts the others before what was
// queued meanwhile, for a writer: as is the rest of a frame, if not whole.
func (o *outbox) putBack(frames []queued, sent int, whole bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rest := frames[sent:]
	if o.ended || o.code == wire.CloseSlowConsumer { // the queue was dropped
		o.drop(rest)
		rest = nil
	}
	o.drop(frames[:sent])
	if len(rest) > 0 {
		o.queue = append(rest, o.queue...)
	}
	if len(o.queue) < maxQueued/2 {
		o.changed.Broadcast()
	}
	if !o.ended && (len(rest) > 0 || !whole) {
		o.startWriter()
	}
}

// sent notes how long a message waited.
func (q *queued) sent(m *metrics) {
	if !q.at.IsZero() {
		m.deliver.Observe(time.Since(q.at).Seconds())
	}
}

// Close implements roomactor.Member: the socket closes with code after what is
// queued, or at once if its peer reads too slowly.
func (o *outbox) Close(code wire.CloseCode) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.open() {
		return
	}
	o.code = code
	o.net.closing.Store(true)
	// From here on nobody sets another deadline: the socket ends within these two,
	// whatever the peer does.
	_ = o.net.SetWriteDeadline(after(closeDeadline))
	_ = o.net.SetReadDeadline(after(2 * closeDeadline))
	if code == wire.CloseSlowConsumer {
		o.dropQueue()
	}
	o.changed.Broadcast()
	o.startWriter()
}

// readWithin sets how long the read loop may read.
func (o *outbox) readWithin(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open() {
		_ = o.net.SetReadDeadline(after(d))
	}
}

// writeWithin sets how long a write may take.
func (o *outbox) writeWithin(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open() {
		_ = o.net.SetWriteDeadline(after(d))
	}
}

// after returns when d will have passed, or the zero time for noDeadline.
func after(d time.Duration) time.Time {
	if d == noDeadline {
		return time.Time{}
	}
	return time.Now().Add(d)
}

func (o *outbox) dropQueue() {
	o.drop(o.queue)
	o.queue = nil
}

// drop gives frames up. o.mu is held.
func (o *outbox) drop(frames []queued) {
	for i := range frames {
		o.bytes -= frames[i].frame.Size()
		frames[i].frame.Release()
		frames[i] = queued{}
	}
}

// waitForSpace waits until the queue is at most half full or the socket is
// closing, so that a client that asks without reading the answers waits for
// itself. It reports whether the socket is still open.
func (o *outbox) waitForSpace() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.queue) > maxQueued/2 && o.open() {
		o.changed.Wait()
	}
	return o.open()
}

// waitForWriter waits until no writer is at work, and reports whether the socket is
// still open.
func (o *outbox) waitForWriter() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.writing && o.open() {
		o.changed.Wait()
	}
	return o.open()
}

// pause waits for d and up to half as much again, which keeps a crowd out of
// step, but no longer than the socket is there. A socket that is closing pauses
// too: nothing else slows down what its peer still sends.
func (o *outbox) pause(d time.Duration) {
	o.metrics.rateLimited.WithLabelValues(limitFrames).Inc()
	d += rand.N(d/2 + 1) //nolint:gosec // not a secret
	until := time.Now().Add(d)
	timer := time.AfterFunc(d, func() { o.guarded(o.wake) })
	defer timer.Stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.ended && time.Now().Before(until) {
		o.changed.Wait()
	}
}

// wake ends a pause that is over.
func (o *outbox) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.changed.Broadcast()
}

// open reports whether frames are still taken. o.mu is held.
func (o *outbox) open() bool { return !o.ended && o.code == wire.CloseNone }

// isOpen reports whether frames are still taken.
func (o *outbox) isOpen() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.open()
}

// task runs f in a goroutine of its own, which end waits for. It does nothing
// if the outbox is no longer open.
func (o *outbox) task(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open() {
		o.writers.Go(func() { o.guarded(f) })
	}
}

// guarded runs f. A panic in it ends this socket alone, as one in a room ends
// that room alone.
func (o *outbox) guarded(f func()) {
	if o.guard.run(f) {
		o.failed.Store(true)
		o.guard.run(o.abort)
	}
}

// abort ends the outbox and breaks the connection, without a close frame.
func (o *outbox) abort() {
	o.endNow()
	_ = o.net.Close() // not under the lock, which a room may wait for
}

// end is called when reading has ended. It lets a close under way finish,
// breaks the connection otherwise, and waits for the writer and the tasks. It
// returns the code the relay closed with, or CloseNone.
func (o *outbox) end() wire.CloseCode {
	if o.endUnlessClosing() {
		_ = o.ws.CloseNow() // also wakes a ping that waits for its pong
	}
	o.writers.Wait()
	o.awaitFlush()
	if o.endUnlessClosing() {
		_ = o.ws.CloseNow() // the writer was to close it and failed; else the library would keep it
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.code
}

// awaitFlush waits until nobody flushes what was queued before.
func (o *outbox) awaitFlush() {
	o.flushing.Lock()
	defer o.flushing.Unlock()
}

// endNow ends the outbox and drops what is queued.
func (o *outbox) endNow() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endLocked()
}

// endUnlessClosing ends the outbox if no writer is there to close the socket,
// and reports whether it has ended. What a room has queued and not flushed yet
// is dropped then: nobody else would.
func (o *outbox) endUnlessClosing() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.code == wire.CloseNone || o.ended {
		o.endLocked()
	}
	return o.ended
}

func (o *outbox) endLocked() {
	o.ended = true
	o.dropQueue()
	o.changed.Broadcast()
}
