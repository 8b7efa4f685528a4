package client_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/cryptotest"
	"time"

	"sotto/client"
	"sotto/wire"
)

// histories is how many the simulation plays; make test-sim plays 2,000.
// SOTTO_SIM_HISTORIES asks for more, SOTTO_SIM_FIRST for others.
const histories = 60

// TestPrivateSimulation plays random histories of two people on bad networks over
// a real relay. At any time each sees only what was written, by whom it was; in
// the end, with both back, both know the same message, or are told why not, an
// answer goes through, and every text that was acknowledged was seen by the
// other, changed by its author, or said to be lost.
//
// What people do and every random byte follow from the number of the history, and
// time is the bubble's. Yet a history does not always replay: among goroutines
// that are ready at one moment, and among ready cases of a select, the runtime
// chooses by randomness of its own, which nobody can seed. With GOMAXPROCS=1 two
// of three replay to the letter; of a fault that depends on such a choice, play
// the same number some hundred times.
func TestPrivateSimulation(t *testing.T) {
	setting := func(name string, or int) int {
		if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return v
		}
		return or
	}
	first, n := setting("SOTTO_SIM_FIRST", 0), setting("SOTTO_SIM_HISTORIES", histories)
	if testing.Short() {
		n = min(n, 20)
	}
	counts := map[string]int{}
	for seed := first; seed < first+n; seed++ {
		bubble(t, func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, uint64(seed))
			h := &history{w: newWorld(t), t: t, rand: rand.New(rand.NewPCG(uint64(seed), 2)), counts: counts}
			h.ledger = newLedger(h)
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("in history %d, after %v", seed, h.trail)
				}
			})
			h.play()
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d histories: %v", n, counts)
	for what, least := range map[string]int{
		"sent": 20, "edited": 20, "moved": 20, "restarted": 20, "sealed": 20, "left": 20, "refused": 20, "seen": 20, "changed": 20,
		"lost with the room": 100, "lost, locked": 100,
	} {
		if counts[what] < n/least {
			t.Errorf("%s: only %d times in %d histories", what, counts[what], n)
		}
	}
}

// history is two people and their relay.
type history struct {
	w      *world
	t      *testing.T
	rand   *rand.Rand
	people [2]*person
	trail  []string
	calls  sync.WaitGroup

	mu     sync.Mutex
	ledger *ledger
	counts map[string]int
}

// person is somebody with one page or none.
type person struct {
	*history
	pin string
	*client.Session
	phone *phone
	pages []*client.Session // all that were opened

	// Guarded by history.mu.
	sees *client.Message
	end  error // why the page ended
}

func (h *history) count(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts[what]++
}

func (h *history) play() {
	for i, pin := range []string{alicePIN, bobPIN} {
		h.people[i] = &person{history: h, pin: pin}
		h.people[i].open(client.EntryAgain)
	}
	for range 40 {
		h.people[h.rand.IntN(2)].act()
		// Calls begin in the order in which they are written down.
		time.Sleep(time.Duration(1+h.rand.IntN(1500)) * time.Millisecond)
	}
	h.finish()
}

// open gives a person a page, which takes the place of another.
func (p *person) open(entry client.Entry) {
	s, phone, err := p.w.private(p.pin, entry, p.rand.IntN(2) == 0)
	if errors.Is(err, client.ErrNotFound) || errors.Is(err, client.ErrCodeRequired) {
		p.ledger.lostRoom(p.Session)
		s, phone, err = p.w.private(p.pin, client.EntryAgain, false)
	}
	if err != nil {
		p.t.Errorf("open: %v", err)
		return
	}
	p.mu.Lock()
	p.Session, p.phone, p.sees, p.end = s, phone, nil, nil
	p.mu.Unlock()
	p.pages = append(p.pages, s)
	go p.watch(s)
}

// watch takes events, to the end of the page.
func (p *person) watch(s *client.Session) {
	for {
		event, err := s.Next(context.Background())
		p.mu.Lock()
		if p.Session == s {
			p.end = err
		}
		if m := messageOf(event); m != nil || err != nil {
			p.look(s, m)
		} else if _, empty := event.(client.State); empty && p.Session == s {
			p.sees = nil
		}
		if read, ok := event.(client.MessageRead); ok && p.Session == s && p.sees != nil {
			p.sees.ReadAt = read.ReadAt
		}
		p.mu.Unlock()
		if errors.Is(err, client.ErrMoved) {
			p.count("moved")
		}
		if errors.Is(err, client.ErrRoomLost) {
			p.ledger.lostRoom(s)
		}
		if err != nil {
			if !errors.Is(err, client.ErrClosed) && !errors.Is(err, client.ErrMoved) && !errors.Is(err, client.ErrRoomLost) {
				p.t.Errorf("a page ended with %v", err)
			}
			return
		}
	}
}

