package blind

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// meet returns two people whose pages have said hello.
func meet(t *testing.T, openPagesOnly bool) (w *world, a, b *node) {
	t.Helper()
	w = newWorld(t, 1)
	a, b = w.open(0), w.open(1)
	for _, n := range w.pages {
		n.step(SetMode{openPagesOnly})
	}
	w.rest()
	return w, a, b
}

// says sends a text and lets it arrive.
func (n *node) says(text string) {
	n.write(text)
	n.rest()
}

// take returns the notices so far, by their types' names.
func (n *node) take() string {
	var all []string
	for _, notice := range n.notices {
		name := strings.TrimPrefix(fmt.Sprintf("%T", notice), "blind.")
		if r, ok := notice.(Returned); ok {
			name += fmt.Sprint(r.Why, " ", r.Content.Text)
		}
		all = append(all, name)
	}
	n.notices = nil
	return strings.Join(all, ", ")
}

func (n *node) sees(t *testing.T, holder Holder, text string, left bool) {
	t.Helper()
	if v := n.page.View(); v.Holder != holder || v.Content.Text != text || v.Left != left {
		t.Errorf("person %d sees holder %d, %q, left %v; want %d, %q, %v", n.seat, v.Holder, v.Content.Text, v.Left, holder, text, left)
	}
}

func (n *node) told(t *testing.T, want string) {
	t.Helper()
	if got := n.take(); got != want {
		t.Errorf("person %d is told %q, want %q", n.seat, got, want)
	}
}

// A running chat is sealed to the keys of messages: it says nothing of new
// keys, whatever happens but a new page.
func TestChat(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, false)
	people := []*node{a, b}
	for i := range 8 {
		n, other := people[i%2], people[1-i%2]
		text := fmt.Sprint("message ", i)
		n.says(text)
		n.sees(t, HolderMine, text, false)
		other.sees(t, HolderOther, text, false)
		if n.page.View().Check != "" || other.page.View().Check == "" {
			t.Error("they can compare too early, or not at all")
		}
		n.edit(text + ", edited")
		w.rest()
		other.step(Show{})
		other.step(Show{}) // says nothing more
		w.rest()
		if got, want := n.page.View().Check, other.page.View().Check; got != want || len(got) != 20 {
			t.Errorf("they compare %s and %s", got, want)
		}
		n.edit("too late")
		w.rest()
		n.told(t, "Returned3 too late")
		if i%3 == 2 {
			other.drop()
			w.rest()
			other.back()
			w.rest()
		}
		other.sees(t, HolderOther, text+", edited", false)
		other.told(t, "")
	}
	last := people[0]
	last.says("bye")
	last.step(Edit{})
	w.rest()
	if v := b.page.View(); v.Holder != HolderOther || v.Content.Kind != KindEmpty {
		t.Error("a deleted message is still there")
	}
	if b.step(Show{}); len(b.conn.up) != 0 {
		t.Error("an empty message is marked as read")
	}
	if got := w.records[2].header.To; got != w.records[0].header.Next.ID() {
		t.Error("the second message was not sealed to the key of the first")
	}
	b.says("after all")
	a.sees(t, HolderOther, "after all", false)
}

func TestCanWait(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, false)
	a.says("sealed")
	b.drop()
	w.rest()
	a.sees(t, HolderMine, "sealed", true)
	a.edit("left, edited")
	w.rest()
	b.back()
	w.rest()
	b.sees(t, HolderOther, "left, edited", true)
	b.told(t, "") // it goes on from b's key
	if b.page.View().Check != "" {
		t.Error("what was left can be compared")
	}
	b.says("sealed on its key")
	a.sees(t, HolderOther, "sealed on its key", false)
	a.told(t, "")

	a.step(Hide{true})
	a.says("written while hidden")
	b.sees(t, HolderOther, "written while hidden", true)
	a.step(Hide{false})
	b.says("and answered")
	b.step(Hide{true}) // goes out at once
	if n := len(b.conn.up); n != 1 {
		t.Fatalf("%d frames, not the left message alone", n)
	}
	w.relay.take(b.conn)
	b.kill()
	w.rest()
	a.sees(t, HolderOther, "and answered", true)
	a.told(t, "")

	// Somebody whose pages are all gone comes back by the code.
	a.says("for the new page")
	a.sees(t, HolderMine, "for the new page", true)
	a.kill()
	b = w.open(1)
	w.rest()
	b.sees(t, HolderOther, "for the new page", true)
	if b.page.View().Reach != ReachCode {
		t.Error("a text to nobody would not be left")
	}
}

func TestOpenPagesOnly(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, true)
	a.says("sealed")
	b.drop()
	w.rest()
	a.step(Hide{true})
	w.rest()
	a.sees(t, HolderMine, "sealed", false)
	a.step(LetWait{})
	w.rest()
	a.sees(t, HolderMine, "sealed", true)
	b.back()
	w.rest()
	b.says("answer")
	a.sees(t, HolderOther, "answer", false)
	b.drop()
	w.rest()
	if a.page.View().Reach != ReachNobody {
		t.Error("a text would go somewhere")
	}
	a.says("into the air")
	a.told(t, "Returned1 into the air")
	for _, r := range w.records {
		if r.header.Left && r.text != "sealed" {
			t.Errorf("%q was left", r.text)
		}
	}
}

