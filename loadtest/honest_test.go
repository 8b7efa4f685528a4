package loadtest

import (
	"fmt"
	"testing"
	"time"
)

// honestSeeds is how many of each scenario must pass.
const honestSeeds = 20

// Whatever happens to phones, an honest relay is not accused: with every
// scenario, protocol and seed, on a machine that is not in the way.
func TestHonestRelayPasses(t *testing.T) {
	for _, protocol := range []Protocol{ProtocolSotto2, ProtocolStd1} {
		for _, scenario := range Scenarios() {
			t.Run(fmt.Sprint(scenario, " ", protocol), func(t *testing.T) {
				t.Parallel()
				for seed := range uint64(honestSeeds) {
					cfg := Config{Protocol: protocol, Scenario: scenario, Profile: "fast-4g", Pairs: 6, Duration: 90 * time.Second, Seed: seed + 1}
					if scenario == ScenarioSoak {
						cfg.Duration = 20 * time.Minute
					}
					runInMemory(t, cfg, nil).mustPass(t)
					if t.Failed() {
						t.Fatalf("with seed %d", seed+1)
					}
				}
			})
		}
	}
}

// Runs in which an honest relay was accused: of two messages in a slot, as a
// frozen phone sent and what it answered was guessed; and of adding a second, as
// messages to phones that were not there counted as hot.
func TestFormerAccusations(t *testing.T) {
	for name, cfg := range map[string]Config{
		"two in a slot": {Duration: time.Minute, Seed: 11},
		"a second":      {Duration: time.Minute, Seed: 2, Think: time.Second, Freeze: 4 * time.Second},
		"minutes":       {Duration: 5 * time.Minute, Seed: 3},
	} {
		for _, protocol := range []Protocol{ProtocolSotto2, ProtocolStd1} {
			t.Run(fmt.Sprint(name, " ", protocol), func(t *testing.T) {
				t.Parallel()
				cfg := cfg
				cfg.Scenario, cfg.Profile, cfg.Protocol = ScenarioFaults, "fast-4g", protocol
				runInMemory(t, cfg, nil).mustPass(t)
			})
		}
	}
}
