package rolling_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"sotto/loadtest/rolling"
)

// The figures of deploy/far.md, of a tenth of its million phones at a tenth of its
// rate: on five nodes and on twenty.
func TestMillion(t *testing.T) {
	for _, c := range []rolling.Config{
		{Phones: 100_000, Nodes: 5, JoinsPerSecond: 200},
		{Phones: 100_000, Nodes: 20, JoinsPerSecond: 200},
		{Phones: 100_000, Nodes: 20, JoinsPerSecond: 50},
	} {
		c.Detect, c.Away, c.Seed = 4*time.Second, 30*time.Second, 1
		r := rolling.Run(c)
		if len(r.Storms) != 2*c.Nodes {
			t.Fatalf("%d storms", len(r.Storms))
		}
		// Every pair is once at a node that ends, and once moved back.
		if r.Reopened != c.Phones {
			t.Errorf("%d nodes: %d rooms were opened anew; want %d, two for each pair", c.Nodes, r.Reopened, c.Phones)
		}
		end, back := r.Storms[0], r.Storms[1]
		t.Logf("%d nodes of %d joins a second: %.1f %% of pairs open anew at an end; %d phones are back after %v (half %v); at its return all are, after %v (half %v), with %.2f dials each",
			c.Nodes, c.JoinsPerSecond, 100*float64(end.Phones)/float64(c.Phones), end.Phones, end.Last.Round(time.Second), end.Half.Round(time.Second),
			back.Last.Round(time.Second), back.Half.Round(time.Second), float64(back.Dials)/float64(back.Phones))
	}
}

// What can be reckoned by hand comes out: nobody is back before the proxy knows,
// no node takes more than it can, and twice as able nodes are sooner done.
func TestStorm(t *testing.T) {
	c := rolling.Config{Phones: 40_000, Nodes: 4, JoinsPerSecond: 500, Detect: 3 * time.Second, Away: 20 * time.Second, Seed: 7}
	slow := rolling.Run(c)
	again := rolling.Run(c)
	c.JoinsPerSecond *= 2
	fast := rolling.Run(c)
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
