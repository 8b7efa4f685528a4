package loadtest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func reportWith(d Distribution) *Report {
	return &Report{Profiles: []OnProfile{{Profile: Profile{Name: "edge"}, Hot: d}}}
}

func TestCompare(t *testing.T) {
	before := reportWith(Distribution{Count: 100, P50: 100, P95: 200, P99: 10})
	after := reportWith(Distribution{Count: 100, P50: 109, P95: 221, P99: 12})
	changes, err := Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteChanges(&b, changes); err != nil {
		t.Fatal(err)
	}
	var worse []string
	for _, c := range changes {
		if c.Worse {
			worse = append(worse, c.Name)
		}
	}
	// p50 grew by 9 % and p99 by 2 ms only.
	if len(changes) != 3 || strings.Join(worse, ",") != "edge hot p95" || !strings.Contains(b.String(), "+10 %") {
		t.Errorf("worse are %v of\n%s", worse, b.String())
	}
	// Fewer samples say less.
	if changes, _ = Compare(before, reportWith(Distribution{Count: 99, P99: 1000})); len(changes) != 2 {
		t.Errorf("with 99 samples there are %v", changes)
	}
	if _, err := Compare(before, reportWith(Distribution{Count: 3})); !errors.Is(err, ErrConfig) {
		t.Errorf("nothing to compare: %v", err)
	}
	other := reportWith(Distribution{Count: 100})
	other.Setup.Scenario = ScenarioStorm
	if _, err := Compare(before, other); !errors.Is(err, ErrConfig) {
		t.Errorf("another scenario: %v", err)
	}
}
