package calibrate

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"sotto/internal/memnet"
	"sotto/internal/selfsigned"
	"sotto/loadtest"
	"sotto/loadtest/link"
)

// What Linux 6.18 with BBR took over package tun. Of echoes it is p95 and p99:
// with 2 % of packets lost each way 4 % of echoes wait, so p95 does not. Of the
// others it is the medians in milliseconds: join, join over TLS, 100 kB down and up.
var (
	kernelEchoes = map[string]Quantiles{
		"150 ms, 400 kbit/s":      {P95: 164 * ms, P99: 175 * ms},
		"150 ms, 400 kbit/s, 2 %": {P95: 164 * ms, P99: 562 * ms},
		"150 ms, 400 kbit/s, 5 %": {P95: 555 * ms, P99: 827 * ms},
		"800 ms, 50 kbit/s, 2 %":  {P95: 942 * ms, P99: 2119 * ms},
	}
	kernelMedians = map[string][4]time.Duration{
		"fast-4g":  {333, 445, 479, 726},
		"slow-4g":  {612, 826, 896, 1335},
		"3g":       {1363, 1868, 2194, 2349},
		"slow-3g":  {2282, 2951, 3805, 4279},
		"edge":     {3926, 4671, 5575, 6789},
		"2g-urban": {7002, 7409, 26437, 28560},
		"2g-rural": {7285, 8400, 44312, 49590},
		"bus":      {2272, 2918, 3860, 3995},
		"elevator": {596, 821, 888, 1337},
		"bad-wifi": {1577, 2308, 3149, 3520},
	}
)

// The model at every network, in virtual time, against the kernel.
func TestModelMatchesTheKernel(t *testing.T) {
	for _, k := range kinds(loadtest.Profiles()[1:]) { // the control has only a machine to measure
		t.Run(k.Name, func(t *testing.T) {
			samples := inBubbles(t, k)
			for i, m := range k.measures {
				kernel := kernelEchoes[k.Name]
				if m != Echo {
					kernel.P50 = kernelMedians[k.Name][i] * ms
				}
				if row := (Row{k.Name, m, kernel, samples[m].quantiles()}); !row.Within() {
					t.Errorf("%s: %v, the kernel %v", m, row.Stream, row.Kernel)
				}
			}
		})
	}
}

// inBubbles has phones do what is timed, one after the other.
func inBubbles(t *testing.T, k kind) map[Measure]*sampled {
	cert := selfsigned.New(1).TLS()
	samples := make(map[Measure]*sampled)
	for _, m := range k.measures {
		samples[m] = new(sampled)
	}
	const phones = 8
	for seed := range uint64(phones) {
		synctest.Test(t, func(t *testing.T) {
			open, secret := memnet.Listen(), memnet.Listen()
			served := newServer(open, secret, cert)
			defer served.close()
			to := map[string]*memnet.Dialer{"clear": {To: open}, "secret": {To: secret}}
			dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
				return to[addr].DialContext(ctx, network, addr)
			}
			n := link.NewNet(nil)
			defer n.Close()
			long := 50 * time.Second
			if k.measures[0] == Echo {
				long = 8 * time.Minute
			}
			s := &session{
				link: n.Link(k.Params, seed, dial, nil), clear: "clear", secret: "secret",
				limit: time.Now().Add(long), into: func(m Measure, d time.Duration) { samples[m].add(d) },
			}
			if err := k.act(s, t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
	return samples
}
