package roomactor

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sotto/wire"
)

// record is what was asked of a room, in the order in which its turns answered.
type record struct {
	nobody
	carriedOut atomic.Int64 // with those that have no answer

	mu      sync.Mutex
	asked   map[wire.Ref]turn           // guarded by mu: not answered yet
	turns   []turn                      // guarded by mu
	read    map[wire.MessageID]struct{} // guarded by mu: are in turns
	buffers *wire.Buffers
}

// Waited implements Observer.
func (r *record) Waited(time.Duration) { r.carriedOut.Add(1) }

// turn is one request and its answer. A read receipt has none, nor a sender here:
// it is known by its message_read.
type turn struct {
	from   *witness
	number int // of the sender's requests
	asked  wire.Request
	answer wire.Response
}

// witness is a member that keeps what it is told, and asks one request after another.
type witness struct {
	*record
	random  *rand.Rand
	person  string
	number  int
	token   wire.ResumeToken
	answers chan struct{}

	// guarded by record.mu
	told   []string       // frames and closes
	newest wire.MessageID // of the newest message it knows
	iv     [wire.IVSize]byte
}

func (w *witness) Deliver(event wire.Event, frame *wire.Buffer) bool {
	var r wire.Response
	if err := wire.DecodeResponse(frame.Bytes(), &r); err != nil || r.Event != event {
		panic("a room sent what no client can read")
	}
	runtime.Gosched() // so that others come meanwhile
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, string(frame.Bytes()))
	switch event {
	case wire.EventNone:
		t := w.asked[r.Ref]
		t.answer = r
		w.turns = append(w.turns, t)
		if r.Joined != nil {
			w.token = r.Joined.Resume
		}
		w.answers <- struct{}{}
	case wire.EventNewMessage:
		w.newest, w.iv = r.Message.ID, r.Message.IV
	case wire.EventMessageEdited:
		w.iv = r.Message.IV
	case wire.EventMessageRead:
		if _, there := w.read[r.MessageID]; !there { // everyone is told of it
			w.read[r.MessageID] = struct{}{}
			w.turns = append(w.turns, turn{asked: wire.Request{Event: wire.EventRead, MessageID: r.MessageID}})
		}
	}
	return true
}

func (*witness) Flush() {}

func (w *witness) Close(code wire.CloseCode) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, fmt.Sprint("closed ", code))
}

// ask asks the room, or the supervisor to join it.
func (w *witness) ask(t *testing.T, s *Supervisor, room *Room, r *wire.Request) (joined *Room) {
	w.number++
	if r.Event != wire.EventRead {
		r.Ref = wire.NewRef(fmt.Sprintf("%p %d", w, w.number))
		w.mu.Lock()
		w.asked[r.Ref] = turn{from: w, number: w.number, asked: *r}
		w.mu.Unlock()
	}
	req := w.received(r)
	if r.Event != wire.EventJoin {
		if err := room.Post(t.Context(), w, req); err != nil {
			t.Error(err)
		}
		return room
	}
	defer req.Release()
	result, err := s.Join(t.Context(), &wire.RoomHash{}, w, req, 0)
	if err != nil {
		t.Error(err)
	}
	return result.Room
}

// received is the request as the relay gets it, in a buffer that is overwritten later.
func (r *record) received(req *wire.Request) *wire.Request {
	got, err := r.buffers.ReadRequest(bytes.NewReader(wire.AppendRequest(nil, req)), wire.StdCiphertext)
	if err != nil {
		panic("a test's own request can't be read")
	}
	return got
}

// draw makes a request about the newest message that w knows.
func (w *witness) draw() *wire.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &wire.Request{MessageID: w.newest}
	text := fmt.Appendf(nil, "%s %d", w.person, w.random.Uint32())
	switch n := w.random.IntN(64); {
	case n == 0:
		r.Event, r.Join = wire.EventJoin, w.joining("eve")
	case n < 16:
		r.Event, r.Join = wire.EventJoin, w.joining(w.person)
	case n < 18:
		r.Event, r.Hello = wire.EventHello, text
	case n < 28:
		r.Event = wire.EventRead
	case n < 36:
		r.Event, r.Ciphertext, r.IV = wire.EventEdit, text, ivOf(string(text))
	case n < 42:
		r.Event = wire.EventDelete
	default:
		r.Event, r.Ciphertext, r.IV = wire.EventSend, text, ivOf(string(text))
		if n%4 > 1 { // few, so that some are repeated, from other sockets as well
			r.Nonce, _ = wire.ParseNonce(fmt.Sprintf("%016x", w.random.IntN(10)))
		}
		if n%2 == 0 {
			r.Replaces = wire.Replaces{Set: true, Message: w.newest != wire.MessageID{}, ID: w.newest}
			r.Replaces.HasIV, r.Replaces.IV = r.Replaces.Message && n%3 == 0, w.iv
		}
	}
	return r
}

// joining is the join of a person, mostly with the token of w's last one.
func (w *witness) joining(person string) wire.Join {
	return wire.Join{
		Access: hash[wire.AccessHash](person), Sender: hash[wire.SenderHash](person), Ext: w.random.IntN(2) == 0,
		Gate:   wire.Gate{Present: true, Valid: true, Hash: hash[wire.GateHash]("code")},
		Resume: w.token, HasResume: w.token != wire.ResumeToken{} && w.random.IntN(4) > 0,
	}
}

