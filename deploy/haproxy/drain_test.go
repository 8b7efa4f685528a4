package haproxy_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"sotto/deploy/internal/kit"
)

// A relay is drained: who has a room there keeps it and comes back to it, and who
// begins in the meantime meets at another, where both stay when it has ended.
func TestDrain(t *testing.T) {
	c := newCluster(t, 3, unchanged)
	g := gather(t, c, 0, pairs)
	g.meet(t, nil)
	const drained = 2
	if n := g.count()[drained]; n == 0 {
		t.Fatal("no pair met at the relay that is to be drained")
	}
	drain := func(patience string) {
		t.Helper()
		res, err := http.Post("http://"+c.address(drained)+":8081/drain?for="+patience, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != http.StatusAccepted {
			t.Fatalf("drain is answered %s", res.Status)
		}
	}
	drain("1h")
	c.says("newcomers/relay2 is DOWN")

	newcomers := gather(t, c, pairs, pairs+pairs/2)
	newcomers.each(t, nil, func(ctx context.Context, p *pair) error {
		if err := p.meet(ctx, c); err != nil {
			return err
		}
		return p.locate(ctx, c)
	})
	if at := newcomers.count(); at[drained] != 0 || at[1] == 0 || at[3] == 0 {
		t.Errorf("pairs that began during the drain are at %v", at)
	}
	_, metrics := kit.Get(t, http.DefaultClient, "http://"+c.address(drained)+":8081/metrics")
	if strings.Contains(metrics, `sotto_joins_total{result="restarting"} 0`) {
		t.Error("no newcomer came to the drained relay first: this shows nothing")
	}
	for _, all := range []*gathering{g, newcomers} {
		all.each(t, nil, func(ctx context.Context, p *pair) error { return p.comeBack(ctx, c, 1) })
		all.each(t, nil, func(ctx context.Context, p *pair) error { return p.say(ctx, 1) })
	}

	drain("1ns")
	c.says("relays/relay2 is DOWN")
	delete(c.relays, drained)
	g.expectLost(t, func(p *pair) bool { return p.at == drained })
	g.meet(t, func(p *pair) bool { return p.at == drained })
	newcomers.each(t, nil, func(ctx context.Context, p *pair) error { return p.say(ctx, 0) })
}
