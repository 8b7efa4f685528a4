package loadtest

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Targets are upper bounds, by [Bound]. One of zero is not judged.
type Targets [bounds]time.Duration

// Bound is what Targets bound.
type Bound int

// The bounds.
const (
	HotP50 Bound = iota // planned send → delivered, radios awake
	HotP95
	HotP99
	ColdP95       // the same when a radio had to wake
	JoinP95       // dial → state of the room
	ReconnectP95  // link back → joined again
	RelayAddedP99 // between the harness's sockets at the relay
	StormBack     // relay back → every phone joined
	bounds
)

// String is what reports call it.
func (b Bound) String() string {
	return [bounds]string{
		"hot p50", "hot p95", "hot p99", "cold p95", "join p95", "reconnect p95", "relay-added p99", "storm back",
	}[b]
}

// field is what files call it.
func (b Bound) field() string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(b.String()) + "_ms"
}

// MarshalJSON writes t as ReadTargets reads it. A bound that a profile has unless
// it says other is written also where it is not judged.
func (t Targets) MarshalJSON() ([]byte, error) {
	out := make(map[string]millis)
	for b, d := range t {
		if d > 0 || general[b] > 0 {
			out[Bound(b).field()] = millis(d)
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON sets the bounds that are there; a field it does not know is an
// error.
func (t *Targets) UnmarshalJSON(text []byte) error {
	var in map[string]millis
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	for b := range bounds {
		if d, ok := in[b.field()]; ok {
			t[b] = time.Duration(d)
			delete(in, b.field())
		}
	}
	for name := range in {
		return fmt.Errorf("unknown field %q", name)
	}
	return nil
}

// ReadTargets reads targets that go in place of every profile's own. A field
// that is left out is not judged; unknown fields are errors, which wrap
// ErrConfig.
func ReadTargets(r io.Reader) (Targets, error) {
	var t Targets
	if err := decodeStrictly(r, &t); err != nil {
		return Targets{}, fmt.Errorf("%w: read SLOs: %w", ErrConfig, err)
	}
	return t, nil
}

// general are the bounds that hold on every network.
var general = Targets{RelayAddedP99: 10 * ms, StormBack: 30 * time.Second}

// What a bound leaves on top of the model, so that only a relay can miss it.
const (
	// modelSlack is how far calibrate lets the model be from the kernel's TCP.
	modelSlack = 1.25
	// A relay handles a message once, and a phone that joins several times.
	messageShare = 10 * time.Millisecond
	joinShare    = 50 * time.Millisecond
)

// withSlack returns the bounds for phones that measure what the model says on a network
// with a relay that takes no time.
func withSlack(model Targets) Targets {
	out := general
	for b, d := range model {
		share := messageShare
		if slices.Contains([]Bound{JoinP95, ReconnectP95}, Bound(b)) {
			share = joinShare
		}
		if d > 0 {
			out[b] = (time.Duration(float64(d)*modelSlack) + share).Round(ms)
		}
	}
	return out
}

// bounds are what a run of a protocol on the profile is judged by: its targets,
// and where these are a built-in profile's, which are of sotto-2, the ones of
// std-1.
func (p Profile) bounds(protocol Protocol) Targets {
	m, ok := model[p.Name]
	if ok && protocol == ProtocolStd1 && p.Targets == withSlack(m[ProtocolSotto2]) {
		return withSlack(m[ProtocolStd1])
	}
	return p.Targets
}
