package loadtest

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Change is a figure in two sets of reports.
type Change struct {
	Name string
	// Unit is "ms", "/s", or "" for counts.
	Unit string
	// Before and After have a value for each run that counts, in order of size.
	Before, After []float64
	Tendency      Tendency
}

// Tendency is what a change means.
type Tendency string

// The tendencies.
const (
	Same   Tendency = ""
	Worse  Tendency = "worse"
	Better Tendency = "better"
	// Noise: the middle run changed by enough to tell, but runs of one side
	// differ by more than the sides do.
	Noise Tendency = "noise"
)

// A change tells if the middle run changes by more than a tenth, and times by
// more than 5 ms.
const (
	tellsShare  = 0.1
	tellsMillis = 5
)

// Compare returns what changed from some runs to others, with the verdicts, the
// ledger and what phones did not get first. A change from several runs of each
// side is noise unless every run of one side is beyond every run of the other;
// from one run each nobody can tell. Runs that are Invalid do not count. It
// returns an error, which wraps ErrConfig, for reports of different set-ups and
// for a side without a run that counts.
func Compare(before, after []*Report) ([]Change, error) {
	before, after = counting(before), counting(after)
	if len(before) == 0 || len(after) == 0 {
		return nil, fmt.Errorf("%w: a side has no run that is valid", ErrConfig)
	}
	for _, r := range slices.Concat(before, after) {
		if a, b := alike(before[0]), alike(r); a != b {
			return nil, fmt.Errorf("%w: one report is of %s, another of %s", ErrConfig, a, b)
		}
	}
	var changes []Change
	note := func(name, unit string, least float64, more Tendency, value func(r *Report) (float64, bool)) {
		c := Change{Name: name, Unit: unit, Before: values(before, value), After: values(after, value)}
		if len(c.Before) > 0 && len(c.After) > 0 {
			c.judge(least, more)
			changes = append(changes, c)
		}
	}
	count := func(name string, n func(r *Report) int) {
		note(name, "", 0, Worse, func(r *Report) (float64, bool) { return float64(n(r)), true })
		// One is too many, where there was none.
		if c := &changes[len(changes)-1]; c.Tendency == Noise || c.Tendency == Same && most(c.After) > most(c.Before) {
			c.Tendency = Noise
			if most(c.Before) == 0 {
				c.Tendency = Worse
			}
		}
	}
	count("runs failed", func(r *Report) int {
		if r.Verdict == Failed {
			return 1
		}
		return 0
	})
	count("ledger", func(r *Report) int {
		n := 0
		for _, k := range r.Ledger.Counts {
			n += k
		}
		return n
	})
	count("not served", func(r *Report) int {
		n := r.Service.Absent + r.Service.Unanswered + r.Service.Stalled
		for _, k := range r.Service.Refused {
			n += k
		}
		return n
	})
	note("messages", "/s", 0, Better, func(r *Report) (float64, bool) {
		return round(float64(r.Ledger.Delivered)/max(1, r.Seconds), 2), true
	})
	for i, p := range before[0].Profiles {
		for j, row := range p.rows() {
			if row.name == "disturbed" { // as the faults were
				continue
			}
			for _, q := range quantiles {
				note(p.Profile.Name+" "+row.name+" "+q.name, "ms", tellsMillis, Worse, func(r *Report) (float64, bool) {
					d := r.Profiles[i].rows()[j].d
					return q.of(d), d.Count >= q.enough
				})
			}
		}
	}
	return changes, nil
}

var quantiles = []struct {
	name   string
	enough int64
	of     func(d Distribution) float64
}{
	{"p50", enoughP95, func(d Distribution) float64 { return d.P50 }},
	{"p95", enoughP95, func(d Distribution) float64 { return d.P95 }},
	{"p99", enoughP99, func(d Distribution) float64 { return d.P99 }},
}

// counting returns the runs that prove something.
func counting(reports []*Report) []*Report {
	return slices.DeleteFunc(slices.Clone(reports), func(r *Report) bool { return r.Verdict == Invalid })
}

// alike says what must be the same in reports that are compared.
func alike(r *Report) string {
	names := make([]string, 0, len(r.Profiles))
	for _, p := range r.Profiles {
		names = append(names, p.Profile.Name)
	}
	return fmt.Sprintf("%s, %s, %s, %d pairs, think %g s", r.Setup.Scenario, r.Setup.Protocol, strings.Join(names, "+"), r.Setup.Pairs, r.Setup.Think)
}

func values(reports []*Report, value func(r *Report) (float64, bool)) []float64 {
	var out []float64
	for _, r := range reports {
		if v, ok := value(r); ok {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

func middle(sorted []float64) float64 { return sorted[len(sorted)/2] }
func most(sorted []float64) float64   { return sorted[len(sorted)-1] }

// judge sets the tendency; more is what growth means, and least what it must be
// to tell.
func (c *Change) judge(least float64, more Tendency) {
	a, b := middle(c.Before), middle(c.After)
	less := Better
	if more == Better {
		less = Worse
	}
	grows := b > a*(1+tellsShare) && b > a+least
	shrinks := a > b*(1+tellsShare) && a > b+least
	switch {
	case grows && c.After[0] > most(c.Before):
		c.Tendency = more
	case shrinks && most(c.After) < c.Before[0]:
		c.Tendency = less
	case grows, shrinks:
		c.Tendency = Noise
	}
}

// WriteChanges writes changes as a table, each side as its middle run and, of
// several, the extremes.
func WriteChanges(w io.Writer, changes []Change) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "\tbefore\tafter\tchange\t") // Flush tells
	single := false
	for _, c := range changes {
		change := "–"
		if a := middle(c.Before); a > 0 {
			change = fmt.Sprintf("%+.0f %%", (middle(c.After)/a-1)*100)
		}
		single = single || len(c.Before) == 1 || len(c.After) == 1
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", c.Name, c.side(c.Before), c.side(c.After), change, c.Tendency)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if single {
		_, err := io.WriteString(w, "\nOne run does not tell a change from noise: give several of each side.\n")
		return err
	}
	return nil
}

func (c *Change) side(values []float64) string {
	write := func(v float64) string {
		if c.Unit == "ms" {
			return ms1(v)
		}
		return fmt.Sprintf("%g%s", v, c.Unit)
	}
	if len(values) == 1 {
		return write(values[0])
	}
	return fmt.Sprintf("%s (%s to %s)", write(middle(values)), write(values[0]), write(most(values)))
}