// A new page says hello; what waits for the old one is sealed to it, not more
// often than every two seconds.
func TestSealedAnew(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, true)
	a.says("one")
	b.says("two")
	a.says("for a page")
	body := b.page.theirs.body
	b.kill()
	w.now = w.now.Add(time.Hour)
	w.rest()
	a.take()
	b = w.open(1)
	b.step(SetMode{true})
	w.rest()
	b.sees(t, HolderOther, "for a page", false)
	if again := b.page.theirs.body; again.Ack != body.Ack || again.Ack == (Ack{}) || again.Sent != body.Sent {
		t.Error("it answers something else now, or at another time")
	}
	a.told(t, "OtherAnew, KeysAnew")
	b.told(t, "") // it has no key from before
	start := w.now
	for range 5 {
		b = w.open(1)
		b.step(SetMode{true})
		w.rest()
	}
	b.sees(t, HolderOther, "for a page", false)
	if took := w.now.Sub(start); took < 5*editPause {
		t.Errorf("sealed five times in %v", took)
	}
	b.says("from the new page")
	a.sees(t, HolderOther, "from the new page", false)
}

// The author's page is gone: a sealed message is locked for the new page of
// the reader, and says so.
func TestLocked(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, true)
	a.says("for a page")
	b.kill()
	a.kill()
	b, a = w.open(1), w.open(0)
	a.step(SetMode{true})
	w.rest()
	v := b.page.View()
	if !v.Locked || v.Holder != HolderOther || v.Content.Kind != KindEmpty || !v.AskAgain {
		t.Errorf("not locked, or nobody is to be asked: locked %v, ask again %v", v.Locked, v.AskAgain)
	}
	if b.step(Show{}); len(b.conn.up) != 0 {
		t.Error("a locked message is marked as read")
	}
	if v := a.page.View(); !v.OtherPage || v.Content.Kind != KindEmpty {
		t.Error("the author's new page does not say that the message is of another one")
	}
	a.edit("written again")
	w.rest()
	b.sees(t, HolderOther, "written again", false)
	a.sees(t, HolderMine, "written again", false)
}

// An answer to a locked message goes by the hellos.
func TestLockedIsAnswered(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, true)
	a.says("one")
	b.kill()
	a.relay.cut(a.conn)
	b = w.open(1)
	w.rest()
	b.says("what did you write?")
	a.step(Lost{})
	a.back()
	w.rest()
	a.sees(t, HolderOther, "what did you write?", b.page.View().Left)
	if !a.page.View().Unseen {
		t.Error("nobody is told that it was not seen")
	}
	a.told(t, "KeysAnew, OtherAnew")
}

func TestTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	a := w.open(0)
	w.relay.take(a.conn)
	a.hear() // joined
	if wake := a.page.Wake(); wake != w.now.Add(helloPatience) {
		t.Errorf("wakes at %v", wake)
	}
	w.now = w.now.Add(helloPatience - 1)
	a.step(Tick{})
	a.told(t, "")
	w.now = w.now.Add(1)
	a.step(Tick{})
	a.told(t, "NoHelloReply")
	w.rest()
	if !a.page.Wake().IsZero() {
		t.Error("still wants to be woken")
	}
	b := w.open(1)
	w.rest()
	b.says("on time")
	if v := a.page.View(); !v.Written.IsZero() {
		t.Errorf("written %v", v.Written)
	}
	w.now = w.now.Add(-clockSlack - time.Minute)
	a.page.slot.at = w.now
	if v := a.page.View(); v.Written.IsZero() {
		t.Error("a message from another time is not marked")
	}
}

// Until the hello is answered nothing goes out: the relay may have somebody
// else's answer, and an earlier page may still be there.
func TestHelloComesFirst(t *testing.T) {
	t.Parallel()
	w, a, _ := meet(t, false)
	a.drop()
	a.write("soon")
	a.back()
	w.relay.take(a.conn)
	for len(a.conn.down) > 0 {
		a.hear()
	}
	if n := len(a.conn.up); n != 1 {
		t.Errorf("%d frames, not the hello alone", n)
	}
	w.rest()
	a.sees(t, HolderMine, "soon", false)
}

func TestContentThatIsNone(t *testing.T) {
	t.Parallel()
	w, a, _ := meet(t, false)
	a.says(strings.Repeat("a", MaxText+1))
	a.says("\xff")
	if got := a.take(); !strings.HasPrefix(got, "Returned5 aaa") || !strings.HasSuffix(got, ", Returned6 \xff") {
		t.Errorf("told %.40q", got)
	}
	a.says(strings.Repeat("a", MaxText))
	a.told(t, "")
	if len(w.records) != 1 {
		t.Errorf("%d messages were sent", len(w.records))
	}
}

// A message that is left for nobody's key starts the chain anew, which its
// author is told, too: whoever has the code can answer it.
func TestLeftOffTheChain(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, false)
	a.says("one")
	b.says("two")
	b.kill()
	w.open(1)
	w.rest()
	w.pages[1].drop()
	w.rest()
	a.take()
	a.says("left")
	a.sees(t, HolderMine, "left", true)
	a.told(t, "KeysAnew")
}

// The rules are the same with X-Wing itself.
func TestWithXWing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.real = true
	w.relay.stored = func(stored) {}
	a, b := w.open(0), w.open(1)
	w.rest()
	for i := range 3 {
		a.says(fmt.Sprint("a", i))
		b.sees(t, HolderOther, fmt.Sprint("a", i), false)
		b.says(fmt.Sprint("b", i))
		a.sees(t, HolderOther, fmt.Sprint("b", i), false)
	}
	a.told(t, "")
	b.told(t, "")
	bad := PublicKey{}
	copy(bad[:], strings.Repeat("\xff", PublicKeySize))
	hello := (&Hello{Page: PageID{9}, Sender: w.relay.senders[1], Key: bad}).Marshal(NewLifeKey(testLife))
	a.step(HelloReceived{Hello: hello})
	a.take()
	a.write("to a key that is none")
	if failed, ok := a.notices[len(a.notices)-1].(Failed); !ok || !errors.Is(failed.Err, ErrKey) {
		t.Errorf("told %v", a.take())
	}
}
