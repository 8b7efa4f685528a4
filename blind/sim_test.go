package blind

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const (
	simHistories = 1_000
	simSteps     = 200
)

// TestSimulation plays random histories of two people on bad networks: frames
// are late, connections are cut, pages die, are opened anew or moved, people
// write, edit, delete, hide and change modes at any time. In between nothing
// that was replaced opens; at the end everything is right or was said.
func TestSimulation(t *testing.T) {
	t.Parallel()
	histories := simHistories
	if testing.Short() {
		histories /= 10
	}
	counts := map[string]int{}
	for seed := range histories {
		s := newSim(t, uint64(seed))
		s.play(simSteps)
		if !t.Failed() {
			s.finish()
		}
		for k, v := range s.counts {
			counts[k] += v
		}
		if t.Failed() {
			t.Fatalf("in history %d, after %v", seed, s.trail)
		}
	}
	t.Logf("%d histories: %v", histories, counts)
	// A simulation that never gets there shows nothing.
	for _, what := range []string{
		"opened", "locked", "left", "sealed", "anew", "forward secrecy", "returned", "unseen", "foreign", "compared",
	} {
		if counts[what] < histories/20 {
			t.Errorf("%s: only %d times in %d histories", what, counts[what], histories)
		}
	}
}

type sim struct {
	*world
	rand   *rand.Rand
	counts map[string]int
	trail  []string
	words  int
	lying  bool // the relay
}

func newSim(t *testing.T, seed uint64) *sim {
	s := &sim{world: newWorld(t, seed), rand: rand.New(rand.NewPCG(seed, 1)), counts: map[string]int{}}
	s.open(0)
	s.open(1)
	if s.rand.IntN(2) == 0 {
		s.pages[0].step(SetMode{true})
	}
	if s.rand.IntN(2) == 0 {
		s.pages[1].step(SetMode{true})
	}
	return s
}

func (s *sim) word() string {
	s.words++
	return fmt.Sprint("text ", s.words)
}

func (s *sim) play(steps int) {
	for range steps {
		n := s.pages[s.rand.IntN(2)]
		if len(s.nodes) > 0 && s.rand.IntN(4) == 0 {
			n = s.nodes[s.rand.IntN(len(s.nodes))] // a page that has been followed by another one, too
		}
		action := s.act(n)
		s.trail = append(s.trail, fmt.Sprint(n.seat, action))
		s.moved()
		s.look()
		if s.t.Failed() {
			return
		}
	}
}

// act does one thing, mostly letting something arrive.
func (s *sim) act(n *node) string {
	switch d := s.rand.IntN(1000); {
	case d < 350:
		if len(n.conn.up) > 0 {
			s.relay.take(n.conn)
		}
		return "up"
	case d < 720:
		if n.alive && len(n.conn.down) > 0 {
			n.hear()
		}
		return "down"
	case d < 820:
		if n.page.slot == nil || !n.page.slot.mine || s.rand.IntN(8) == 0 {
			n.write(s.word())
		}
		return "write"
	case d < 860:
		n.edit(s.word())
		return "edit"
	case d < 865:
		n.step(Edit{})
		return "delete"
	case d < 905:
		n.step(Show{})
		return "show"
	case d < 915:
		n.drop()
		return "drop"
	case d < 955:
		n.back()
		if !n.alive {
			s.open(n.seat)
		}
		return "back"
	case d < 960:
		n.kill()
		return "kill"
	case d < 964:
		s.open(n.seat) // while the old page still lives
		return "open"
	case d < 974:
		n.step(Hide{s.rand.IntN(3) == 0})
		return "hide"
	case d < 978:
		n.step(LetWait{})
		return "let wait"
	case d < 982:
		n.step(SetMode{s.rand.IntN(3) > 0})
		return "mode"
	default:
		s.now = s.now.Add(time.Duration(s.rand.IntN(3000)) * time.Millisecond)
		n.step(Tick{})
		return "time"
	}
}

// look checks what holds at any moment.
func (s *sim) look() {
	for _, n := range s.pages {
		for _, notice := range n.notices {
			switch notice := notice.(type) {
			case Failed:
				s.counts["faults"]++
				if s.lying {
					n.kill()
					break
				}
				s.t.Errorf("person %d is told of a fault: %v", n.seat, notice.Err)
			case Returned:
				s.counts["returned"]++
			case KeysAnew:
				s.counts["anew"]++
			}
		}
		n.notices = nil
		s.lookAt(n)
	}
	if !s.lying && s.agree() {
		s.checkForwardSecrecy()
	}
}

