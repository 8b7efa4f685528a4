package blind

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// Who takes both pages, and has the code and everything that came by the
// relay, opens what is in the slot and nothing before it. Who takes one page
// and then only listens opens that, and one answer.
func TestForwardSecrecyAndHealing(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, false)
	people := []*node{a, b}
	var stolen [2][]map[[32]byte]bool
	const messages = 7
	for i := range messages {
		people[i%2].says(fmt.Sprint(i))
		for seat, n := range people {
			has := map[[32]byte]bool{}
			memory(reflect.ValueOf(n.page), has)
			stolen[seat] = append(stolen[seat], has)
		}
		opened := w.opened(w.memories())
		if len(opened) != 1 || opened[0].text != fmt.Sprint(i) {
			t.Errorf("after message %d, %d open", i, len(opened))
		}
	}
	for seat := range people {
		for i, has := range stolen[seat] {
			for _, r := range w.opened(has) {
				now, next := fmt.Sprint(i), fmt.Sprint(i+1)
				answer := r.text == next && r.seat != seat
				if r.text != now && !answer {
					t.Errorf("the page of %d, stolen after message %d, opens message %s", seat, i, r.text)
				}
			}
			if len(w.opened(has)) == 0 {
				t.Errorf("the page of %d, stolen after message %d, opens nothing: this checks nothing", seat, i)
			}
		}
	}
}

// A page of one's own that was followed by another one, and does not know yet,
// has nothing that opens what the other one replaced.
func TestFollowedPage(t *testing.T) {
	t.Parallel()
	for name, texts := range map[string][]string{
		"one's own is there":     {"one", "two", "three"},
		"the answer is there":    {"one", "two", "three", "four"},
		"it had a hello alone":   {"", "one", "two", "three"},
		"likewise, one's own is": {"", "one", "two"},
	} {
		t.Run(name, func(t *testing.T) {
			w, first, b := meet(t, true)
			last := texts[len(texts)-1]
			for i, text := range texts {
				n := w.pages[i%2]
				if i == 2 {
					first.drop()
					n = w.open(0)
					n.step(SetMode{true})
					w.rest()
				}
				if text != "" {
					n.says(text)
				}
			}
			first.back()
			w.relay.take(first.conn) // the join; its hello is on the way
			for len(first.conn.down) > 0 {
				first.hear()
			}
			if v := first.page.View(); v.Content.Kind != KindEmpty || v.Holder == HolderNone || len(w.nodes) != 3 || !b.alive {
				t.Fatal("not the situation that is meant")
			}
			for _, r := range w.opened(w.memories()) {
				if r.text != last {
					t.Errorf("%q still opens", r.text)
				}
			}
			if first.page.theirs != nil {
				t.Error("it still has the keys of what was replaced")
			}
		})
	}
}

// What a page has no use for any more is overwritten, not only let go.
func TestOverwritten(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, false)
	people := []*node{a, b}
	var used [2][]any
	keep := func() {
		for seat, n := range people {
			p := n.page
			if p.hello != nil {
				used[seat] = append(used[seat], p.hello)
			}
			if p.own != nil {
				used[seat] = append(used[seat], p.own)
			}
			if p.theirs != nil {
				used[seat] = append(used[seat], p.theirs)
			}
			if p.job != nil {
				used[seat] = append(used[seat], p.job.own)
			}
		}
	}
	keep()
	for i := range 6 {
		n := people[i%2]
		n.write(fmt.Sprint("text ", i))
		keep()
		w.rest()
		keep()
		n.edit("edited")
		if i == 4 { // refused
			w.relay.slot.m.Read = true
		}
		keep()
		w.rest()
	}
	for seat, n := range people {
		now := []any{n.page.hello, n.page.own, n.page.theirs}
		for _, v := range used[seat] {
			has := map[[32]byte]bool{}
			memory(reflect.ValueOf(v), has)
			if len(has) != 0 && !slices.Contains(now, v) {
				t.Errorf("%T of person %d is still there", v, seat)
			}
		}
	}
}

func TestEnd(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, false)
	a.says("one")
	b.says("two")
	a.write("on its way")
	life, own, job, theirs := a.page.life, a.page.own, a.page.job.own, a.page.theirs
	hello := a.page.hello
	a.page.End()
	if hello != nil {
		t.Error("a hello key lives as long as its page")
	}
	for what, v := range map[string]any{"life": life, "own": own, "job": job, "theirs": theirs} {
		has := map[[32]byte]bool{}
		memory(reflect.ValueOf(v), has)
		if len(has) != 0 {
			t.Errorf("%s: %d runs of 32 bytes are left", what, len(has))
		}
	}
	if got := a.page.Step(w.now, w.random, Tick{}); got != nil || !a.page.Ended() || !a.page.Wake().IsZero() {
		t.Error("an ended page goes on")
	}
}
