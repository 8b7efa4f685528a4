package loadtest

import (
	"time"

	"sotto/loadtest/link"
)

const (
	ms   = time.Millisecond
	kbit = 1000
)

// The radios: how long the first packet after silence waits, and how much
// silence puts the radio to sleep.
const (
	radioTail  = 10 * time.Second
	lteWake    = 435 * ms
	threeGWake = 2000 * ms
)

const (
	radioOurs = "the radio is taken to be 3G's"
	burstOurs = "mean lengths of loss bursts"
)

// Profiles returns the built-in profiles, from the best network to the worst,
// the control first.
func Profiles() []Profile {
	slow4G := link.Params{
		Down: 1600 * kbit, Up: 750 * kbit, RTT: 150 * ms, Jitter: 15 * ms,
		Loss: 0.002, LossBurst: 150 * ms, RadioWake: lteWake, RadioTail: radioTail, NATIdle: 30 * time.Minute,
	}
	elevator := slow4G
	elevator.Loss, elevator.LossBurst = 0, 0
	elevator.Gaps = link.Gaps{Every: 3 * time.Minute, Min: 20 * time.Second, Max: time.Minute}
	slow3G := link.Params{
		Down: 400 * kbit, Up: 400 * kbit, RTT: 400 * ms, Jitter: 100 * ms,
		Loss: 0.015, LossBurst: 400 * ms, RadioWake: threeGWake, RadioTail: radioTail, NATIdle: 5 * time.Minute,
	}
	bus := slow3G
	bus.Gaps = link.Gaps{Every: 2 * time.Minute, Min: 5 * time.Second, Max: 30 * time.Second, Cut: 1. / 3}

	profiles := []Profile{
		{
			Name: "loopback", Source: "control: nothing is imposed",
		},
		{
			Name: "fast-4g",
			Link: link.Params{
				Down: 9000 * kbit, Up: 1500 * kbit, RTT: 60 * ms, Jitter: 15 * ms,
				Loss: 0.001, LossBurst: 100 * ms, RadioWake: lteWake, RadioTail: radioTail, NATIdle: 30 * time.Minute,
			},
			Source: "Chrome DevTools Fast 4G; median of retransmissions 0.06 %, LTE promotion p50 435 ms " +
				"and tail 10 s: Huang et al., SIGCOMM'13",
			Ours: burstOurs + ", jitter, NAT time-out",
		},
		{
			Name: "slow-4g", Link: slow4G,
			Source: "Chrome DevTools and Lighthouse Slow 4G; loss and jitter: Loadero 4G; radio: Huang et al., SIGCOMM'13",
			Ours:   burstOurs + ", NAT time-out",
		},
		{
			Name: "3g",
			Link: link.Params{
				Down: 700 * kbit, Up: 700 * kbit, RTT: 300 * ms, Jitter: 50 * ms,
				Loss: 0.005, LossBurst: 200 * ms, RadioWake: threeGWake, RadioTail: radioTail, NATIdle: 30 * time.Minute,
			},
			Source: "Lighthouse mobileRegular3G; Loadero 3G; 3G promotion of about 2 s: Qian et al.",
			Ours:   burstOurs + ", NAT time-out",
		},
		{
			Name: "slow-3g", Link: slow3G,
			Source: "WebPageTest 3G_EM; loss 1.5 %: README of comcast, 3G",
			Ours:   burstOurs + ", jitter, NAT time-out",
		},
		{
			Name: "edge",
			Link: link.Params{
				Down: 240 * kbit, Up: 200 * kbit, RTT: 840 * ms, Jitter: 100 * ms,
				Loss: 0.01, LossBurst: 400 * ms, RadioWake: threeGWake, RadioTail: radioTail, NATIdle: 5 * time.Minute,
			},
			Source: "WebPageTest Edge, which is ATC Edge-Average; loss: ATC Edge-Lossy",
			Ours:   burstOurs + ", jitter, NAT time-out; " + radioOurs,
		},
		{
			Name: "2g-urban",
			Link: link.Params{
				Down: 35 * kbit, Up: 32 * kbit, RTT: 1300 * ms, Jitter: 100 * ms,
				RadioWake: threeGWake, RadioTail: radioTail, NATIdle: 5 * time.Minute,
			},
			Source: "ATC 2G-DevelopingUrban",
			Ours:   "jitter, NAT time-out; " + radioOurs,
		},
		{
			Name: "2g-rural",
			Link: link.Params{
				Down: 20 * kbit, Up: 18 * kbit, RTT: 1300 * ms, Jitter: 100 * ms,
				Loss: 0.02, LossBurst: 600 * ms, RadioWake: threeGWake, RadioTail: radioTail,
				NATIdle: 255 * time.Second, NATReset: true,
			},
			Source: "ATC 2G-DevelopingRural; NAT: the worst carrier of NetPiculet, SIGCOMM'11",
			Ours:   burstOurs + ", jitter; " + radioOurs,
		},
		{
			Name: "bus", Link: bus,
			Source: "WebPageTest 3G_EM; Simula, IFIP'16: 70 % of loss in network changes or gaps, " +
				"a third of changes end the connection",
			Ours: "lengths and frequency of gaps, " + burstOurs + ", jitter, NAT time-out",
		},
		{
			Name: "elevator", Link: elevator,
			Source: "Slow 4G and the 100 % loss of Network Link Conditioner",
			Ours:   "lengths and frequency of gaps, NAT time-out",
		},
		{
			Name: "bad-wifi",
			Link: link.Params{
				Down: 1000 * kbit, Up: 1000 * kbit, RTT: 200 * ms, Jitter: 100 * ms,
				Loss: 0.05, LossBurst: 150 * ms, NATIdle: 5 * time.Minute,
			},
			Source: "Loadero high jitter; Perfecto very unstable: loss 5 %",
			Ours:   "rate, " + burstOurs + ", NAT time-out",
		},
	}
	for i := range profiles {
		profiles[i].Targets = withSlack(model[profiles[i].Name][ProtocolSotto2])
	}
	return profiles
}

// mix is a guess at a population: the shares are ours.
var mix = []struct {
	name    string
	percent int
}{
	{"slow-4g", 20}, {"3g", 20}, {"slow-3g", 20}, {"edge", 15}, {"fast-4g", 15}, {"bus", 10},
}
