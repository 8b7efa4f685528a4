package loadtest

import "time"

// modelled is what phones measure on a network as it is emulated, with a relay
// that takes no time; zero where nothing is to be measured.
type modelled struct {
	hotP50, hotP95, hotP99, coldP95, joinP95, reconnectP95 time.Duration
}

// What a bound leaves on top of the model, so that only a relay can miss it.
const (
	// modelSlack is how far calibrate lets the model be from the kernel's TCP.
	modelSlack = 1.25
	// A relay handles a message once, and a phone that joins several times.
	messageShare = 10 * time.Millisecond
	joinShare    = 50 * time.Millisecond
)

// bounds are what a run on a network is judged by.
func bounds(m modelled) Targets {
	over := func(d, share time.Duration) time.Duration {
		if d == 0 {
			return 0
		}
		return (time.Duration(float64(d)*modelSlack) + share).Round(ms)
	}
	return Targets{
		HotP50: over(m.hotP50, messageShare), HotP95: over(m.hotP95, messageShare), HotP99: over(m.hotP99, messageShare),
		ColdP95: over(m.coldP95, messageShare), JoinP95: over(m.joinP95, joinShare), ReconnectP95: over(m.reconnectP95, joinShare),
		RelayAddedP99: relayAddedP99, StormBack: stormBack,
	}
}

// bounds are what a run of a protocol on the profile is judged by: its targets,
// and where these are a built-in profile's, which are of sotto-2, the ones of
// std-1.
func (p Profile) bounds(protocol Protocol) Targets {
	m, ok := model[p.Name]
	if ok && protocol == ProtocolStd1 && p.Targets == bounds(m[ProtocolSotto2]) {
		return bounds(m[ProtocolStd1])
	}
	return p.Targets
}
