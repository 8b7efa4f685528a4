package loadtest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"sotto/loadtest/ledger"
)

// Merge returns one report of several runs against the same relay at the same
// time: load may come from several machines. Counts are added up, latencies
// merged without loss and judged anew, and of what a process uses the most is
// taken. What happened when is left to the single reports. Reports that differ in
// what was to be done, or in the bounds, are an error, which wraps ErrConfig.
func Merge(reports []*Report) (*Report, error) {
	if len(reports) == 0 {
		return nil, fmt.Errorf("%w: no reports to merge", ErrConfig)
	}
	first := reports[0]
	out := &Report{
		Schema: first.Schema, Started: first.Started, Setup: first.Setup, Environment: first.Environment,
		Ledger:   ledger.Totals{Counts: make(map[ledger.Kind]int)},
		Timeline: []Bucket{}, Faults: []Fault{}, Samples: []Sample{}, Errors: make(map[string]int),
		Service: Service{Refused: make(map[string]int)},
	}
	out.Setup.Pairs, out.Setup.Limits.Messages = 0, 0
	measured := make(map[string]*measures)
	var broken []error
	for _, r := range reports {
		if err := first.agrees(r); err != nil {
			return nil, err
		}
		if r.Broken != "" {
			broken = append(broken, errors.New(r.Broken))
		}
		out.add(r)
		for _, on := range r.Profiles {
			if err := out.addProfile(measured, on); err != nil {
				return nil, err
			}
		}
	}
	judge := &run{cfg: Config{Targets: first.Setup.Targets, Protocol: first.Setup.Protocol}}
	for i := range out.Profiles {
		judge.shares = append(judge.shares, Share{Profile: out.Profiles[i].Profile})
	}
	for i, on := range out.Profiles {
		m := measured[on.Profile.Name]
		m.fill(&out.Profiles[i])
		out.SLOs = append(out.SLOs, judge.judge(on.Profile, m, out)...)
	}
	out.SLOs = append(out.SLOs, out.Setup.Limits.judge(out)...)
	out.Certain = certainties(out.Ledger)
	out.conclude(errors.Join(broken...))
	out.Notes = append(out.Notes, fmt.Sprintf("Merged from %d reports; the seed is the first one's.", len(reports)))
	return out, nil
}

// agrees returns how another report was made otherwise.
func (r *Report) agrees(other *Report) error {
	a, b := r.Setup, other.Setup
	if r.Schema != other.Schema || a.Scenario != b.Scenario || a.Protocol != b.Protocol || !reflect.DeepEqual(a.Targets, b.Targets) || a.Limits.Failures != b.Limits.Failures {
		return fmt.Errorf("%w: reports of different scenarios, protocols or bounds cannot be merged", ErrConfig)
	}
	return nil
}

// add adds what is no latency.
func (r *Report) add(o *Report) {
	if o.Started.Before(r.Started) {
		r.Started = o.Started
	}
	r.Seconds, r.Interrupted = max(r.Seconds, o.Seconds), r.Interrupted || o.Interrupted
	r.Setup.Pairs += o.Setup.Pairs
	r.Setup.Limits.Messages += o.Setup.Limits.Messages
	l, m := &r.Ledger, o.Ledger
	for _, sum := range []struct {
		to   *int
		more int
	}{
		{&l.Sent, m.Sent},
		{&l.Accepted, m.Accepted},
		{&l.Delivered, m.Delivered},
		{&l.Edited, m.Edited},
		{&l.Deleted, m.Deleted},
		{&l.Receipts, m.Receipts},
		{&l.Forgotten, m.Forgotten},
		{&l.Closed, m.Closed},
		{&l.Undecided, m.Undecided},
		{&r.Stale, o.Stale},
		{&r.Intruded, o.Intruded},
		{&r.Ended, o.Ended},
		{&r.Service.Phones, o.Service.Phones},
		{&r.Service.Absent, o.Service.Absent},
		{&r.Service.Unanswered, o.Service.Unanswered},
		{&r.Service.Stalled, o.Service.Stalled},
	} {
		*sum.to += sum.more
	}
	for kind, n := range m.Counts {
		l.Counts[kind] += n
	}
	l.Offences = append(l.Offences, m.Offences...)
	for cause, n := range o.Service.Refused {
		r.Service.Refused[cause] += n
	}
	for cause, n := range o.Errors {
		r.Errors[cause] += n
	}
	if s := o.Storm; s != nil {
		if r.Storm == nil {
			r.Storm = &Storm{AllBack: s.AllBack}
		}
		r.Storm.Phones, r.Storm.Missing = r.Storm.Phones+s.Phones, r.Storm.Missing+s.Missing
		r.Storm.Away = max(r.Storm.Away, s.Away)
		if r.Storm.AllBack = max(r.Storm.AllBack, s.AllBack); r.Storm.Missing > 0 {
			r.Storm.AllBack = 0
		}
	}
	if o.Relay != nil { // one process measures it
		r.Relay, r.Setup.OwnRelay = o.Relay, true
	}
	if q := o.Costs.QuickestRedial; r.Costs.QuickestRedial == 0 || q > 0 && q < r.Costs.QuickestRedial {
		r.Costs.QuickestRedial = q
	}
	r.Costs.Dials += o.Costs.Dials
	h, i := &r.Health, o.Health
	h.LagP50, h.LagP99 = max(h.LagP50, i.LagP50), max(h.LagP99, i.LagP99)
	h.CPUPercent, h.BytesPerPhone = max(h.CPUPercent, i.CPUPercent), max(h.BytesPerPhone, i.BytesPerPhone)
	h.FileLimit = max(h.FileLimit, i.FileLimit)
}

// addProfile adds latencies. Two networks of one name must be the same.
func (r *Report) addProfile(measured map[string]*measures, on OnProfile) error {
	name := on.Profile.Name
	m := measured[name]
	if m == nil {
		m = newMeasures()
		measured[name] = m
		r.Profiles = append(r.Profiles, OnProfile{Profile: on.Profile, Percent: on.Percent})
	}
	i := slices.IndexFunc(r.Profiles, func(p OnProfile) bool { return p.Profile.Name == name })
	if r.Profiles[i].Profile != on.Profile {
		return fmt.Errorf("%w: two reports have different networks named %q", ErrConfig, name)
	}
	r.Profiles[i].Pairs += on.Pairs
	m.leftOut.Add(on.LeftOut)
	for i, row := range on.rows() {
		if err := m.rows()[i].merge(row.d); err != nil {
			return err
		}
	}
	return nil
}
