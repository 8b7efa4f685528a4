package loadtest

import (
	"fmt"
	"slices"
	"strings"

	"sotto/loadtest/link"
)

// Profile is a kind of network: what lies between a phone and the relay.
type Profile struct {
	// Name is how runs and reports call it.
	Name string
	// Link is what the emulator imposes.
	Link link.Params
	// Targets are what a run on this network is judged by; zero fields are not
	// judged.
	Targets Targets
	// Source says where the figures come from.
	Source string
	// Ours names the figures that have no source but our judgement. A reader
	// must be able to tell them from the others.
	Ours string
}

// Mix is the name of the blend of profiles that Blend returns.
const Mix = "mix"

// DefaultProfile is the profile of a run that names none.
const DefaultProfile = "slow-4g"

// Share is how much of a population is on a profile.
type Share struct {
	Profile Profile
	Percent int
}

// Blend returns the profiles named by name, with their shares: one profile, or
// several for Mix. Own profiles go before the built-in ones of the same name.
func Blend(name string, own []Profile) ([]Share, error) {
	if name == Mix {
		shares := make([]Share, len(mix))
		for i, m := range mix {
			p, err := find(m.name, own)
			if err != nil {
				return nil, err
			}
			shares[i] = Share{Profile: p, Percent: m.percent}
		}
		return shares, nil
	}
	p, err := find(name, own)
	if err != nil {
		return nil, err
	}
	return []Share{{Profile: p, Percent: 100}}, nil
}

func find(name string, own []Profile) (Profile, error) {
	all := slices.Concat(own, Profiles())
	for _, p := range all {
		if p.Name == name {
			return p, nil
		}
	}
	names := []string{Mix}
	for _, p := range all {
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("%w: no profile %q; there are %s", ErrConfig, name, strings.Join(names, ", "))
}

// deal spreads n pairs over the shares, in turn and in proportion, so that the
// first few pairs are a fair sample too.
func deal(shares []Share, n int) []int {
	dealt := make([]int, n)
	credit := make([]int, len(shares))
	for i := range dealt {
		best := 0
		for j, s := range shares {
			credit[j] += s.Percent
			if credit[j] > credit[best] {
				best = j
			}
		}
		credit[best] -= 100
		dealt[i] = best
	}
	return dealt
}
