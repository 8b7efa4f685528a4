package relay

import (
	"cmp"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sotto/wire"
)

// prompt is what a connection can do that says at once how far it comes. The
// kernel's sockets can (promptSocket), and those of package memnet. A TLS
// connection can't, and one that an embedder has wrapped is taken as it is.
type prompt interface {
	// ReadReady waits until there is something to read, without a buffer, and then
	// reads once into a lent one. It returns 0 at the end.
	ReadReady(from lender) (int, error)
	// WriteReady writes as much as there is room for, and never waits.
	WriteReady(p []byte) (int, error)
}

// lender lends a buffer, which is to have nothing in it when it is taken back.
type lender = interface {
	Lend() []byte
	TakeBack()
}

// promptOf returns conn's prompt, or nil.
func promptOf(conn net.Conn) prompt {
	if v, ok := conn.(*countedConn); ok {
		conn = v.Conn
	}
	if p, ok := conn.(prompt); ok {
		return p
	}
	return promptSocket(conn)
}

// transport is a socket's connection. It reads no faster than its intake allows,
// and closes without sending a TLS alert.
//
// A prompt one waits for the next message in await, which keeps neither a buffer
// nor the deep stack of the WebSocket library meanwhile: what is read is kept
// until the library asks for it.
type transport struct {
	net.Conn
	prompt  prompt // nil when there is none
	buffers *wire.Buffers
	// pause waits, or returns early when the socket is gone.
	pause func(time.Duration)
	// readWithin sets a deadline.
	readWithin func(time.Duration)
	// closing is set once the relay is closing the socket.
	closing atomic.Bool
	// awaiting: a message is to begin. inMessage: it is being read. timed: it has its deadline, which it
	// gets when it has to be waited for; most messages come whole.
	awaiting, inMessage, timed atomic.Bool

	// One goroutine reads at a time: the read loop, or the writer of a socket that
	// is closing. Waiting for the other must not hold a lock.
	mu   sync.Mutex
	free sync.Cond
	// guarded by mu
	reading bool
	// Owned by who reads.
	intake intake
	ahead  *wire.Buffer // was read ahead
	used   int          // of it
	most   int          // to be read ahead at a time, in bytes
}

func newTransport(conn net.Conn, buffers *wire.Buffers, frameRate int) *transport {
	t := &transport{Conn: conn, prompt: promptOf(conn), buffers: buffers, intake: intake{each: frameCost(frameRate)}}
	t.free.L = &t.mu
	return t
}

// keep takes what was read before there was a transport.
func (t *transport) keep(early []byte) {
	t.intake.took(early)
	if len(early) > 0 {
		t.ahead = t.buffers.Get(len(early))
		t.ahead.Append(early)
	}
}

// errAwait is Read's error when only control frames came, which the library has
// answered by itself: the next frame is to be awaited. It leaves the library as it
// was before its call, which TestAwait_ControlFrames checks.
var errAwait = errors.New("no message has begun")

// await waits for the next message, where that takes less memory than waiting in
// Read. It says nothing of an error, which Read will meet.
func (t *transport) await() {
	if t.prompt == nil {
		return
	}
	t.awaiting.Store(true)
	t.begin()
	defer t.end()
	// While the relay closes the socket, the library reads the rest by itself.
	if t.ahead == nil && !t.closing.Load() && t.readAhead() != nil {
		t.awaiting.Store(false) // Read is to meet what ended this
	}
}

// readAhead waits for something to read and keeps it.
func (t *transport) readAhead() error {
	t.most = min(readBuffer, t.pace())
	n, err := t.prompt.ReadReady(t)
	if n == 0 {
		t.TakeBack()
		return cmp.Or(err, io.EOF)
	}
	t.ahead.Extend(n)
	t.intake.took(t.ahead.Bytes())
	return nil
}

// Lend implements lender for readAhead, as TakeBack does.
func (t *transport) Lend() []byte {
	if t.ahead == nil {
		t.ahead = t.buffers.Get(wire.SmallBuffer)
	}
	return t.ahead.Space()[:t.most]
}

// TakeBack gives up what was read ahead.
func (t *transport) TakeBack() {
	if t.ahead != nil {
		t.ahead.Release()
		t.ahead, t.used = nil, 0
	}
}

// Read reads when the intake allows it.
func (t *transport) Read(p []byte) (int, error) {
	t.begin()
	defer t.end()
	if t.ahead == nil {
		if t.awaiting.Load() && t.intake.meter.between() && !t.closing.Load() {
			return 0, errAwait
		}
		if t.inMessage.Load() && !t.timed.Swap(true) {
			t.readWithin(frameDeadline)
		}
		if t.prompt == nil || len(p) > headBuffer {
			return t.readInto(p)
		}
		if err := t.readAhead(); err != nil { // for the library's reader
			return 0, err
		}
	}
	n := copy(p, t.ahead.Bytes()[t.used:])
	if t.used += n; t.used == len(t.ahead.Bytes()) {
		t.TakeBack()
	}
	return n, nil
}

// readInto reads what goes straight to where it is wanted.
func (t *transport) readInto(p []byte) (int, error) {
	n, err := t.Conn.Read(p[:min(len(p), t.pace())])
	t.intake.took(p[:n])
	return n, err
}

// pace waits until the intake allows to read, and returns how much. There is no
// burst while the socket is closing: only the peer's close frame matters then, and
// the library reads what comes before it in small pieces.
func (t *transport) pace() (most int) {
	if t.closing.Load() {
		t.intake.pace.forgoBurst()
	}
	if wait := t.intake.pace.wait(); wait > 0 {
		t.pause(wait)
		return intakeSip
	}
	return math.MaxInt
}

// beginMessage is called when a message begins, endMessage at its end.
func (t *transport) beginMessage() {
	t.awaiting.Store(false)
	t.inMessage.Store(true)
}

func (t *transport) endMessage() {
	t.inMessage.Store(false)
	if t.timed.Swap(false) {
		t.readWithin(noDeadline)
	}
}

// begin waits until nobody else reads.
func (t *transport) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.reading {
		t.free.Wait()
	}
	t.reading = true
}

func (t *transport) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reading = false
	t.free.Signal()
}

// release gives up what was read ahead. Nobody may read after it.
func (t *transport) release() {
	t.begin()
	defer t.end()
	t.TakeBack()
}

// Close closes the connection below TLS, if there is TLS. tls.Conn.Close may
// wait five seconds for a peer that does not read, and its alert is not needed:
// WebSocket frames show by themselves where a stream was cut off.
func (t *transport) Close() error {
	if over, ok := t.Conn.(*tls.Conn); ok {
		return over.NetConn().Close()
	}
	return t.Conn.Close()
}
