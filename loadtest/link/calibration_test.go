package link

import (
	"slices"
	"testing"
	"time"
)

// echoes returns the quantiles of echoes of 200 bytes, one right after the
// other, over some links.
func echoes(t *testing.T, p Params) (p50, p95, p99 time.Duration) {
	const links, each = 10, 1000
	var took []time.Duration
	for seed := range uint64(links) {
		bubble(t, p, seed, func(_ *testing.T, b *bench) {
			phone, relay := b.connect()
			for range each {
				took = append(took, b.passes(phone, relay, 200)+b.passes(relay, phone, 200))
			}
		})
	}
	slices.Sort(took)
	n := len(took)
	return took[n/2], took[n*95/100], took[n*99/100]
}

// What Linux took for the same echoes over packets: stalls are those of 6.18 over
// package tun's wire, on a machine that was late by 25 ms at p99; what does not
// stall was measured on a still one. With 2 % of packets lost each way 4 % of
// echoes wait, so p95 does not.
func TestKernelFigures(t *testing.T) {
	narrow := Params{Up: 400_000, Down: 400_000, RTT: 150 * ms, LossBurst: 5 * ms}
	far := Params{Up: 50_000, Down: 50_000, RTT: 800 * ms, LossBurst: 40 * ms}
	for name, c := range map[string]struct {
		params        Params
		loss          float64
		p50, p95, p99 time.Duration
	}{
		"150 ms":      {narrow, 0, 162 * ms, 164 * ms, 175 * ms},
		"150 ms, 2 %": {narrow, 0.02, 162 * ms, 164 * ms, 562 * ms},
		"150 ms, 5 %": {narrow, 0.05, 162 * ms, 555 * ms, 827 * ms},
		"800 ms, 2 %": {far, 0.02, 882 * ms, 942 * ms, 2119 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.params
			p.Loss = c.loss
			p50, p95, p99 := echoes(t, p)
			t.Logf("%d/%d/%d ms", p50/ms, p95/ms, p99/ms)
			for _, q := range []struct {
				name      string
				got, want time.Duration
			}{{"p50", p50, c.p50}, {"p95", p95, c.p95}, {"p99", p99, c.p99}} {
				within(t, q.name, q.got, q.want, q.want/4)
			}
		})
	}
}
