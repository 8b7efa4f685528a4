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
	"time"

	"sotto/client"
	"sotto/wire"
)

// histories is how many the simulation plays; SOTTO_SIM_HISTORIES asks for more.
const histories = 600

// TestPrivateSimulation plays random histories of two people on bad networks over
// a real relay. What people do is the seed's; when frames cross is the
// scheduler's. At any time each sees only what was written, by whom it was; in
// the end, with both back, both know the same message, or are told why not, and
// an answer goes through.
func TestPrivateSimulation(t *testing.T) {
	n := histories
	if more, err := strconv.Atoi(os.Getenv("SOTTO_SIM_HISTORIES")); err == nil {
		n = more
	}
	if testing.Short() {
		n = min(n, 20)
	}
	counts := map[string]int{}
	for seed := range n {
		bubble(t, func(t *testing.T) {
			h := &history{w: newWorld(t), t: t, rand: rand.New(rand.NewPCG(uint64(seed), 2)), by: map[string]string{}, counts: counts}
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
	for _, what := range []string{"sent", "edited", "moved", "restarted", "sealed", "left", "refused"} {
		if counts[what] < n/20 {
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
	by     map[string]string // who wrote a text, by PIN
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
		time.Sleep(time.Duration(h.rand.IntN(1500)) * time.Millisecond)
	}
	h.finish()
}

// open gives a person a page, which takes the place of another.
func (p *person) open(entry client.Entry) {
	s, phone, err := p.w.private(p.pin, entry, p.rand.IntN(2) == 0)
	if errors.Is(err, client.ErrNotFound) || errors.Is(err, client.ErrCodeRequired) {
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
	if m == nil || m.Text == "" {
		return
	}
	if author := p.by[m.Text]; author == "" || author == p.pin != m.Mine {
		p.t.Errorf("%s sees %q, mine %t: nobody sent that so", p.pin, m.Text, m.Mine)
	}
	if m.Left {
		p.counts["left"]++
	} else {
		p.counts["sealed"]++
	}
}

// write makes a text that was never there.
func (p *person) write() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := fmt.Sprint("text ", len(p.by)+1)
	p.by[text] = p.pin
	return text
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
		text := p.write()
		p.call("sent", func(ctx context.Context) error { _, err := s.Send(ctx, text); return err })
	case d < 50:
		text := p.write()
		p.call("edited", func(ctx context.Context) error { return s.Edit(ctx, id, text) })
	case d < 53:
		p.call("deleted", func(ctx context.Context) error { return s.Delete(ctx, id) })
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
	text := reader.write()
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
}
