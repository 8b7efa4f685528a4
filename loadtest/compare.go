package loadtest

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Change is a quantile in two reports.
type Change struct {
	Name          string
	Before, After float64 // milliseconds
	// Worse: it grew by more than a tenth and by more than 5 ms, and both
	// reports have enough samples to say so.
	Worse bool
}

// Growth that counts as worse.
const (
	worseShare  = 1.1
	worseMillis = 5
)

// Compare returns the changes from one report to another, profile by profile.
// Reports of different scenarios compare badly, so that is an error, which wraps
// ErrConfig.
func Compare(before, after *Report) ([]Change, error) {
	if before.Setup.Scenario != after.Setup.Scenario {
		return nil, fmt.Errorf("%w: one report is of scenario %s, the other of %s", ErrConfig, before.Setup.Scenario, after.Setup.Scenario)
	}
	var changes []Change
	for _, a := range before.Profiles {
		for _, b := range after.Profiles {
			if a.Profile.Name != b.Profile.Name {
				continue
			}
			rows := b.rows()
			for i, row := range a.rows() {
				if row.name == "disturbed" { // as the faults were
					continue
				}
				changes = append(changes, compared(a.Profile.Name+" "+row.name, row.d, rows[i].d)...)
			}
		}
	}
	if len(changes) == 0 {
		return nil, fmt.Errorf("%w: the reports have no profile with enough samples in common", ErrConfig)
	}
	return changes, nil
}

func compared(name string, a, b Distribution) []Change {
	var changes []Change
	for _, q := range []struct {
		name   string
		enough int64
		a, b   float64
	}{
		{"p50", enoughP95, a.P50, b.P50}, {"p95", enoughP95, a.P95, b.P95}, {"p99", enoughP99, a.P99, b.P99},
	} {
		if a.Count >= q.enough && b.Count >= q.enough {
			changes = append(changes, Change{
				Name: name + " " + q.name, Before: q.a, After: q.b,
				Worse: q.b > q.a*worseShare && q.b > q.a+worseMillis,
			})
		}
	}
	return changes
}

// WriteChanges writes changes as a table.
func WriteChanges(w io.Writer, changes []Change) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "\tbefore\tafter\tchange\t") // Flush tells
	for _, c := range changes {
		change, worse := "–", ""
		if c.Before > 0 {
			change = fmt.Sprintf("%+.0f %%", (c.After/c.Before-1)*100)
		}
		if c.Worse {
			worse = "worse"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", c.Name, ms1(c.Before), ms1(c.After), change, worse)
	}
	return t.Flush()
}
