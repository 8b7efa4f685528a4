package blind

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sotto/wire"
)

// The explorer plays every short history of two pages over a relay that is in
// an attacker's hands, with what an attacker can derive kept as terms: a key is
// known or it is not, and follows from others by the rules of the protocol
// alone. The pages are the real ones. It is bounded: at most explore.messages
// texts, explore.replaces pages replaced, and so on. Nothing is cut in the
// middle: what a page sends arrives, or is withheld from the other.
type explore struct {
	code      bool // the attacker has the code
	messages  int
	hides     int // a page is hidden, and shown again
	replaces  int
	thefts    int
	forgeries int
	oneVictim bool // all forgeries are for person 0
}

// state is a history so far.
type state struct {
	*world
	explore
	path []string

	knows   map[[32]byte]bool // by the attacker, beyond what was public
	stolen  *theft
	loud    bool           // the attacker has not only listened
	seen    map[string]int // how often what was; shared by all histories
	attacks [2]attack
	forged  map[IV]bool
}

type theft struct {
	seat  int
	at    int // how many records there were
	slot  wire.MessageID
	knows map[[32]byte]bool
}

// attack is what has been done to one page.
type attack struct {
	page    *Page
	begun   bool
	secure  bool // the attacker did not know the chain when it began
	told    bool // the person was told of new keys since
	records int  // how many there were when it began
}

// clone returns a state that shares nothing with s that changes.
func (s *state) clone() *state {
	c := *s
	w := *s.world
	c.world = &w
	c.path, c.knows, c.forged = slices.Clone(s.path), maps.Clone(s.knows), maps.Clone(s.forged)
	w.records, w.sent, w.texts = slices.Clone(s.records), maps.Clone(s.sent), maps.Clone(s.texts)
	r := *s.relay
	w.relay = &r
	r.stored = w.record
	if r.slot != nil {
		slot := *r.slot
		r.slot = &slot
	}
	for i := range r.done {
		r.done[i] = maps.Clone(r.done[i])
	}
	conns := map[*conn]*conn{}
	r.conns = nil
	for _, was := range s.relay.conns {
		if is := *was; is.open {
			conns[was] = &is
			r.conns = append(r.conns, &is)
		}
	}
	w.nodes = nil
	for seat, was := range s.pages {
		n := *was
		n.world, n.conn, n.page = &w, conns[was.conn], was.page.clone()
		w.pages[seat] = &n
		w.nodes = append(w.nodes, &n)
		if c.attacks[seat].page == was.page {
			c.attacks[seat].page = n.page
		}
	}
	return &c
}

// clone returns a page that shares nothing with p that changes.
func (p *Page) clone() *Page {
	c := *p
	life, tried := *p.life, maps.Clone(p.tried)
	c.life, c.tried = &life, tried
	c.hello, c.peer, c.own, c.theirs, c.slot = copied(p.hello), copied(p.peer), copiedOwn(p.own), copied(p.theirs), copied(p.slot)
	if p.job != nil {
		panic("a page at rest has a job")
	}
	return &c
}

func copied[T any](v *T) *T {
	if v == nil {
		return nil
	}
	c := *v
	return &c
}

func copiedOwn(o *own) *own {
	c := copied(o)
	if c != nil {
		c.from = copied(c.from)
	}
	return c
}

// act is one thing that may happen next.
type act struct {
	name string
	do   func(s *state)
}

// acts returns everything that may happen next.
func (s *state) acts() (all []act) {
	add := func(name string, do func(s *state)) { all = append(all, act{name, do}) }
	for seat, n := range s.pages {
		if !n.alive {
			continue
		}
		if s.messages > 0 && (n.page.slot == nil || !n.page.slot.mine) {
			add(fmt.Sprint("write ", seat), func(s *state) { s.messages--; s.says(seat, false) })
			add(fmt.Sprint("write, withheld ", seat), func(s *state) { s.messages--; s.says(seat, true) })
		}
		if s.replaces > 0 {
			add(fmt.Sprint("replace ", seat), func(s *state) { s.replaces--; s.replace(seat) })
		}
		if s.hides > 0 && n.page.slot != nil && n.page.slot.mine {
			add(fmt.Sprint("hide ", seat), func(s *state) { s.hides--; s.hide(seat) })
		}
		if s.thefts > 0 && n.page.own != nil {
			add(fmt.Sprint("steal ", seat), func(s *state) { s.thefts--; s.steal(seat) })
		}
		if s.forgeries == 0 || s.oneVictim && seat > 0 {
			continue
		}
		for name, forge := range s.falsehoods(seat) {
			add(name, func(s *state) { s.forgeries--; s.begin(seat); forge(s); s.rest() })
		}
	}
	slices.SortFunc(all, func(a, b act) int { return strings.Compare(a.name, b.name) })
	return all
}

func (s *state) says(seat int, withheld bool) {
	n, other := s.pages[seat], s.pages[1-seat]
	s.tamper = nil
	if withheld {
		s.tamper = func(to *node, e Event) []Event {
			if _, ok := e.(MessageReceived); ok && to == other {
				return nil
			}
			return []Event{e}
		}
	}
	s.relay.agreeable = true
	n.write(fmt.Sprint("text ", len(s.texts), " of ", seat))
	s.rest()
	s.tamper = nil
}

