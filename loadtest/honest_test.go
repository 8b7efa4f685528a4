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

// Of a phone and another device that opens its number, either may move the other
// before it is in the room, which is no refusal of the relay's.
func TestDevicesMoveEachOther(t *testing.T) {
	r := runInMemory(t, Config{
		Protocol: ProtocolSotto2, Scenario: ScenarioFaults, Profile: "slow-3g", Pairs: 8, Duration: 2 * time.Minute, Seed: 1,
		Faults: map[string]int{"second device": 1, "network change": 1}, FaultEvery: 3 * time.Second,
	})
	if len(r.Service.Refused) > 0 {
		t.Errorf("refused: %v", r.Service.Refused)
	}
}