// look checks what a page shows. Called with mu held.
func (p *person) look(s *client.Session, m *client.Message) {
	if p.Session == s {
		p.sees = m
	}
	if m == nil {
		return
	}
	p.ledger.shown(p, s, m)
	if m.Text == "" {
		return
	}
	if m.Left {
		p.counts["left"]++
	} else {
		p.counts["sealed"]++
	}
}

// call does what waits for an answer, beside other things.
func (p *person) call(what string, do func(ctx context.Context) error) {
	p.calls.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if do(ctx) != nil {
			what = "refused"
		}
		p.count(what)
	})
}

// write has a text sent, or made of the message id.
func (p *person) write(s *client.Session, id wire.MessageID, what string) {
	text := p.ledger.write(p, id, what != "deleted")
	p.call(what, func(ctx context.Context) (err error) {
		switch what {
		case "sent":
			id, err = s.Send(ctx, text.words)
		case "edited":
			err = s.Edit(ctx, id, text.words)
		default:
			err = s.Delete(ctx, id)
		}
		if err == nil {
			p.ledger.acknowledged(text, id, s.RoomID())
		}
		return err
	})
}

func (p *person) act() {
	p.mu.Lock()
	s, m, end := p.Session, p.sees, p.end
	p.mu.Unlock()
	if end != nil {
		p.open(client.EntryEnter)
		return
	}
	var id wire.MessageID
	if m != nil {
		id = m.ID
	}
	d := p.rand.IntN(100)
	p.mu.Lock()
	p.trail = append(p.trail, fmt.Sprint(p.pin[:1], " ", d, ","))
	p.mu.Unlock()
	switch {
	case d < 35:
		p.write(s, wire.MessageID{}, "sent")
	case d < 50:
		p.write(s, id, "edited")
	case d < 53:
		p.write(s, id, "deleted")
	case d < 63:
		p.call("read", func(ctx context.Context) error { return s.MarkRead(ctx, id) })
	case d < 75:
		p.phone.cut()
	case d < 82:
		p.phone.deaf.Store(true)
	case d < 86:
		s.Close()
	case d < 90:
		p.open(client.EntryEnter) // while the old one lives
	case d < 93:
		s.Hide(p.rand.IntN(2) == 0)
	case d < 95:
		s.LetWait()
	case d < 97:
		s.SetMode(p.rand.IntN(2) == 0)
	case d < 98:
		old := p.w.relay.Load()
		p.w.start()
		p.w.stop(old)
		p.count("restarted")
	default:
		time.Sleep(20 * time.Second)
	}
}

// finish brings both back and checks what they are left with.
func (h *history) finish() {
	for _, p := range h.people {
		p.phone.cut() // what a deaf one missed does not come
		for _, page := range p.pages {
			if page != p.Session {
				page.Close() // or it would come back, and move the newer one
			}
		}
	}
	h.calls.Wait()
	time.Sleep(time.Minute)
	for _, p := range h.people {
		p.mu.Lock()
		end := p.end
		p.mu.Unlock()
		if end != nil {
			p.open(client.EntryEnter)
		}
		p.Hide(false)
		p.SetMode(false)
	}
	time.Sleep(time.Minute)
	h.mu.Lock()
	a, b := h.people[0].sees, h.people[1].sees
	h.mu.Unlock()
	if (a == nil) != (b == nil) {
		h.t.Errorf("only one of them sees a message: %t, %t", a != nil, b != nil)
		return
	}
	writer, reader := h.people[0], h.people[1]
	if a != nil {
		if a.Mine == b.Mine || a.ID != b.ID {
			h.t.Errorf("they see different messages: mine %t, %t", a.Mine, b.Mine)
			return
		}
		if b.Mine {
			writer, reader, a, b = reader, writer, b, a
		}
		switch {
		case b.Unreadable:
			if !a.OtherPage && a.ReadAt.IsZero() {
				h.t.Error("locked for the reader, while the author's page lives")
			}
			h.counts["locked"]++
		case !a.Unreadable && (a.Text != b.Text || a.Left != b.Left):
			h.t.Errorf("the author sees %q, the reader %q", a.Text, b.Text)
		}
	}
	text := h.ledger.write(reader, wire.MessageID{}, true).words
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Hour)
	defer cancel()
	if _, err := reader.Send(ctx, text); err != nil {
		h.t.Errorf("the answer: %v", err)
	}
	time.Sleep(time.Minute)
	h.mu.Lock()
	defer h.mu.Unlock()
	if writer.sees == nil || writer.sees.Text != text {
		h.t.Error("the author is not told the answer")
	}
	h.ledger.balance()
}