func (s *state) hide(seat int) {
	for _, hidden := range []bool{true, false} {
		s.pages[seat].step(Hide{hidden})
		s.rest()
	}
}

func (s *state) replace(seat int) {
	s.pages[seat].kill()
	s.attacks[seat] = attack{}
	s.open(seat)
	s.moved()
	s.rest()
}

func (s *state) steal(seat int) {
	has := map[[32]byte]bool{}
	memory(reflect.ValueOf(s.pages[seat].page), has)
	s.stolen = &theft{seat: seat, at: len(s.records), knows: has}
	if slot := s.pages[seat].page.slot; slot != nil {
		s.stolen.slot = slot.id
	}
}

// known returns all that the attacker can derive, and which sealed variants
// open by it.
func (s *state) known() (has map[[32]byte]bool, open []record) {
	has = maps.Clone(s.knows)
	open = s.opened(has)
	return has, open
}

func (s *state) begin(seat int) {
	a := &s.attacks[seat]
	s.loud = true
	if a.begun {
		return
	}
	has, _ := s.known()
	own := s.pages[seat].page.own
	*a = attack{page: s.pages[seat].page, begun: true, records: len(s.records), secure: own != nil && own.id != (KeyID{}) && !has[own.c]}
	s.pages[seat].notices = nil
}

// check is what must hold after every history.
func (s *state) check() {
	for seat, n := range s.pages {
		for _, notice := range n.notices {
			if _, ok := notice.(KeysAnew); ok {
				s.attacks[seat].told = true
			}
		}
		n.notices = nil
	}
	_, open := s.known()
	if !s.code && len(open) > 0 {
		s.t.Errorf("%v: without the code %q opens", s.path, open[0].text)
	}
	if !s.loud && s.stolen == nil && len(open) > 0 {
		s.t.Errorf("%v: who only listens opens %q", s.path, open[0].text)
	}
	if !s.loud && s.stolen != nil {
		s.checkHealing()
	}
	if !s.loud {
		s.checkForwardSecrecy()
	}
	for seat, n := range s.pages {
		a := s.attacks[seat]
		if !a.begun || !a.secure || n.page != a.page {
			continue
		}
		if a.told {
			s.seen["told"]++
			continue
		}
		s.seen["held"]++
		if v := n.page.View(); v.Holder == HolderOther && v.Content.Kind != KindEmpty && !v.Left && s.forged[n.page.slot.iv] {
			s.t.Errorf("%v: person %d sees a forged message as sealed and is not told", s.path, seat)
		}
		for _, r := range open {
			if r.seat == seat && slices.IndexFunc(s.records, func(o record) bool { return o.m.IV == r.m.IV }) >= a.records {
				s.t.Errorf("%v: the attacker reads %q of person %d, who is not told", s.path, r.text, seat)
			}
		}
	}
}

// checkHealing: a theft opens what was in the slot and the next answer of the
// other's, and nothing else.
func (s *state) checkHealing() {
	has := maps.Clone(s.stolen.knows)
	answers := map[wire.MessageID]bool{}
	for _, r := range s.opened(has) {
		if r.m.ID == s.stolen.slot {
			continue
		}
		if r.seat != s.stolen.seat {
			answers[r.m.ID] = true
		}
		if r.seat == s.stolen.seat || len(answers) > 1 {
			s.t.Errorf("%v: the theft opens %q", s.path, r.text)
		}
	}
}

// checkForwardSecrecy: if both pages know what is in the slot, nothing else
// opens with both.
func (s *state) checkForwardSecrecy() {
	for _, n := range s.pages {
		if !n.alive || s.relay.slot == nil || n.page.slot == nil || n.page.slot.iv != s.relay.slot.m.IV {
			return
		}
	}
	for _, r := range s.opened(s.memories()) {
		if r.m.ID != s.relay.slot.m.ID {
			s.t.Errorf("%v: %q was replaced and still opens", s.path, r.text)
		}
	}
}

// walk plays every history that goes on from s.
func (s *state) walk(count *int) {
	*count++
	s.check()
	if s.t.Failed() {
		return
	}
	for _, a := range s.acts() {
		next := s.clone()
		next.path = append(next.path, a.name)
		a.do(next)
		next.walk(count)
	}
}

func TestEveryShortHistory(t *testing.T) {
	t.Parallel()
	for name, bounds := range map[string]explore{
		"without the code":          {messages: 3, replaces: 1, forgeries: 1},
		"a theft":                   {code: true, messages: 4, hides: 1, replaces: 1, thefts: 1},
		"code, forgeries":           {code: true, messages: 2, forgeries: 2, oneVictim: true},
		"code, forgery":             {code: true, messages: 3, hides: 1, forgeries: 1},
		"code, forgery, a new page": {code: true, messages: 2, replaces: 1, forgeries: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _, _ := meet(t, false)
			s := &state{world: w, explore: bounds, knows: map[[32]byte]bool{}, forged: map[IV]bool{}, seen: map[string]int{}}
			if bounds.code {
				s.knows[testLife] = true
			}
			s.knows[attackerSeed] = true
			count := 0
			s.walk(&count)
			t.Logf("%d histories; attacked pages were told %d times and held %d times", count, s.seen["told"], s.seen["held"])
			if count < 5000 || bounds.forgeries > 0 && (s.seen["held"] < 100 || bounds.code && s.seen["told"] < 100) {
				t.Error("too few: this checks nothing")
			}
		})
	}
}
