package loadtest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"
)

// Scenario is what the phones do.
type Scenario string

// The scenarios.
const (
	// ScenarioPair is conversations by turns, with the pauses people make.
	ScenarioPair Scenario = "pair"
	// ScenarioStorm restarts the relay under conversations; every phone has to
	// come back, to a new room.
	ScenarioStorm Scenario = "storm"
	// ScenarioIdle joins and stays silent, then leaves the rooms alone: what a
	// socket and a room cost.
	ScenarioIdle Scenario = "idle"
	// ScenarioChurn has people come, say a few things, end the room and be
	// followed by others.
	ScenarioChurn Scenario = "churn"
	// ScenarioSoak is pair for long, with long pauses: what grows.
	ScenarioSoak Scenario = "soak"
	// ScenarioFaults is pair with networks that fail, tabs that freeze, phones
	// that read slowly, lost answers, strangers, and both writing at once.
	ScenarioFaults Scenario = "mixed-faults"
)

// Scenarios returns all of them.
func Scenarios() []Scenario {
	return []Scenario{ScenarioPair, ScenarioStorm, ScenarioIdle, ScenarioChurn, ScenarioSoak, ScenarioFaults}
}

// Protocol is what the phones speak.
type Protocol string

// The protocols.
const (
	// ProtocolSotto2 is private numbers: see package blind.
	ProtocolSotto2 Protocol = "sotto-2"
	// ProtocolStd1 is short numbers, sTELgano-std-1.
	ProtocolStd1 Protocol = "std1"
)

// Config says what Run does. Exactly one of URL and Server must be set; a field
// that is zero means its default.
type Config struct {
	// URL of a relay, http or https. It should have its limits for addresses
	// off, as all phones have one.
	URL string
	// Server is a relay that can be measured, and restarted for ScenarioStorm.
	Server Server
	// TLS is used for https; nil means the system's roots.
	TLS *tls.Config

	// Scenario defaults to ScenarioPair.
	Scenario Scenario
	// Protocol defaults to ProtocolSotto2.
	Protocol Protocol
	// Profile is the name of a profile, or Mix. Empty: DefaultProfile.
	Profile string
	// Own profiles are there beside the built-in ones.
	Own []Profile
	// Pairs of phones. 0: 20.
	Pairs int
	// Ramp is the time over which they come. 0: a fifth of Duration, and no
	// more than 10 s for up to 200 phones and 20 phones a second beyond.
	Ramp time.Duration
	// Think is the mean pause before a phone answers. 0: 3 s, 30 s for soak.
	// Pauses are exponential, never below a tenth of it; every sixth is 12 to
	// 18 s longer, so that the radio falls asleep.
	Think time.Duration
	// Duration includes the ramp. 0: 60 s, 1 h for soak. What is under way then
	// is waited for.
	Duration time.Duration
	// Freeze is how long tabs freeze and phones doze in ScenarioFaults, on
	// average: from half to one and a half of it. 0: 10 s.
	Freeze time.Duration
	// NoBackoff has phones that lost the relay dial again once a second, all in
	// step, as clients without a jittered back-off do.
	NoBackoff bool
	// Stages go in place of Pairs, Ramp and Duration.
	Stages []Stage
	// Sizes are how long texts are. Nil: a sentence or two.
	Sizes []Size
	// Mix goes in place of Profile and Own.
	Mix []Share
	// Faults are the shares of the kinds that FaultKinds names, for
	// ScenarioFaults. Nil: all are as likely.
	Faults map[string]int
	// FaultEvery is the mean time between two faults of a pair. 0: six times
	// Think. It is half of it at least.
	FaultEvery time.Duration
	// Limits are judged beside the profiles' targets.
	Limits Limits

	// Seed decides networks, pauses and faults.
	Seed uint64
	// Targets go in place of the profiles' own; a pointer to the zero value
	// judges nothing.
	Targets *Targets

	// Network makes the phones' networks; nil: Streams over TCP. The relay must be
	// in it: see package tun.
	Network Network
	// Progress, if not nil, is told twice a second how things are, and at the
	// end. It must not block.
	Progress func(Progress)
}