// lookAt checks that a page shows what was written, by whom it was.
func (s *sim) lookAt(n *node) {
	if !n.alive {
		return
	}
	v := n.page.View()
	if v.Holder == HolderNone || v.Content.Kind == KindEmpty {
		return
	}
	known := s.texts[v.Content.Text]
	if known == nil || !known.stored && !s.lying || known.by.seat == n.seat != (v.Holder == HolderMine) {
		s.t.Errorf("person %d sees %q, holder %d: nobody sent that so", n.seat, v.Content.Text, v.Holder)
	}
	if v.Unseen {
		s.counts["unseen"]++
	}
	if v.OtherPage {
		s.counts["foreign"]++
	}
}

// agree: both people have a page, and each page knows what is on the relay.
func (s *sim) agree() bool {
	if !s.pages[0].alive || !s.pages[1].alive {
		return false
	}
	for _, n := range s.nodes {
		if !n.alive || n.page.slot == nil || s.relay.slot == nil || n.page.job != nil ||
			n.page.slot.id != s.relay.slot.m.ID || n.page.slot.iv != s.relay.slot.m.IV {
			return false
		}
	}
	return true
}

// checkForwardSecrecy: nothing sealed that was replaced opens for who takes
// both pages, the code, and everything that ever came by the relay.
func (s *sim) checkForwardSecrecy() {
	has := s.memories()
	for _, r := range s.opened(has) {
		if r.m.ID != s.relay.slot.m.ID {
			s.t.Errorf("%q was replaced and still opens", r.text)
		}
	}
	s.counts["forward secrecy"] += len(s.records)
}

// finish brings both people back and checks what they are left with.
func (s *sim) finish() {
	for _, n := range s.nodes {
		if n != s.pages[n.seat] {
			n.kill()
		}
	}
	for _, n := range s.pages {
		n.step(Hide{false})
		if !n.alive {
			n = s.open(n.seat)
		}
		n.back()
	}
	s.rest()
	for _, n := range s.pages { // a page that was moved leaves its person without one
		if !n.alive {
			s.open(n.seat)
		}
	}
	s.rest()
	s.look()
	for what, text := range s.texts {
		if !text.stored && !text.returned && text.by.alive {
			s.t.Errorf("%q is nowhere, and nobody was told", what)
		}
	}
	for _, r := range s.records {
		s.counts[map[bool]string{true: "left", false: "sealed"}[r.header.Left]]++
	}
	slot := s.relay.slot
	if slot == nil {
		return
	}
	if !s.agree() {
		s.t.Errorf("the pages do not know what is on the relay")
		return
	}
	author, reader := s.pages[slot.seat], s.pages[1-slot.seat]
	reader.step(Show{})
	s.rest()
	mine, theirs := author.page.View(), reader.page.View()
	last := s.records[len(s.records)-1]
	if mine.Holder != HolderMine || theirs.Holder != HolderOther {
		s.t.Errorf("author and reader see holders %d and %d", mine.Holder, theirs.Holder)
	}
	if !mine.OtherPage && (mine.Content.Text != last.text || mine.Left != last.header.Left) {
		s.t.Errorf("the author sees %q, left %v; on the relay is %q, left %v", mine.Content.Text, mine.Left, last.text, last.header.Left)
	}
	switch {
	case !theirs.Locked:
		s.counts["opened"]++
		if theirs.Content.Text != last.text || theirs.Left != last.header.Left {
			s.t.Errorf("the reader sees %q, left %v; on the relay is %q, left %v", theirs.Content.Text, theirs.Left, last.text, last.header.Left)
		}
		if mine.Check != "" && theirs.Check != "" {
			s.counts["compared"]++
			if mine.Check != theirs.Check {
				s.t.Errorf("they compare %s and %s", mine.Check, theirs.Check)
			}
		}
	case !mine.OtherPage && !mine.Read:
		s.t.Errorf("locked for the reader, while the author's page lives")
	default:
		s.counts["locked"]++
	}
	if slices.ContainsFunc(s.pages[:], func(n *node) bool { return n.page.job != nil || n.page.wish != nil }) {
		s.t.Errorf("something is still under way")
	}
	// They can go on: an answer goes through.
	word := s.word()
	reader.write(word)
	s.rest()
	s.look()
	if got := author.page.View().Content.Text; got != word {
		s.t.Errorf("the author is not told the answer but %q", got)
	}
}
