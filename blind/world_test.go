package blind

import (
	"io"
	"reflect"
	"slices"
	"testing"
	"time"
)

var testLife = [32]byte{0: 'l', 31: 'r'}

// world is two people and a relay. A person may have several pages, of which
// the relay lets one live.
type world struct {
	t      *testing.T
	relay  *modelRelay
	kem    toyKEM
	real   bool // with X-Wing itself
	random io.Reader
	now    time.Time
	pages  [2]*node // the newest of each person
	nodes  []*node  // all that may live
	ids    byte

	records []record
	sent    map[IV]record
	texts   map[string]*text
	// tamper changes what the relay tells a page; nil is an honest one.
	tamper func(n *node, e Event) []Event
}

// node is a page with its connection.
type node struct {
	*world
	seat  int
	page  *Page
	conn  *conn
	alive bool

	notices []Effect
}

// text is what a person wrote.
type text struct {
	by       *node
	stored   bool // the relay had it
	returned bool
}

// record is a variant that the relay was given, with what would open it.
type record struct {
	stored
	header Header
	text   string
	seed   [32]byte // of the key it is for
	before chain
	c      chain
	k      messageKey
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, kem: toyKEM{map[KeyID]keySeed{}}, random: seeded(seed), texts: map[string]*text{}, sent: map[IV]record{},
		now: time.Unix(1_800_000_000, 0),
	}
	w.relay = newModelRelay(func() time.Time { return w.now })
	w.relay.stored = w.record
	return w
}

// open gives a person a new page, which takes the place of the one before.
func (w *world) open(seat int) *node {
	w.ids++
	n := &node{world: w, seat: seat, alive: true}
	n.page = NewPage(NewLifeKey(testLife), PageID{'p', w.ids}, w.relay.senders[seat])
	if !w.real {
		n.page.kem = w.kem
	}
	n.conn = w.relay.connect(seat)
	w.pages[seat], w.nodes = n, append(w.nodes, n)
	return n
}

// step gives a page an event, and the relay what comes of it.
func (n *node) step(e Event) {
	if !n.alive {
		return
	}
	for _, effect := range n.page.Step(n.now, n.random, e) {
		switch effect := effect.(type) {
		case SendHello, Transmit, MarkRead:
			if m, ok := effect.(Transmit); ok {
				n.sending(n.page.job.own, m)
			}
			if n.conn.open {
				n.conn.up = append(n.conn.up, effect)
			}
		case Returned:
			n.notices = append(n.notices, effect)
			if known := n.texts[effect.Content.Text]; known != nil {
				known.returned = true
			}
		default:
			n.notices = append(n.notices, effect)
		}
	}
}

// hear takes the first thing that is on its way to the page.
func (n *node) hear() {
	e := n.conn.down[0]
	n.conn.down = n.conn.down[1:]
	if n.tamper == nil {
		n.step(e)
		return
	}
	for _, e := range n.tamper(n, e) {
		n.step(e)
	}
}

func (n *node) write(s string) {
	if !n.alive {
		return
	}
	n.texts[s] = &text{by: n}
	n.step(Send{Content{Kind: KindText, Text: s}})
}

func (n *node) edit(s string) {
	if !n.alive {
		return
	}
	n.texts[s] = &text{by: n}
	n.step(Edit{Content{Kind: KindText, Text: s}})
}

// drop cuts the connection.
func (n *node) drop() {
	n.relay.cut(n.conn)
	n.step(Lost{})
}

// back connects again.
func (n *node) back() {
	if n.alive && !n.conn.open && !n.conn.moved {
		n.conn = n.relay.connect(n.seat)
	}
}

// kill ends a page without a word.
func (n *node) kill() {
	n.relay.cut(n.conn)
	n.alive = false
	n.page.End()
}

// moved ends pages that the relay has closed for another one.
func (w *world) moved() {
	for _, n := range w.nodes {
		if n.conn.moved && n.alive {
			n.kill()
		}
	}
	w.nodes = slices.DeleteFunc(w.nodes, func(n *node) bool { return !n.alive })
}

// rest lets everything arrive and time pass until nobody wants anything.
func (w *world) rest() {
	for range 500 {
		w.moved()
		if !w.deliver() && !w.wake() {
			return
		}
	}
	w.t.Fatal("it never comes to rest")
}

func (w *world) deliver() (busy bool) {
	for _, c := range w.relay.conns {
		for len(c.up) > 0 {
			w.relay.take(c)
			busy = true
		}
	}
	for _, n := range w.nodes {
		for n.alive && len(n.conn.down) > 0 {
			n.hear()
			busy = true
		}
	}
	return busy
}

// wake gives the page that wants it first its tick.
func (w *world) wake() bool {
	var first *node
	for _, n := range w.nodes {
		if !n.alive || n.page.Wake().IsZero() {
			continue
		}
		if first == nil || n.page.Wake().Before(first.page.Wake()) {
			first = n
		}
	}
	if first == nil {
		return false
	}
	if wake := first.page.Wake(); wake.After(w.now) {
		w.now = wake
	}
	first.step(Tick{})
	return true
}

// sending keeps what opens a message that a page sends, before the page erases
// it.
func (w *world) sending(o *own, m Transmit) {
	h, _, err := ParseHeader(m.Bytes)
	if err != nil {
		w.t.Fatal(err)
	}
	r := record{header: *h, text: o.body.Text, seed: w.kem.seeds[h.To], before: chain(testLife), c: o.c, k: o.k}
	if o.from != nil {
		r.before = o.from.c
	}
	w.sent[m.IV] = r
}

// record keeps a variant that the relay was given.
func (w *world) record(s stored) {
	r, ok := w.sent[s.m.IV]
	if !ok {
		w.t.Fatal("the relay stores what nobody has sent")
	}
	r.stored = s
	if known := w.texts[r.text]; known != nil {
		known.stored = true
	}
	w.records = append(w.records, r)
}

// memory collects every run of 32 bytes in a value: what a thief of it has.
func memory(v reflect.Value, all map[[32]byte]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			memory(v.Elem(), all)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			memory(v.Field(i), all)
		}
	case reflect.Array, reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 || v.Len() != 32 {
			return
		}
		var b [32]byte
		for i := range b {
			b[i] = byte(v.Index(i).Uint())
		}
		if b != [32]byte{} {
			all[b] = true
		}
	}
}

// opened returns the sealed variants that open for who has a memory and
// everything the relay ever had. It adds to the memory what follows from that.
func (w *world) opened(has map[[32]byte]bool) (all []record) {
	open := make([]bool, len(w.records))
	for more := true; more; {
		more = false
		for i, r := range w.records {
			able := (r.header.Left || has[r.seed]) && has[r.before]
			if able && !has[r.c] {
				has[r.c] = true
				more = true
			}
			if !r.header.Left && !open[i] && (has[r.k] || able) {
				open[i] = true
				all = append(all, r)
			}
		}
	}
	return all
}

// memories returns what both living pages have.
func (w *world) memories() map[[32]byte]bool {
	all := map[[32]byte]bool{testLife: true}
	for _, n := range w.nodes {
		if n.alive {
			memory(reflect.ValueOf(n.page), all)
		}
	}
	return all
}
