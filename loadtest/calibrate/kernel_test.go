package calibrate

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"sotto/internal/memnet"
	"sotto/loadtest"
	"sotto/loadtest/link"
)

// kernelMedians are what Linux 6.18 with BBR took over package tun, in
// milliseconds: join, join over TLS, 100 kB down and up. The machine did other
// things at once.
var kernelMedians = map[string][4]time.Duration{
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

// The streams' medians at every profile, in virtual time, against the kernel's.
func TestProfilesMatchTheKernel(t *testing.T) {
	for _, p := range loadtest.Profiles()[1:] { // the control has only a machine to measure
		t.Run(p.Name, func(t *testing.T) {
			got := medians(t, p.Link)
			for i, m := range measures {
				row := Row{p.Name, m, Quantiles{P50: kernelMedians[p.Name][i] * ms}, Quantiles{P50: got[i]}}
				if !row.Within() {
					t.Errorf("%s: %v, the kernel %v", m, row.Stream.P50, row.Kernel.P50)
				}
			}
		})
	}
}

func medians(t *testing.T, params link.Params) (out [4]time.Duration) {
	params.Gaps = link.Gaps{}
	cert, err := certify()
	if err != nil {
		t.Fatal(err)
	}
	samples := make(map[Measure]*sampled)
	for _, m := range measures {
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
			s := &session{
				link: n.Link(params, seed, dial, nil), clear: "clear", secret: "secret",
				limit: time.Now().Add(50 * time.Second), into: func(m Measure, d time.Duration) { samples[m].add(d) },
			}
			if err := s.rounds(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
	for i, m := range measures {
		out[i] = samples[m].quantiles().P50
	}
	return out
}
