// Package scenario reads what a run is to do from a file, in YAML. Everything has
// a default, a field that is not known is an error, and so is a field that is
// there twice.
//
//	scenario: mixed-faults     # pair, storm, idle, churn, soak or mixed-faults
//	protocol: sotto-2          # or std1
//	seed: 7
//	backoff: true              # false: phones that lost the relay dial once a second
//	stages:                    # in place of --pairs, --ramp and --duration
//	  - {for: 30s, arrivals: 4}            # phones a second
//	  - {for: 2m, think: 10s}              # nobody comes; other pauses meanwhile
//	think: 3s                  # mean pause before an answer
//	freeze: 10s                # how long tabs freeze, on average
//	mix: {slow-4g: 60, edge: 40}           # percent of pairs, in all 100
//	texts:                     # how long they are; percent, in all 100
//	  - {bytes: 140, percent: 95}
//	  - {bytes: 3000, percent: 5}
//	faults:                    # of mixed-faults
//	  every: 20s               # between two of a pair, on average
//	  kinds: {blackout: 3, frozen tab: 1}  # shares; what is not named does not happen
//	bounds:
//	  failures_percent: 5      # of connections and messages, at most
//	  messages_per_second: 2   # accepted, at least
//	  latency: {hot_p95_ms: 1500}          # in place of the profiles' own, as in a file of --slo
package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"sotto/loadtest"
)

// file is the form of a scenario file.
type file struct {
	Scenario loadtest.Scenario `yaml:"scenario"`
	Protocol loadtest.Protocol `yaml:"protocol"`
	Seed     uint64            `yaml:"seed"`
	Backoff  *bool             `yaml:"backoff"`
	Stages   []loadtest.Stage  `yaml:"stages"`
	Think    time.Duration     `yaml:"think"`
	Freeze   time.Duration     `yaml:"freeze"`
	Mix      map[string]int    `yaml:"mix"`
	Texts    []loadtest.Size   `yaml:"texts"`
	Faults   struct {
		Every time.Duration  `yaml:"every"`
		Kinds map[string]int `yaml:"kinds"`
	} `yaml:"faults"`
	Bounds struct {
		loadtest.Limits `yaml:",inline"`
		Latency         map[string]float64 `yaml:"latency"`
	} `yaml:"bounds"`
}

// Read reads a file; own are profiles that its mix may name beside the built-in
// ones. Errors wrap loadtest.ErrConfig. What no field says is left at zero, and
// what only a run can tell is found by loadtest.Run.
func Read(r io.Reader, own []loadtest.Profile) (loadtest.Config, error) {
	fail := func(err error) (loadtest.Config, error) {
		return loadtest.Config{}, fmt.Errorf("%w: read scenario: %w", loadtest.ErrConfig, err)
	}
	var f file
	d := yaml.NewDecoder(r)
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return fail(err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return fail(errors.New("there is a second document"))
	}
	c := loadtest.Config{
		Scenario: f.Scenario, Protocol: f.Protocol, Seed: f.Seed, NoBackoff: f.Backoff != nil && !*f.Backoff,
		Think: f.Think, Freeze: f.Freeze, Own: own, Faults: f.Faults.Kinds, FaultEvery: f.Faults.Every,
		Stages: f.Stages, Sizes: f.Texts, Limits: f.Bounds.Limits,
	}
	for _, name := range slices.Sorted(maps.Keys(f.Mix)) { // so that the seed decides
		one, err := loadtest.Blend(name, own)
		if err != nil {
			return loadtest.Config{}, err
		}
		if len(one) != 1 {
			return fail(fmt.Errorf("the mix cannot have %q in it", name))
		}
		c.Mix = append(c.Mix, loadtest.Share{Profile: one[0].Profile, Percent: f.Mix[name]})
	}
	if f.Bounds.Latency != nil {
		text, err := json.Marshal(f.Bounds.Latency)
		if err != nil {
			return fail(err)
		}
		t, err := loadtest.ReadTargets(bytes.NewReader(text))
		if err != nil {
			return loadtest.Config{}, err
		}
		c.Targets = &t
	}
	return c, nil
}
