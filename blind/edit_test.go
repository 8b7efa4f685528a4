package blind

import (
	"fmt"
	"strings"
	"testing"
)

// A text that waits for a connection answers what the person saw, not what is
// there by then.
func TestAnswersWhatWasSeen(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, false)
	a.says("do you agree?")
	b.drop()
	b.write("yes")
	a.edit("do you disagree?")
	w.rest()
	b.back()
	w.rest()
	b.told(t, "Returned2 yes")
	b.sees(t, HolderOther, "do you disagree?", true)
}

// An edit that waits for a connection is of the message that the person saw, not
// of a newer one of theirs, which another page has written meanwhile.
func TestEditsWhatWasSeen(t *testing.T) {
	t.Parallel()
	w, a, b := meet(t, false)
	a.says("one")
	a.drop()
	a.edit("two")
	newer := w.open(0)
	w.rest()
	b.says("yes")
	newer.says("three")
	newer.drop()
	a.back()
	w.rest()
	if got := a.take(); !strings.Contains(got, fmt.Sprint("Returned", WhyTooLate, " two")) {
		t.Errorf("told %q", got)
	}
	b.sees(t, HolderOther, "three", b.page.View().Left)
}

// An edit whose ok is lost was in time if the answer says so. Another one, which
// the answer has crossed, is the person's again.
func TestEditMeetsAnswer(t *testing.T) {
	t.Parallel()
	for name, inTime := range map[string]bool{"in time": true, "crossed": false} {
		t.Run(name, func(t *testing.T) {
			w, a, b := meet(t, true)
			a.says("eight?")
			a.edit("nine?")
			if inTime {
				w.relay.take(a.conn)
			}
			late := a.conn.up
			w.relay.cut(a.conn)
			a.step(Lost{})
			a.conn.up = nil
			w.rest()               // b reads either
			b.step(SetMode{false}) // a is not here
			b.says("yes")
			a.conn.up = late
			a.back()
			w.rest()
			want := "Returned3 nine?"
			if inTime {
				want = ""
			}
			a.told(t, want)
			if v := a.page.View(); v.Content.Text != "yes" || v.Unseen {
				t.Errorf("sees %q, unseen %v", v.Content.Text, v.Unseen)
			}
		})
	}
}
