package loadtest

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sotto/loadtest/ledger"
)

func TestStages(t *testing.T) {
	c := Config{URL: "http://relay.example", Think: time.Second, Stages: []Stage{
		{Duration: 10 * time.Second, Arrivals: 2}, {Duration: time.Minute, Think: time.Hour}, {Duration: 5 * time.Second, Arrivals: 4},
	}}
	c, _, err := c.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if c.Pairs != 20 || c.Duration != 75*time.Second || c.Ramp != 75*time.Second {
		t.Errorf("%d pairs, %v, ramp %v", c.Pairs, c.Duration, c.Ramp)
	}
	for i, want := range map[int]time.Duration{0: 0, 1: 500 * ms, 19: 9500 * ms, 20: 70 * time.Second, 39: 74_750 * ms} {
		if got := c.arrival(i, 40); got != want {
			t.Errorf("phone %d comes after %v, want %v", i, got, want)
		}
	}
	for elapsed, want := range map[time.Duration]time.Duration{
		9 * time.Second: time.Second, 11 * time.Second: time.Hour, 71 * time.Second: time.Second, time.Hour: time.Second,
	} {
		if got := c.think(elapsed); got != want {
			t.Errorf("after %v people think for %v, want %v", elapsed, got, want)
		}
	}
}

func TestPlansThatAreUnfit(t *testing.T) {
	one := []Stage{{Duration: time.Second, Arrivals: 2}}
	for fault, c := range map[string]Config{
		"without pairs":                      {Stages: one, Pairs: 3},
		"stage 1 needs a duration":           {Stages: []Stage{{Arrivals: 1}}},
		"nobody comes":                       {Stages: []Stage{{Duration: time.Second}}},
		"1 to 4000 bytes":                    {Sizes: []Size{{Bytes: 4001, Percent: 100}}},
		"lengths of texts add up to 90 %":    {Sizes: []Size{{Bytes: 1, Percent: 90}}},
		"shares of profiles add up to 101 %": {Mix: []Share{{Profile: Profiles()[0], Percent: 101}}},
		`no fault "flood"`:                   {Scenario: ScenarioFaults, Faults: map[string]int{"flood": 1, "doze": 1}},
		"are for scenario mixed-faults":      {Faults: map[string]int{"doze": 1}},
		"one is above 0":                     {Scenario: ScenarioFaults, Faults: map[string]int{"doze": 0}},
		"a limit is out of range":            {Limits: Limits{Failures: 101}},
	} {
		c.URL = "http://relay.example"
		if _, _, err := c.withDefaults(); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), fault) {
			t.Errorf("error is %v, want ErrConfig with %q", err, fault)
		}
	}
}

// A run does what its plan says, in both protocols.
func TestRunByPlan(t *testing.T) {
	for _, protocol := range []Protocol{ProtocolSotto2, ProtocolStd1} {
		t.Run(string(protocol), func(t *testing.T) {
			r := runInMemory(t, Config{
				Scenario: ScenarioFaults, Protocol: protocol, Seed: 3, FaultEvery: 10 * time.Second,
				Stages: []Stage{{Duration: 5 * time.Second, Arrivals: 2}, {Duration: 2 * time.Minute}},
				Mix:    []Share{{Profile: Profiles()[1], Percent: 60}, {Profile: Profiles()[0], Percent: 40}},
				Sizes:  []Size{{Bytes: maxText, Percent: 100}},
				Faults: map[string]int{"ghost socket": 1, "blackout": 3},
				Limits: Limits{Failures: 100, Messages: 1000}, Targets: new(Targets),
			})
			if r.Setup.Pairs != 5 || r.Profiles[0].Pairs != 3 || r.Profiles[1].Pairs != 2 {
				t.Errorf("%d pairs, %d and %d", r.Setup.Pairs, r.Profiles[0].Pairs, r.Profiles[1].Pairs)
			}
			kinds := make(map[string]int)
			for _, f := range r.Faults {
				kinds[f.Kind]++
			}
			if kinds["blackout"] == 0 || kinds["ghost socket"] == 0 || len(kinds) > 2 {
				t.Errorf("faults were %v", kinds)
			}
			if r.Costs.BytesPerMessage < maxText {
				t.Errorf("%.0f bytes a message", r.Costs.BytesPerMessage)
			}
			if r.Verdict != Failed || len(r.Reasons) != 1 || !strings.Contains(r.Reasons[0], "/s, below 1000/s") {
				t.Errorf("%s, because %q", r.Verdict, r.Reasons)
			}
		})
	}
}

func TestShares(t *testing.T) {
	c := Config{Sizes: []Size{{10, 25}, {20, 75}}, Faults: map[string]int{"doze": 1, "blackout": 3}}
	rng := rand.New(rand.NewPCG(1, 2))
	sizes, kinds := make(map[int]int), make(map[string]int)
	const n = 10_000
	for range n {
		sizes[c.size(rng)]++
		kinds[faults[c.fault(rng)].name]++
	}
	for what, got := range map[string]int{"texts of 10": sizes[10], "texts of 20": n - sizes[20], "dozes": kinds["doze"], "blackouts": n - kinds["blackout"]} {
		if got < n*23/100 || got > n*27/100 {
			t.Errorf("%d of %d %s, want a quarter", got, n, what)
		}
	}
}

func TestLimits(t *testing.T) {
	r := &Report{Seconds: 10, Errors: map[string]int{"a": 1, "b": 2}, Costs: Costs{Dials: 40}, Ledger: ledger.Totals{Sent: 60, Accepted: 50}}
	for name, c := range map[string]struct {
		limits Limits
		want   []State
	}{
		"none":     {Limits{}, nil},
		"kept":     {Limits{Failures: 3, Messages: 5}, []State{Met, Met}},
		"not kept": {Limits{Failures: 2.9, Messages: 5.1}, []State{Missed, Missed}},
	} {
		slos := c.limits.judge(r)
		if len(slos) != len(c.want) {
			t.Fatalf("%s: %+v", name, slos)
		}
		for i, s := range slos {
			if s.State != c.want[i] {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}
