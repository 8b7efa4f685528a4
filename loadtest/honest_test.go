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
