package loadtest

import (
	"fmt"
	"testing"
	"time"
)

// seeds must pass with each scenario.
var seeds = []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}

// Whatever happens to phones, an honest relay is not accused: with every
// scenario, protocol and seed, on a machine that is not in the way. Brisk people
// and short freezes once had it accused of a second that it did not add.
func TestHonestRelayPasses(t *testing.T) {
	for _, protocol := range []Protocol{ProtocolSotto2, ProtocolStd1} {
		for _, scenario := range Scenarios() {
			t.Run(fmt.Sprint(scenario, " ", protocol), func(t *testing.T) {
				t.Parallel()
				for _, seed := range few(2, seeds) {
					cfg := Config{Protocol: protocol, Scenario: scenario, Profile: "fast-4g", Pairs: 4, Duration: 90 * time.Second, Seed: seed}
					switch {
					case scenario == ScenarioSoak:
						cfg.Duration = 10 * time.Minute
					case scenario == ScenarioFaults && seed%2 == 0:
						cfg.Think, cfg.Freeze = time.Second, 4*time.Second
					}
					runInMemory(t, cfg).mustPass(t)
					if t.Failed() {
						t.Fatalf("with seed %d", seed)
					}
				}
			})
		}
	}
}

// Faults that come faster than phones recover from one are not the relay's, nor
// is that one device moves another before it is in the room.
func TestFaultsOnTopOfEachOther(t *testing.T) {
	for _, c := range [][3]string{
		{"slow-3g", "second device", "network change"},
		{"slow-3g", "forgotten by NAT", "lost answer"},
		{"slow-3g", "ghost socket", "slow reader"},
		{"fast-4g", "ghost socket", "slow reader"},
	} {
		for _, protocol := range []Protocol{ProtocolSotto2, ProtocolStd1} {
			t.Run(fmt.Sprint(c, protocol), func(t *testing.T) {
				t.Parallel()
				for _, seed := range few(1, seeds[4:8]) {
					r := runInMemory(t, Config{
						Protocol: protocol, Scenario: ScenarioFaults, Profile: c[0], Pairs: 8, Duration: 2 * time.Minute, Seed: seed,
						Faults: map[string]int{c[1]: 1, c[2]: 1}, FaultEvery: 3 * time.Second,
					})
					if r.Verdict == Failed || !r.Ledger.Fine() {
						t.Errorf("seed %d: %v", seed, r.Reasons)
					}
				}
			})
		}
	}
}
