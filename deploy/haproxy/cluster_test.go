package haproxy_test

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"sotto/deploy/internal/kit"
	"sotto/internal/program"
)

// A relay is killed, comes back, another is drained, a fourth is added, while
// all pairs talk. Every time exactly the rooms of that relay are gone, both of
// a pair know it, and they meet again at once and in one place.
func TestCluster(t *testing.T) {
	c := newCluster(t, 3, unchanged)
	g := gather(t, c, 0, pairs)
	at := func(n int) func(*pair) bool { return func(p *pair) bool { return p.at == n } }
	notAt := func(n int) func(*pair) bool { return func(p *pair) bool { return p.at != n } }

	g.meet(t, nil)
	before := make(map[*pair]int)
	for _, p := range g.p {
		before[p] = p.at
	}
	t.Logf("pairs at each relay: %v", g.count())
	for n := 1; n <= 3; n++ {
		if got := g.count()[n]; got < pairs/6 || got > pairs*2/3 {
			t.Errorf("%d of %d pairs are at relay %d: they are not spread", got, pairs, n)
		}
	}

	begun := time.Now()
	_ = c.relays[1].Stop(syscall.SIGKILL)
	delete(c.relays, 1)
	g.expectLost(t, at(1))
	g.meet(t, at(1))
	t.Logf("relay 1 killed: its %d pairs met again after %v", pairs-len(kept(before, 1)), time.Since(begun))
	g.each(t, func(p *pair) bool { return before[p] != 1 }, undisturbed)
	if n := g.count()[1]; n != 0 {
		t.Fatalf("%d pairs met at a relay that is gone", n)
	}

	c.startRelay(1)
	moved := g.moved(t)
	for _, p := range g.p {
		if moved[p] != (before[p] == 1) {
			t.Errorf("relay 1 came back: pair %d was at %d at first; moved: %v", p.n, before[p], moved[p])
		}
	}
	g.meet(t, func(p *pair) bool { return moved[p] })
	for _, p := range g.p {
		if p.at != before[p] {
			t.Errorf("pair %d was at relay %d before it all, now at %d", p.n, before[p], p.at)
		}
	}

	begun = time.Now()
	if err := c.relays[2].Stop(syscall.SIGTERM); err != nil {
		t.Errorf("drained relay: %v", err)
	}
	delete(c.relays, 2)
	g.expectLost(t, at(2))
	g.meet(t, at(2))
	t.Logf("relay 2 drained: its pairs met again after %v", time.Since(begun))
	g.each(t, func(p *pair) bool { return before[p] != 2 }, undisturbed)

	// The second is still away: its pairs are elsewhere and stay there.
	for _, p := range g.p {
		before[p] = p.at
	}
	c.addRelay(4)
	moved = g.moved(t)
	g.meet(t, func(p *pair) bool { return moved[p] })
	for _, p := range g.p {
		if moved[p] != (p.at == 4) {
			t.Errorf("relay 4 was added: pair %d moved: %v, and is at %d", p.n, moved[p], p.at)
		}
	}
	t.Logf("relay 4 added as the third: %d of %d pairs moved", g.count()[4], pairs)
	if n := g.count()[4]; n < pairs/8 || n > pairs*2/3 {
		t.Errorf("%d of %d pairs moved to the new relay, a third would be right", n, pairs)
	}
	g.each(t, notAt(4), func(ctx context.Context, p *pair) error { return p.say(ctx, 1) })

	told := c.edge.String()
	if !strings.Contains(told, "relays/relay1 is DOWN") {
		t.Error("haproxy does not say that a relay is down")
	}
	noIdentifier(t, c, g, told)
}

func kept(before map[*pair]int, n int) map[*pair]int {
	left := maps.Clone(before)
	maps.DeleteFunc(left, func(_ *pair, at int) bool { return at == n })
	return left
}

// expectLost waits until the chosen pairs know that their rooms are gone.
func (g *gathering) expectLost(t *testing.T, chosen func(*pair) bool) {
	t.Helper()
	g.each(t, chosen, func(ctx context.Context, p *pair) error {
		gone, err := p.lost(ctx)
		if err == nil && !gone {
			t.Errorf("pair %d is still at relay %d, which is gone", p.n, p.at)
		}
		return err
	})
}

// moved waits until every socket was cut once and every pair knows whether its
// room is gone.
func (g *gathering) moved(t *testing.T) map[*pair]bool {
	t.Helper()
	gone := make([]bool, pairs)
	g.each(t, nil, func(ctx context.Context, p *pair) (err error) {
		gone[p.n], err = p.lost(ctx)
		return err
	})
	moved := make(map[*pair]bool)
	for _, p := range g.p {
		moved[p] = gone[p.n]
	}
	return moved
}

// undisturbed has a pair go on over the sockets it had: a lost one would be an
// event before the message.
func undisturbed(ctx context.Context, p *pair) error {
	if err := p.say(ctx, 1); err != nil {
		return err
	}
	return p.say(ctx, 0)
}

// noIdentifier looks for what must not be in a log.
func noIdentifier(t *testing.T, c *cluster, g *gathering, log string) {
	t.Helper()
	for _, p := range g.p {
		if strings.Contains(log, p.room[:10]) {
			t.Errorf("haproxy logs a room: %s", log)
		}
	}
	if found := regexp.MustCompile(`/room/|/exists|[0-9a-f]{40}`).FindString(log); found != "" {
		t.Errorf("haproxy logs %q: %s", found, log)
	}
	for n := range 2 * pairs {
		if client := program.Loopback(65 + n); strings.Contains(log, client+":") {
			t.Errorf("haproxy logs the address of a client: %s", log)
		}
	}
}

// Paths that are no room's go to any relay, and nothing that only looks like a
// room's path is routed by it, since the relay would not take it for one.
func TestOtherPaths(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, unchanged)
	room := strings.Repeat("0", 64)
	for path, want := range map[string]int{
		"/":                                http.StatusOK,
		"/api/config":                      http.StatusOK,
		"/room/" + room + "/ws":            http.StatusUpgradeRequired,
		"/room/" + room[1:] + "/ws":        http.StatusBadRequest,
		"/api/room/%30" + room[1:] + "/ws": http.StatusNotFound,
		"/api/room/" + room + "/exists?x":  http.StatusOK,
		"/nothing/" + room:                 http.StatusNotFound,
	} {
		if res, text := kit.Get(t, from(1), c.url+path); res.StatusCode != want {
			t.Errorf("%s: %d, want %d: %.200s", path, res.StatusCode, want, text)
		}
	}
}
