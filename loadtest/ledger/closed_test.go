package ledger

import "testing"

// On a private number a message may be closed: sealed for a page that is gone,
// by one that is gone.
func TestClosed(t *testing.T) {
	locked := Message{ID: id(4)}
	for name, c := range map[string]struct {
		anew   []int // seats with other pages
		after  func(r *Room)
		closed int
		want   map[Kind]int
	}{
		"the reader's page is gone":      {[]int{0}, nil, 0, map[Kind]int{Lost: 1}},
		"and the author's locks it anew": {[]int{0}, func(r *Room) { r.Changed(0, seen(4, 1, 2, false)) }, 0, nil},
		"both pages are gone":            {[]int{0, 1}, nil, 1, nil},
		// It was sealed before the author's page had heard of the reader's.
		"the author's page is gone":       {[]int{1}, nil, 1, nil},
		"and it is answered":              {[]int{0, 1}, func(r *Room) { accepted(r, 0, 5, 4); r.Told(1, seen(5, 0, 3, false)) }, 1, nil},
		"and it was left":                 {[]int{0, 1}, func(r *Room) { finds(r, 0, seen(4, 1, 2, false)) }, 0, nil},
		"answered while the author could": {[]int{0}, func(r *Room) { accepted(r, 0, 5, 4); r.Told(1, seen(5, 0, 3, false)) }, 0, map[Kind]int{Lost: 1}},
		"both pages go after it was passed over": {[]int{0}, func(r *Room) {
			accepted(r, 0, 5, 4)
			r.Told(1, seen(5, 0, 3, false))
			r.Opened(0)
			r.Opened(1)
		}, 0, map[Kind]int{Lost: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := New()
			r := private(l)
			talk(r)
			accepted(r, 1, 4, 3)
			for _, seat := range c.anew {
				r.Opened(seat)
			}
			finds(r, 0, locked)
			if c.after != nil {
				c.after(r)
			}
			r.Settle(heard())
			got := l.Totals()
			for _, k := range Kinds() {
				if got.Counts[k] != c.want[k] {
					t.Errorf("%s: %d, want %d", k, got.Counts[k], c.want[k])
				}
			}
			if got.Closed != c.closed {
				t.Errorf("%d closed, want %d", got.Closed, c.closed)
			}
		})
	}
}

// Nor is it lost if the reader has it before the author hears the yes. What the
// reader never had is.
func TestClosedBeforeTheYes(t *testing.T) {
	for name, closed := range map[string]int{"had": 1, "never had": 0} {
		l := New()
		r := private(l)
		talk(r)
		s := r.Sending(1)
		if name == "had" {
			r.Told(0, Message{ID: id(4)})
		}
		r.Accepted(s, id(4), id(3))
		r.Opened(1)
		r.Settle(heard())
		if got := l.Totals(); got.Closed != closed || got.Counts[Lost] != 1-closed {
			t.Errorf("%s: %d closed, %d lost", name, got.Closed, got.Counts[Lost])
		}
	}
}
