package loadtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"sotto/loadtest/link"
)

// profileJSON is Profile as files and reports spell it: kilobits a second,
// milliseconds and percent, as people speak of networks.
type profileJSON struct {
	Name      string       `json:"name"`
	Down      float64      `json:"down_kbit"`
	Up        float64      `json:"up_kbit"`
	RTT       millis       `json:"rtt_ms"`
	Jitter    millis       `json:"jitter_ms"`
	Loss      float64      `json:"loss_percent"`
	LossBurst millis       `json:"loss_burst_ms"`
	RadioWake millis       `json:"radio_wake_ms"`
	RadioTail millis       `json:"radio_tail_ms"`
	NATIdle   millis       `json:"nat_idle_ms"`
	NATReset  bool         `json:"nat_reset"`
	Gaps      *gapsJSON    `json:"gaps,omitempty"`
	Targets   *targetsJSON `json:"slo,omitempty"`
	Source    string       `json:"source"`
	Ours      string       `json:"ours,omitempty"`
}

type gapsJSON struct {
	Every millis  `json:"every_ms"`
	Min   millis  `json:"min_ms"`
	Max   millis  `json:"max_ms"`
	Cut   float64 `json:"cut_percent"`
}

type targetsJSON struct {
	HotP50        millis `json:"hot_p50_ms,omitempty"`
	HotP95        millis `json:"hot_p95_ms,omitempty"`
	HotP99        millis `json:"hot_p99_ms,omitempty"`
	ColdP95       millis `json:"cold_p95_ms,omitempty"`
	JoinP95       millis `json:"join_p95_ms,omitempty"`
	ReconnectP95  millis `json:"reconnect_p95_ms,omitempty"`
	RelayAddedP99 millis `json:"relay_added_p99_ms,omitempty"`
	StormBack     millis `json:"storm_back_ms,omitempty"`
}

// millis is a duration written as a number of milliseconds.
type millis time.Duration

func (m millis) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(m) / float64(time.Millisecond))
}

func (m *millis) UnmarshalJSON(b []byte) error {
	var v float64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	const longest = 1e10 // four months, far from overflow
	if v < 0 || v > longest {
		return fmt.Errorf("%v is not a number of milliseconds between 0 and %.0f", v, longest)
	}
	*m = millis(v * float64(time.Millisecond))
	return nil
}

// MarshalJSON writes t as ReadTargets reads it.
func (t Targets) MarshalJSON() ([]byte, error) { return json.Marshal(targetsToJSON(t)) }

// UnmarshalJSON reads what MarshalJSON wrote; a field it does not know is an error.
func (t *Targets) UnmarshalJSON(b []byte) error {
	var in targetsJSON
	err := decodeStrictly(bytes.NewReader(b), &in)
	*t = in.targets()
	return err
}

// MarshalJSON writes p as ReadProfiles reads it.
func (p Profile) MarshalJSON() ([]byte, error) {
	l := p.Link
	out := profileJSON{
		Name: p.Name, Down: float64(l.Down) / kbit, Up: float64(l.Up) / kbit,
		RTT: millis(l.RTT), Jitter: millis(l.Jitter), Loss: l.Loss * 100, LossBurst: millis(l.LossBurst),
		RadioWake: millis(l.RadioWake), RadioTail: millis(l.RadioTail),
		NATIdle: millis(l.NATIdle), NATReset: l.NATReset, Source: p.Source, Ours: p.Ours,
	}
	if l.Gaps != (link.Gaps{}) {
		out.Gaps = &gapsJSON{
			Every: millis(l.Gaps.Every), Min: millis(l.Gaps.Min), Max: millis(l.Gaps.Max), Cut: l.Gaps.Cut * 100,
		}
	}
	if p.Targets != (Targets{}) {
		t := targetsToJSON(p.Targets)
		out.Targets = &t
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads a profile; a field it does not know is an error.
func (p *Profile) UnmarshalJSON(b []byte) error {
	in := profileJSON{Targets: &targetsJSON{
		RelayAddedP99: millis(relayAddedP99), StormBack: millis(stormBack),
	}}
	if err := decodeStrictly(bytes.NewReader(b), &in); err != nil {
		return err
	}
	if in.Targets == nil { // "slo": null
		in.Targets = new(targetsJSON)
	}
	*p = Profile{
		Name: in.Name, Targets: in.Targets.targets(), Source: in.Source, Ours: in.Ours,
		Link: link.Params{
			Down: int64(in.Down * kbit), Up: int64(in.Up * kbit),
			RTT: time.Duration(in.RTT), Jitter: time.Duration(in.Jitter),
			Loss: in.Loss / 100, LossBurst: time.Duration(in.LossBurst),
			RadioWake: time.Duration(in.RadioWake), RadioTail: time.Duration(in.RadioTail),
			NATIdle: time.Duration(in.NATIdle), NATReset: in.NATReset,
		},
	}
	if g := in.Gaps; g != nil {
		p.Link.Gaps = link.Gaps{
			Every: time.Duration(g.Every), Min: time.Duration(g.Min), Max: time.Duration(g.Max), Cut: g.Cut / 100,
		}
	}
	return nil
}

func targetsToJSON(t Targets) targetsJSON {
	return targetsJSON{
		HotP50: millis(t.HotP50), HotP95: millis(t.HotP95), HotP99: millis(t.HotP99),
		ColdP95: millis(t.ColdP95), JoinP95: millis(t.JoinP95), ReconnectP95: millis(t.ReconnectP95),
		RelayAddedP99: millis(t.RelayAddedP99), StormBack: millis(t.StormBack),
	}
}

func (t targetsJSON) targets() Targets {
	return Targets{
		HotP50: time.Duration(t.HotP50), HotP95: time.Duration(t.HotP95), HotP99: time.Duration(t.HotP99),
		ColdP95: time.Duration(t.ColdP95), JoinP95: time.Duration(t.JoinP95),
		ReconnectP95:  time.Duration(t.ReconnectP95),
		RelayAddedP99: time.Duration(t.RelayAddedP99), StormBack: time.Duration(t.StormBack),
	}
}

// ReadProfiles reads a JSON array of profiles. Unknown fields, a profile
// without a name or source, two of a name and figures that no link can have
// are errors, which wrap ErrConfig; all of them are named.
func ReadProfiles(r io.Reader) ([]Profile, error) {
	var profiles []Profile
	if err := decodeStrictly(r, &profiles); err != nil {
		return nil, fmt.Errorf("%w: read profiles: %w", ErrConfig, err)
	}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	seen := make(map[string]bool)
	for i, p := range profiles {
		switch {
		case p.Name == "" || p.Name == Mix:
			fault("profile %d needs a name other than %q", i+1, Mix)
		case seen[p.Name]:
			fault("profile %q is there twice", p.Name)
		case p.Source == "":
			fault("profile %q does not say its source", p.Name)
		}
		seen[p.Name] = true
		if err := p.Link.Validate(); err != nil {
			fault("profile %q: %w", p.Name, err)
		}
	}
	return profiles, errors.Join(faults...)
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

var errTrailing = errors.New("more than one JSON value")

func decodeStrictly(r io.Reader, v any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}
