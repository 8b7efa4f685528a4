package loadtest

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Stage is a stretch of a run.
type Stage struct {
	// Duration of it.
	Duration time.Duration `yaml:"for"`
	// Arrivals are the phones that come, a second.
	Arrivals float64 `yaml:"arrivals"`
	// Think goes in place of Config.Think while the stage lasts, if not 0.
	Think time.Duration `yaml:"think"`
}

// Size is how long a share of texts are.
type Size struct {
	Bytes   int `yaml:"bytes"`
	Percent int `yaml:"percent"`
}

// maxText is what a text may have at most, in bytes, in either protocol.
const maxText = 4000

// Limits are bounds on a run as a whole. One that is 0 is not judged.
type Limits struct {
	// Failures is how many of a hundred attempts, connections and messages, may
	// fail, at most.
	Failures float64 `json:"failures_percent,omitempty" yaml:"failures_percent"`
	// Messages a second that the relay accepts, at least, over the whole run.
	Messages float64 `json:"messages_per_second,omitempty" yaml:"messages_per_second"`
}

// planned fills in what stages say, and checks the plan.
func (c *Config) planned(check func(ok bool, format string, args ...any)) {
	if len(c.Stages) > 0 {
		check(c.Pairs == 0 && c.Duration == 0 && c.Ramp == 0, "stages go without pairs, duration and ramp")
		phones := 0.
		for i, s := range c.Stages {
			check(s.Duration > 0 && s.Arrivals >= 0 && s.Think >= 0, "stage %d needs a duration, and no number below 0", i+1)
			c.Duration += s.Duration
			phones += s.Arrivals * s.Duration.Seconds()
			if s.Arrivals > 0 {
				c.Ramp = c.Duration
			}
		}
		c.Pairs = int(phones/2 + 1e-9)
		check(c.Pairs > 0, "nobody comes in any stage")
	}
	total := 0
	for _, s := range c.Sizes {
		check(s.Bytes > 0 && s.Bytes <= maxText && s.Percent > 0, "texts have 1 to %d bytes, and a share of more than 0 %%", maxText)
		total += s.Percent
	}
	check(len(c.Sizes) == 0 || total == 100, "the shares of the lengths of texts add up to %d %%", total)
	total = 0
	for _, s := range c.Mix {
		check(s.Percent > 0, "profile %q has a share of %d %%", s.Profile.Name, s.Percent)
		check(s.Profile.Link.Validate() == nil, "profile %q is unfit", s.Profile.Name)
		total += s.Percent
	}
	check(len(c.Mix) == 0 || total == 100, "the shares of profiles add up to %d %%", total)
	total = 0
	for name, weight := range c.Faults {
		check(slices.Contains(FaultKinds(), name), "no fault %q; there are %q", name, FaultKinds())
		check(weight >= 0, "the share of fault %q is below 0", name)
		total += weight
	}
	check(len(c.Faults) == 0 || total > 0 && c.Scenario == ScenarioFaults, "shares of faults are for scenario %s, and one is above 0", ScenarioFaults)
	check(c.FaultEvery >= 0, "the time between faults is below 0")
	check(c.Limits.Failures >= 0 && c.Limits.Failures <= 100 && c.Limits.Messages >= 0, "a limit is out of range")
}

// arrival returns when phone i of n comes, after the start.
func (c *Config) arrival(i, n int) time.Duration {
	if len(c.Stages) == 0 {
		return c.Ramp * time.Duration(i) / time.Duration(n)
	}
	var before float64 // phones
	var begins time.Duration
	for _, s := range c.Stages {
		come := s.Arrivals * s.Duration.Seconds()
		if float64(i) < before+come {
			return begins + time.Duration((float64(i)-before)/s.Arrivals*float64(time.Second))
		}
		before += come
		begins += s.Duration
	}
	return begins
}

// think returns the mean pause, so long after the start.
func (c *Config) think(elapsed time.Duration) time.Duration {
	for _, s := range c.Stages {
		if elapsed < s.Duration {
			return cmp.Or(s.Think, c.Think)
		}
		elapsed -= s.Duration
	}
	return c.Think
}

// size draws how long a text is.
func (c *Config) size(rng *rand.Rand) int {
	if len(c.Sizes) == 0 {
		return messageBytes
	}
	n := rng.IntN(100)
	for _, s := range c.Sizes {
		if n -= s.Percent; n < 0 {
			return s.Bytes
		}
	}
	return messageBytes
}

// FaultKinds returns the names of all faults.
func FaultKinds() []string {
	names := make([]string, len(faults))
	for i, f := range faults {
		names[i] = f.name
	}
	return names
}

// fault draws one.
func (c *Config) fault(rng *rand.Rand) int {
	if len(c.Faults) == 0 {
		return rng.IntN(len(faults))
	}
	total := 0
	for _, weight := range c.Faults {
		total += weight
	}
	n := rng.IntN(total)
	for i, f := range faults { // in order, so that the seed decides
		if n -= c.Faults[f.name]; n < 0 {
			return i
		}
	}
	panic("loadtest: shares of faults do not add up")
}

// judge says how the limits were kept.
func (l Limits) judge(r *Report) []SLO {
	var slos []SLO
	bound := func(name, unit string, bound, got float64, samples int, kept bool) {
		if bound > 0 {
			state := Met
			if !kept {
				state = Missed
			}
			slos = append(slos, SLO{Profile: "all", Name: name, Unit: unit, Bound: bound, Got: round(got, 2), Samples: int64(samples), State: state})
		}
	}
	failed := 0
	for _, n := range r.Errors {
		failed += n
	}
	tried := r.Costs.Dials + r.Ledger.Sent
	share := 0.
	if tried > 0 {
		share = 100 * float64(failed) / float64(tried)
	}
	bound("failures", "%", l.Failures, share, tried, share <= l.Failures)
	rate := 0.
	if r.Seconds > 0 {
		rate = float64(r.Ledger.Accepted) / r.Seconds
	}
	bound("messages", "/s", l.Messages, rate, r.Ledger.Accepted, rate >= l.Messages)
	return slos
}

// side says where what was measured is when a bound was missed.
func (s SLO) side() string {
	if s.Unit == "/s" {
		return "below"
	}
	return "above"
}