// What clients of one room see under contention is what the rules, carried out one
// request after another, would tell them: every frame, in one order for everyone.
// In that order a request's place is the moment of its answer, which lies between
// its post and what its client sees: so the history is linearizable.
func TestLinearizable(t *testing.T) {
	const witnesses, requests = 6, 200
	for range 3 {
		synctest.Test(t, func(t *testing.T) { // where time stands still
			rec := &record{
				asked: make(map[wire.Ref]turn), read: make(map[wire.MessageID]struct{}), buffers: wire.NewBuffers(4 * wire.StdCiphertext),
			}
			s := NewSupervisor(Config{Buffers: rec.buffers, Observer: rec})
			all := make([]*witness, witnesses)
			for i := range all {
				all[i] = &witness{
					record: rec, random: rand.New(rand.NewPCG(rand.Uint64(), 0)), person: []string{"alice", "bob"}[i%2],
					answers: make(chan struct{}, requests+2),
				}
			}
			room := all[0].ask(t, s, nil, &wire.Request{Event: wire.EventJoin, Join: all[0].joining("alice")})
			var wg sync.WaitGroup
			for _, w := range all {
				wg.Go(func() {
					w.ask(t, s, room, &wire.Request{Event: wire.EventJoin, Join: w.joining(w.person)})
					under := 0 // way
					for range requests {
						r := w.draw()
						w.ask(t, s, room, r)
						if r.Event != wire.EventRead {
							under++
						}
						for ; under > w.random.IntN(4); under-- {
							<-w.answers
						}
					}
				})
			}
			wg.Wait()
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			checkRecord(t, rec, all)
			if n := rec.buffers.Live(); n != 0 {
				t.Errorf("%d buffers are not released", n)
			}
		})
	}
}

func checkRecord(t *testing.T, rec *record, all []*witness) {
	t.Helper()
	told := rec.replay(rec.turns)
	asked, numbers, sends := 0, make(map[*witness]int), []int(nil)
	for i, turn := range rec.turns {
		if turn.from != nil && turn.number <= numbers[turn.from] {
			t.Error("a client's requests overtook each other")
		}
		numbers[turn.from] = turn.number
		if turn.asked.Event == wire.EventSend && turn.answer.Reason == "" {
			sends = append(sends, i)
		}
	}
	for i, w := range all {
		asked += w.number
		if last := len(w.told) - 1; w.told[last] == "closed 1012" {
			w.told = w.told[:last]
		}
		if !slices.Equal(w.told, told[w]) {
			t.Errorf("client %d was told something else than the rules tell one after another", i)
		}
	}
	if n := rec.carriedOut.Load(); int(n) != asked+1 { // and the end
		t.Errorf("%d commands were carried out; want %d and the end", n, asked)
	}
	if len(sends) < 5 || len(rec.read) == 0 {
		t.Fatalf("%d sends, %d read: nothing happened", len(sends), len(rec.read))
	}
	// The check sees a send that was acknowledged and lost.
	sender := rec.turns[sends[0]].from
	if told := rec.replay(slices.Delete(rec.turns, sends[0], sends[0]+1)); slices.Equal(sender.told, told[sender]) {
		t.Error("a lost send is not seen")
	}
}

// replay carries out the turns one after another, by the rules alone, with what the
// room drew, and returns what each member is told.
func (r *record) replay(turns []turn) map[*witness][]string {
	told := make(map[*witness][]string)
	cfg := Config{Buffers: r.buffers}.withDefaults()
	state := newState(&cfg, 0, &turns[0].answer.Joined.RoomID)
	state.scratch = new(scratch)
	for _, turn := range turns {
		c := &command{kind: cmdRequest, from: turn.from, req: r.received(&turn.asked)}
		switch turn.asked.Event {
		case wire.EventJoin:
			c.kind = cmdJoin
			if joined := turn.answer.Joined; joined != nil {
				c.random = joined.Resume
			}
			c.hashBearers()
		case wire.EventSend:
			copy(c.random[:], turn.answer.MessageID[:])
			c.nonce = tagOf(&turn.asked.Nonce)
		case wire.EventRead: // by somebody of the seat that did not write it
			if others := state.seats[1-state.slot.author].sockets; len(others) > 0 {
				c.from = others[0].member
			}
		}
		state.step(moment{0, time.Now().Round(0)}, c)
		for i := range state.scratch.effects {
			e := &state.scratch.effects[i]
			if e.kind == effClose {
				w := e.member.(*witness)
				told[w] = append(told[w], fmt.Sprint("closed ", e.code))
				continue
			}
			to := state.recipients(e)
			if e.kind == effReply {
				to = slices.Values([]Member{e.member})
			}
			frame := r.buffers.Encode(&e.frame)
			for m := range to {
				told[m.(*witness)] = append(told[m.(*witness)], string(frame.Bytes()))
			}
			frame.Release()
		}
		c.req.Release()
	}
	return told
}
