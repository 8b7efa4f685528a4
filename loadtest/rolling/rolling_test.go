package rolling_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sotto/loadtest/rolling"
)

// What can be reckoned by hand comes out: nobody is back before the proxy knows,
// no node takes more than it can, and twice as able nodes are sooner done.
func TestStorm(t *testing.T) {
	c := rolling.Config{Phones: 40_000, Nodes: 4, JoinsPerSecond: 500, Detect: 3 * time.Second, Away: 20 * time.Second, Seed: 7}
	slow := rolling.Run(c)
	again := rolling.Run(c)
	c.JoinsPerSecond *= 2
	fast := rolling.Run(c)
	// Every pair is once at a node that ends, and once moved back.
	if len(slow.Storms) != 2*c.Nodes || slow.Reopened != c.Phones {
		t.Fatalf("%d storms, %d rooms opened anew", len(slow.Storms), slow.Reopened)
	}
	phones := 0
	for i, s := range slow.Storms {
		least := time.Duration(s.Phones) * time.Second / 500 / 4
		if s.Last < least || s.Half > s.Last || s.Dials < s.Phones {
			t.Errorf("storm %d: %+v; %v is the least it can take", i, s, least)
		}
		if i%2 == 0 {
			phones += s.Phones
			if s.Half < 3*time.Second {
				t.Errorf("storm %d: half were back after %v, and the proxy did not know", i, s.Half)
			}
		}
		if s != again.Storms[i] {
			t.Errorf("storm %d is another the second time", i)
		}
		if fast.Storms[i].Last >= s.Last {
			t.Errorf("storm %d takes %v on nodes that are twice as able, and %v on these", i, fast.Storms[i].Last, s.Last)
		}
	}
	if phones != 40_000 {
		t.Errorf("%d phones lost a node", phones)
	}
	defer func() {
		if recover() == nil {
			t.Error("a config without figures is taken")
		}
	}()
	rolling.Run(rolling.Config{Phones: 2})
}

// The figures of deploy/far.md, of a tenth of its million phones at a tenth of its
// rate.
func BenchmarkMillion(b *testing.B) {
	for _, c := range [][2]int{{5, 200}, {20, 200}, {20, 50}} {
		b.Run(fmt.Sprintf("%d nodes of %d", c[0], c[1]), func(b *testing.B) {
			for b.Loop() {
				r := rolling.Run(rolling.Config{
					Phones: 100_000, Nodes: c[0], JoinsPerSecond: c[1], Detect: 4 * time.Second, Away: 30 * time.Second, Seed: 1,
				})
				end, back := r.Storms[0], r.Storms[1]
				b.ReportMetric(end.Half.Seconds(), "end-half-s")
				b.ReportMetric(end.Last.Seconds(), "end-s")
				b.ReportMetric(back.Half.Seconds(), "return-half-s")
				b.ReportMetric(back.Last.Seconds(), "return-s")
				b.ReportMetric(float64(back.Dials)/float64(back.Phones), "return-dials")
			}
		})
	}
}

// The rules for dialling are the page's.
func TestRulesAreThePages(t *testing.T) {
	for file, rule := range map[string]string{
		"room.ts": "const wait = Math.min(8000, 1000 * 2 ** s.tries++);",
		"step.ts": "socket: 20_000",
	} {
		text, err := os.ReadFile("../../web/src/session/" + file)
		if err != nil || !strings.Contains(string(text), rule) {
			t.Errorf("%s has no %q: %v", file, rule, err)
		}
	}
}
