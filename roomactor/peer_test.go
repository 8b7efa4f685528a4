package roomactor_test

import (
	"sync"
	"testing"
	"time"

	"sotto/wire"
)

// peer is a Member that decodes and keeps what it is given, in order. One
// goroutine at a time takes it.
type peer struct {
	// onDeliver, when set, is asked first, in the room's turn: false is a
	// frame that is not taken.
	onDeliver func(wire.Event) bool

	mu     sync.Mutex
	unsent []wire.Response // guarded by mu: delivered, not flushed
	frames []wire.Response // guarded by mu
	came   chan struct{}   // has one after a frame came

	once   sync.Once
	code   wire.CloseCode // set before closed is closed
	closed chan struct{}
}

func newPeer() *peer {
	return &peer{came: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (p *peer) Deliver(event wire.Event, frame *wire.Buffer) bool {
	if p.onDeliver != nil && !p.onDeliver(event) {
		return false
	}
	var r wire.Response
	if err := wire.DecodeResponse(frame.Bytes(), &r); err != nil || r.Event != event {
		panic("a room sent what no client can read")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unsent = append(p.unsent, r)
	return true
}

// Flush makes what was delivered come.
func (p *peer) Flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.unsent) == 0 {
		return
	}
	p.frames = append(p.frames, p.unsent...)
	p.unsent = nil
	select {
	case p.came <- struct{}{}:
	default:
	}
}

func (p *peer) Close(code wire.CloseCode) {
	p.once.Do(func() {
		p.Flush() // a socket sends what was delivered before it closes
		p.code = code
		close(p.closed)
	})
}

// next takes the next frame, for which it waits.
func (p *peer) next(tb testing.TB) wire.Response {
	tb.Helper()
	if r, ok := p.pop(); ok {
		return r
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case <-p.came:
			if r, ok := p.pop(); ok {
				return r
			}
		case <-late.C:
			tb.Fatal("no frame came")
		}
	}
}

func (p *peer) pop() (r wire.Response, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.frames) == 0 {
		return r, false
	}
	r, p.frames = p.frames[0], p.frames[1:]
	return r, true
}

// expect takes the next frame, which must be a broadcast of this event, or a
// good reply if it is wire.EventNone.
func (p *peer) expect(tb testing.TB, event wire.Event) wire.Response {
	tb.Helper()
	r := p.next(tb)
	if r.Event != event || r.Reason != "" {
		tb.Fatalf("got event %q, reason %q; want event %q", r.Event.String(), r.Reason, event.String())
	}
	return r
}

// reply takes the next reply; broadcasts before it are dropped.
func (p *peer) reply(tb testing.TB) wire.Response {
	tb.Helper()
	for {
		if r := p.next(tb); r.Event == wire.EventNone {
			return r
		}
	}
}

// rest takes what came already.
func (p *peer) rest() []wire.Response {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.frames
	p.frames = nil
	return all
}

// expectNothing fails the test if a frame is there.
func (p *peer) expectNothing(tb testing.TB) {
	tb.Helper()
	for _, r := range p.rest() {
		tb.Errorf("got event %q, reason %q; want nothing", r.Event.String(), r.Reason)
	}
}

// expectClosed waits until the room has closed the peer with code.
func (p *peer) expectClosed(tb testing.TB, code wire.CloseCode) {
	tb.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.closed:
		if p.code != code {
			tb.Errorf("closed with %d; want %d", p.code, code)
		}
	case <-late.C:
		tb.Errorf("not closed; want %d", code)
	}
}

func (p *peer) expectOpen(tb testing.TB) {
	tb.Helper()
	select {
	case <-p.closed:
		tb.Errorf("closed with %d; want it open", p.code)
	default:
	}
}
