package roomactor_test

import (
	"bytes"
	"context"
	"flag"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sotto/roomactor"
	"sotto/wire"
)

func TestMain(m *testing.M) {
	// Defaults, before the command line is read.
	for name, value := range map[string]string{"rapid.checks": "200", "rapid.steps": "50", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of these tests; none is meant to take it.
const patience = 2 * time.Minute

// house is a supervisor whose end is checked: nothing may be left of any room.
type house struct {
	*roomactor.Supervisor
	buffers *wire.Buffers
	tally   *tally
}

func newHouse(tb testing.TB, cfg roomactor.Config) *house {
	h := &house{buffers: wire.NewBuffers(256 << 10), tally: &tally{closed: make(map[roomactor.CloseCause]int)}}
	cfg.Buffers, cfg.Observer = h.buffers, h.tally
	h.Supervisor = roomactor.NewSupervisor(cfg)
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := h.Shutdown(ctx); err != nil {
			tb.Errorf("shut down: %v", err)
			return
		}
		if n := h.Rooms(); n != 0 {
			tb.Errorf("%d rooms are left", n)
		}
		if err := h.Check(); err != nil {
			tb.Error(err)
		}
		if n := h.buffers.Live(); n != 0 {
			tb.Errorf("%d buffers are not released", n)
		}
		if h.tally.started != h.tally.allClosed() {
			tb.Errorf("%d rooms started, %d closed", h.tally.started, h.tally.allClosed())
		}
	})
	return h
}

// request makes r as the relay gets it: from a frame, in a counted buffer.
func (h *house) request(r wire.Request) *wire.Request {
	req, err := h.buffers.ReadRequest(bytes.NewReader(wire.AppendRequest(nil, &r)), 64<<10)
	if err != nil {
		panic("a test's own request can't be read")
	}
	return req
}

// tryJoin joins without a look at the result.
func (h *house) tryJoin(ctx context.Context, room string, p roomactor.Member, j wire.Join) (roomactor.JoinResult, error) {
	req := h.request(wire.Request{Event: wire.EventJoin, Ref: wire.NewRef("join"), Join: j})
	defer req.Release()
	return h.Join(ctx, new(hash[wire.RoomHash](room)), p, req, 0)
}

// join joins and fails the test if that is refused.
func (h *house) join(tb testing.TB, room string, p roomactor.Member, j wire.Join) *roomactor.Room {
	tb.Helper()
	result, err := h.tryJoin(context.Background(), room, p, j)
	if err != nil || result.Room == nil {
		tb.Fatalf("join: %+v, %v", result, err)
	}
	return result.Room
}

// post posts and fails the test if that is refused.
func (h *house) post(tb testing.TB, room *roomactor.Room, p roomactor.Member, r wire.Request) {
	tb.Helper()
	if err := h.tryPost(context.Background(), room, p, r); err != nil {
		tb.Fatalf("post: %v", err)
	}
}

// postAside posts in another goroutine, which works on the room as long as a member
// of it does.
func (h *house) postAside(tb testing.TB, room *roomactor.Room, p roomactor.Member, r wire.Request) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := h.tryPost(context.Background(), room, p, r); err != nil {
			tb.Errorf("post: %v", err)
		}
	}()
	tb.Cleanup(func() { <-done })
}

// tryPost keeps the contract of Post: a request that is not taken is released.
func (h *house) tryPost(ctx context.Context, room *roomactor.Room, p roomactor.Member, r wire.Request) error {
	req := h.request(r)
	err := room.Post(ctx, p, req)
	if err != nil {
		req.Release()
	}
	return err
}

// hash makes an identifier of a name.
func hash[H ~[32]byte](name string) H {
	var h H
	copy(h[:], name)
	return h
}

// as is the join of a seat's holder.
func as(name string) wire.Join {
	return wire.Join{Access: hash[wire.AccessHash](name), Sender: hash[wire.SenderHash](name)}
}

// withCode is as with a pairing code.
func withCode(name, code string) wire.Join {
	j := as(name)
	j.Gate = wire.Gate{Present: true, Valid: true, Hash: hash[wire.GateHash](code)}
	return j
}

// withExt is as, opted in to presence.
func withExt(name string) wire.Join {
	j := as(name)
	j.Ext = true
	return j
}

func sendRequest(text string) wire.Request {
	return wire.Request{Event: wire.EventSend, Ref: wire.NewRef("send"), Ciphertext: []byte(text)}
}

var expireRequest = wire.Request{Event: wire.EventExpire, Ref: wire.NewRef("expire")}

// tally is an Observer that counts rooms. What else one is told of is held by the
// metrics of package relay.
type tally struct {
	mu      sync.Mutex
	started int
	closed  map[roomactor.CloseCause]int
	panics  int
}

func (o *tally) count(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
}

func (o *tally) RoomStarted()                         { o.count(func() { o.started++ }) }
func (o *tally) RoomClosed(c roomactor.CloseCause)    { o.count(func() { o.closed[c]++ }) }
func (o *tally) Panicked()                            { o.count(func() { o.panics++ }) }
func (*tally) Joined(roomactor.JoinKind, wire.Reason) {}
func (*tally) Accepted(wire.Event)                    {}
func (*tally) Locked(roomactor.LockKind)              {}
func (*tally) SlotsFull()                             {}
func (*tally) Waited(time.Duration)                   {}

func (o *tally) allClosed() (n int) {
	o.count(func() {
		for _, c := range o.closed {
			n += c
		}
	})
	return n
}
