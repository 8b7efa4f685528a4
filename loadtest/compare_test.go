package loadtest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"sotto/loadtest/ledger"
)

// took is a run in which messages took so long.
func took(p50, p95 float64) *Report {
	return &Report{
		Verdict: Passed, Seconds: 10, Ledger: ledger.Totals{Delivered: 100, Counts: map[ledger.Kind]int{}},
		Profiles: []OnProfile{{Profile: Profile{Name: "edge"}, Hot: Distribution{Count: 50, P50: p50, P95: p95, P99: p95}}},
	}
}

func with(r *Report, change func(r *Report)) *Report {
	change(r)
	return r
}

func TestCompare(t *testing.T) {
	lost := func(r *Report) { r.Verdict, r.Ledger.Counts[ledger.Lost] = Failed, 1 }
	for name, c := range map[string]struct {
		before, after []*Report
		want          string // names with tendencies
	}{
		"the same":        {[]*Report{took(100, 200)}, []*Report{took(100, 200)}, ""},
		"by little":       {[]*Report{took(100, 20)}, []*Report{took(109, 24)}, ""},
		"slower":          {[]*Report{took(100, 200)}, []*Report{took(109, 221)}, "edge hot p95 worse"},
		"quicker":         {[]*Report{took(100, 221)}, []*Report{took(100, 200)}, "edge hot p95 better"},
		"noise":           {[]*Report{took(100, 200), took(100, 230), took(100, 200)}, []*Report{took(100, 221), took(100, 230), took(100, 225)}, "edge hot p95 noise"},
		"beyond noise":    {[]*Report{took(100, 200), took(100, 220)}, []*Report{took(100, 270), took(100, 250)}, "edge hot p95 worse"},
		"invalid are out": {[]*Report{took(1, 2), with(took(900, 900), func(r *Report) { r.Verdict = Invalid })}, []*Report{took(1, 2)}, ""},
		"one of two lost": {[]*Report{took(1, 2), took(1, 2)}, []*Report{took(1, 2), with(took(1, 2), lost)}, "runs failed worse, ledger worse"},
		"both lost":       {[]*Report{with(took(1, 2), lost)}, []*Report{with(took(1, 2), lost)}, ""},
		"not any more":    {[]*Report{with(took(1, 2), lost)}, []*Report{took(1, 2)}, "runs failed better, ledger better"},
		"refused": {[]*Report{took(1, 2)}, []*Report{with(took(1, 2), func(r *Report) {
			r.Service.Refused = map[string]int{"HTTP 503": 2}
		})}, "not served worse"},
		"fewer messages": {[]*Report{took(1, 2)}, []*Report{with(took(1, 2), func(r *Report) { r.Ledger.Delivered = 80 })}, "messages worse"},
	} {
		t.Run(name, func(t *testing.T) {
			changes, err := Compare(c.before, c.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, change := range changes {
				if change.Tendency != Same {
					got = append(got, change.Name+" "+string(change.Tendency))
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			var b bytes.Buffer
			if err := WriteChanges(&b, changes); err != nil {
				t.Fatal(err)
			}
			if single := len(c.before) == 1 || len(c.after) == 1; strings.Contains(b.String(), "One run") != single {
				t.Errorf("the table is\n%s", b.String())
			}
		})
	}
}

func TestCompareRefuses(t *testing.T) {
	fine := []*Report{took(1, 2)}
	for name, other := range map[string]*Report{
		"invalid":          with(took(1, 2), func(r *Report) { r.Verdict = Invalid }),
		"another scenario": with(took(1, 2), func(r *Report) { r.Setup.Scenario = ScenarioStorm }),
		"another protocol": with(took(1, 2), func(r *Report) { r.Setup.Protocol = ProtocolStd1 }),
		"another network":  with(took(1, 2), func(r *Report) { r.Profiles[0].Profile.Name = "bus" }),
	} {
		if _, err := Compare(fine, []*Report{other}); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	few := took(1, 2)
	few.Profiles[0].Hot.Count = 3
	if changes, err := Compare(fine, []*Report{few}); err != nil || len(changes) != 4 {
		t.Errorf("with few samples: %d changes, %v", len(changes), err)
	}
}