// Progress is how a run is doing.
type Progress struct {
	Elapsed, Left time.Duration
	// Phase is "ramp", "run" or "drain".
	Phase string
	// Joined are the phones that are in their rooms now, of Phones.
	Joined, Phones int
	Messages       int
	// P50 and P99 are of all deliveries so far.
	P50, P99 time.Duration
	Errors   int
}

// Server is a relay that a run may measure and restart.
type Server interface {
	// URL of the relay. It does not change.
	URL() string
	// Usage returns what the relay's process has used so far; after it has given
	// back the memory that it can, if collect is set.
	Usage(ctx context.Context, collect bool) (Usage, error)
	// Restart ends the relay in good order, and starts it again after the pause.
	Restart(ctx context.Context, pause time.Duration) error
}

// Usage is what a process uses.
type Usage struct {
	CPU        time.Duration `json:"cpu_ns"`
	RSS        uint64        `json:"rss_bytes"`
	Goroutines int           `json:"goroutines"`
}

const (
	defaultPairs    = 20
	defaultDuration = time.Minute
	defaultThink    = 3 * time.Second
	soakDuration    = time.Hour
	soakThink       = 30 * time.Second
	defaultFreeze   = 10 * time.Second
	rampPerSecond   = 20 // phones
	rampAtLeast     = 10 * time.Second
	// messageBytes is how long texts are: a sentence or two.
	messageBytes = 140
	// maxPairs is a fuse: 36 KiB a phone of std-1, 46 of sotto-2, and a file.
	maxPairs = 100_000
)

func (c Config) withDefaults() (Config, []Share, error) {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
		}
	}
	c.Scenario, c.Protocol = cmp.Or(c.Scenario, ScenarioPair), cmp.Or(c.Protocol, ProtocolSotto2)
	check(slices.Contains(Scenarios(), c.Scenario), "no scenario %q; there are %q", c.Scenario, Scenarios())
	check(c.Protocol == ProtocolSotto2 || c.Protocol == ProtocolStd1, "no protocol %q; there are %s and %s", c.Protocol, ProtocolSotto2, ProtocolStd1)
	check((c.URL == "") != (c.Server == nil), "exactly one of URL and Server must be set")
	check(c.Server != nil || c.Scenario != ScenarioStorm, "scenario storm restarts the relay, so it needs one of its own")
	if c.Server != nil {
		c.URL = c.Server.URL()
	}
	u, err := url.Parse(c.URL)
	check(err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https"), "the relay's URL is not http(s)://host[:port][/path]")
	c.Profile = cmp.Or(c.Profile, DefaultProfile)
	var shares []Share
	shares, err = Blend(c.Profile, c.Own)
	if len(c.Mix) > 0 {
		shares, err, c.Profile = c.Mix, nil, Mix
	}
	if err != nil {
		faults = append(faults, err)
	}
	c.planned(check)
	c.Pairs = cmp.Or(c.Pairs, defaultPairs)
	if c.Network == nil {
		c.Network = Streams((&net.Dialer{KeepAlive: -1}).DialContext)
	}
	devices := 2
	if c.Scenario == ScenarioFaults {
		devices = 4 // the pair's other devices, and strangers
	}
	most := min(maxPairs, c.Network.MaxPhones()/devices)
	check(c.Pairs > 0 && c.Pairs <= most, "%d pairs are not between 1 and %d", c.Pairs, most)
	duration, think := defaultDuration, defaultThink
	if c.Scenario == ScenarioSoak {
		duration, think = soakDuration, soakThink
	}
	c.Duration = cmp.Or(c.Duration, duration)
	c.Think = cmp.Or(c.Think, think)
	c.Freeze = cmp.Or(c.Freeze, defaultFreeze)
	c.FaultEvery = cmp.Or(c.FaultEvery, 6*c.Think)
	c.Ramp = cmp.Or(c.Ramp, min(c.Duration/5, max(rampAtLeast, time.Duration(2*c.Pairs)*time.Second/rampPerSecond)))
	check(c.Duration >= time.Second && min(c.Think, c.Freeze, c.Ramp) >= 0 && c.Ramp <= c.Duration,
		"duration must be a second or more, think, freeze and ramp not negative, ramp not longer than duration")
	return c, shares, errors.Join(faults...)
}
