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

// profileJSON is a Profile as files and reports spell it: in kilobits a second,
// milliseconds and percent, as people speak of networks. It points to what it
// spells.
type profileJSON struct {
	Name      *string   `json:"name"`
	Down      *kilobits `json:"down_kbit"`
	Up        *kilobits `json:"up_kbit"`
	RTT       *millis   `json:"rtt_ms"`
	Jitter    *millis   `json:"jitter_ms"`
	Loss      *percent  `json:"loss_percent"`
	LossBurst *millis   `json:"loss_burst_ms"`
	RadioWake *millis   `json:"radio_wake_ms"`
	RadioTail *millis   `json:"radio_tail_ms"`
	NATIdle   *millis   `json:"nat_idle_ms"`
	NATReset  *bool     `json:"nat_reset"`
	Gaps      *gapsJSON `json:"gaps,omitempty"`
	Targets   *Targets  `json:"slo"`
	Source    *string   `json:"source"`
	Ours      *string   `json:"ours,omitempty"`
}

type gapsJSON struct {
	Every *millis  `json:"every_ms"`
	Min   *millis  `json:"min_ms"`
	Max   *millis  `json:"max_ms"`
	Cut   *percent `json:"cut_percent"`
}

func (p *Profile) spelled() *profileJSON {
	l := &p.Link
	return &profileJSON{
		Name: &p.Name, Down: (*kilobits)(&l.Down), Up: (*kilobits)(&l.Up), RTT: (*millis)(&l.RTT), Jitter: (*millis)(&l.Jitter),
		Loss: (*percent)(&l.Loss), LossBurst: (*millis)(&l.LossBurst),
		RadioWake: (*millis)(&l.RadioWake), RadioTail: (*millis)(&l.RadioTail), NATIdle: (*millis)(&l.NATIdle), NATReset: &l.NATReset,
		Gaps: &gapsJSON{
			Every: (*millis)(&l.Gaps.Every), Min: (*millis)(&l.Gaps.Min), Max: (*millis)(&l.Gaps.Max), Cut: (*percent)(&l.Gaps.Cut),
		},
		Targets: &p.Targets, Source: &p.Source, Ours: &p.Ours,
	}
}

// MarshalJSON writes p as ReadProfiles reads it.
func (p Profile) MarshalJSON() ([]byte, error) {
	out := p.spelled()
	if p.Link.Gaps == (link.Gaps{}) {
		out.Gaps = nil
	}
	if p.Ours == "" {
		out.Ours = nil
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads a profile; a field it does not know is an error.
func (p *Profile) UnmarshalJSON(b []byte) error {
	*p = Profile{Targets: general}
	in := p.spelled()
	err := decodeStrictly(bytes.NewReader(b), in)
	if in.Targets == nil { // "slo": null
		p.Targets = Targets{}
	}
	return err
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

// kilobits is a number of bits written as one of kilobits.
type kilobits int64

func (k kilobits) MarshalJSON() ([]byte, error) { return json.Marshal(float64(k) / kbit) }

func (k *kilobits) UnmarshalJSON(b []byte) error {
	var v float64
	err := json.Unmarshal(b, &v)
	*k = kilobits(v * kbit)
	return err
}

// percent is a fraction written in hundredths.
type percent float64

func (p percent) MarshalJSON() ([]byte, error) { return json.Marshal(float64(p) * 100) }

func (p *percent) UnmarshalJSON(b []byte) error {
	var v float64
	err := json.Unmarshal(b, &v)
	*p = percent(v / 100)
	return err
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
