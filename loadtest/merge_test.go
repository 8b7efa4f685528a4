package loadtest

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"sotto/loadtest/ledger"
)

// told is a report as another process has written it.
func told(t *testing.T, each time.Duration, change func(*Report)) *Report {
	t.Helper()
	p := Profiles()[1]
	p.Targets = Targets{HotP99: 100 * ms}
	const samples = 60
	m := newMeasures()
	for range samples {
		m.hot.record(each)
	}
	r := &Report{
		Schema: 1, Started: time.Unix(1_700_000_000, 0), Setup: Setup{Scenario: ScenarioPair, Pairs: 5}, Seconds: 10,
		Profiles: []OnProfile{{Profile: p, Pairs: 5}},
		Ledger:   ledger.Totals{Delivered: samples, Counts: map[ledger.Kind]int{ledger.Lost: 0}},
		Errors:   map[string]int{"refused": 1}, Health: Health{LagP99: 1},
	}
	m.fill(&r.Profiles[0])
	if change != nil {
		change(r)
	}
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	back, err := ReadReport(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := back.WriteJSON(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("the report came back as another: %v", err)
	}
	return back
}

// What none of the reports could judge alone, all together can.
func TestMerge(t *testing.T) {
	quick, slow := told(t, 10*ms, nil), told(t, 200*ms, nil)
	for name, c := range map[string]struct {
		of      []*Report
		verdict Verdict
		state   State
		p50     float64
	}{
		"one has too few":    {[]*Report{quick}, Invalid, TooFew, 10},
		"two are enough":     {[]*Report{quick, quick}, Passed, Met, 10},
		"half of it slow":    {[]*Report{quick, slow}, Failed, Missed, 10},
		"most of it slow":    {[]*Report{slow, quick, slow}, Failed, Missed, 200},
		"one was broken":     {[]*Report{quick, told(t, 10*ms, func(r *Report) { r.Broken = "no relay" })}, Invalid, Met, 10},
		"one was late":       {[]*Report{quick, told(t, 10*ms, func(r *Report) { r.Health.LagP99 = 6 })}, Invalid, Met, 10},
		"one lost a message": {[]*Report{quick, told(t, 10*ms, func(r *Report) { r.Ledger.Counts[ledger.Lost] = 1 })}, Failed, Met, 10},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Merge(c.of)
			if err != nil {
				t.Fatal(err)
			}
			n := len(c.of)
			hot := r.Profiles[0].Hot
			if hot.Count != int64(60*n) || hot.P50 < c.p50 || hot.P50 > c.p50*1.001 || r.Profiles[0].Pairs != 5*n ||
				r.Setup.Pairs != 5*n || r.Ledger.Delivered != 60*n || r.Errors["refused"] != n {
				t.Errorf("%+v", r)
			}
			if r.Verdict != c.verdict || r.SLOs[0].State != c.state {
				t.Errorf("%s, %s, because %v; want %s, %s", r.Verdict, r.SLOs[0].State, r.Reasons, c.verdict, c.state)
			}
		})
	}
	other := told(t, 10*ms, func(r *Report) { r.Setup.Scenario = ScenarioChurn })
	bounds := told(t, 10*ms, func(r *Report) { r.Setup.Targets = &Targets{HotP50: ms} })
	network := told(t, 10*ms, func(r *Report) { r.Profiles[0].Profile.Link.RTT++ })
	spoilt := told(t, 10*ms, func(r *Report) { r.Profiles[0].Hot.HDR = "HISTFAAA" })
	fewer := told(t, 10*ms, func(r *Report) { r.Profiles[0].Hot.Count = 61 })
	for _, of := range [][]*Report{nil, {quick, other}, {quick, bounds}, {quick, network}, {spoilt}, {fewer}} {
		if _, err := Merge(of); !errors.Is(err, ErrConfig) {
			t.Errorf("merging %d that differ: %v", len(of), err)
		}
	}
}

// A report's files say what it says.
func TestExports(t *testing.T) {
	r := told(t, 10*ms, func(r *Report) {
		r.Profiles[0].Profile.Name = "a, b"
		r.Verdict, r.Reasons = Failed, []string{"<slow>"}
		r.SLOs = []SLO{
			{Profile: "x", Name: "hot p50", State: Met},
			{Profile: "x", Name: "hot p95", State: Missed},
			{Profile: "x", Name: "hot p99", State: TooFew},
		}
		r.Timeline = []Bucket{{At: 0, Count: 3}, {At: 1000, Count: 4}}
		r.Samples = []Sample{{At: 250, Joined: 1}, {At: 900, Joined: 2}, {At: 1500, Joined: 9}}
	})
	var hdr, table, junit bytes.Buffer
	for b, write := range map[*bytes.Buffer]func(io.Writer) error{&hdr: r.WriteHDR, &table: r.WriteCSV, &junit: r.WriteJUnit} {
		if err := write(b); err != nil {
			t.Fatal(err)
		}
	}
	h, err := hdrhistogram.NewHistogramLogReader(&hdr).NextIntervalHistogram()
	if err != nil || h.Tag() != "a__b/hot" || h.TotalCount() != 60 || h.Max() < 10_000 || h.Max() > 10_010 {
		t.Errorf("the log has %+v, %v", h, err)
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil || len(rows) != 3 || strings.Join(rows[1][:6], ",") != "0,3,0,0,0,2" || strings.Join(rows[2][:6], ",") != "1000,4,0,0,0,9" {
		t.Errorf("%q, %v", rows, err)
	}
	var s suite
	if err := xml.Unmarshal(junit.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	results := make(map[string]string)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			results[c.Name] = "failed"
		case c.Skipped != nil:
			results[c.Name] = "skipped"
		}
	}
	if want := map[string]string{"verdict": "failed", "hot p95": "failed", "hot p99": "skipped"}; !maps.Equal(results, want) ||
		s.Failures != 2 || s.Skipped != 1 || s.Tests != 4+len(ledger.Kinds()) {
		t.Errorf("%v in %+v", results, s)
	}
}

// A run with nothing in it has reports, too.
func TestEmptyReport(t *testing.T) {
	r := &Report{Profiles: []OnProfile{{Profile: Profiles()[0]}}, Samples: make([]Sample, 2), Timeline: make([]Bucket, 3)}
	for _, write := range []func(io.Writer) error{r.WriteText, r.WriteJSON, r.WriteHDR, r.WriteCSV, r.WriteJUnit} {
		var b bytes.Buffer
		if err := write(&b); err != nil || strings.Contains(b.String(), "NaN") {
			t.Errorf("%v:\n%s", err, b.String())
		}
	}
}
