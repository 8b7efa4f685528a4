package loadtest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sotto/loadtest/ledger"
)

func judged(t *testing.T, targets Targets, fill func(m *measures)) map[string]SLO {
	t.Helper()
	m := newMeasures()
	fill(m)
	r := &run{cfg: Config{Targets: &targets}}
	slos := make(map[string]SLO)
	for _, s := range r.judge(Profile{Name: "x"}, m, new(Report)) {
		slos[s.Name] = s
	}
	return slos
}

// fills records values from 1 ms up, one a millisecond.
func fills(h *histogram, n int) {
	for i := range n {
		h.record(time.Duration(i+1) * ms)
	}
}

func TestQuantilesNeedSamples(t *testing.T) {
	targets := Targets{HotP50: 51 * ms, HotP95: 100 * ms, HotP99: 100 * ms, ColdP95: time.Second}
	for name, c := range map[string]struct {
		samples       int
		p50, p95, p99 State
	}{
		"none":              {0, TooFew, TooFew, TooFew},
		"too few for p95":   {19, TooFew, TooFew, TooFew},
		"enough for p95":    {20, Met, Met, TooFew},
		"one short for p99": {99, Met, Met, TooFew},
		"as slow by chance": {105, Met, Met, Met},
		"just too slow":     {106, Met, Met, Missed},
		"slow":              {120, Met, Missed, Missed},
		"slow in all":       {150, Missed, Missed, Missed},
	} {
		t.Run(name, func(t *testing.T) {
			slos := judged(t, targets, func(m *measures) { fills(m.hot, c.samples) })
			if a, b, d := slos["hot p50"].State, slos["hot p95"].State, slos["hot p99"].State; a != c.p50 || b != c.p95 || d != c.p99 {
				t.Errorf("p50 %s, p95 %s, p99 %s; want %s, %s, %s", a, b, d, c.p50, c.p95, c.p99)
			}
			if slos["cold p95"].State != TooFew {
				t.Errorf("cold p95 without a sample is %s", slos["cold p95"].State)
			}
			if _, ok := slos["join p95"]; ok {
				t.Error("a bound of zero is judged")
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *Report)
		broken error
		want   Verdict
		reason string
	}{
		"fine":         {func(*Report) {}, nil, Passed, ""},
		"some too few": {func(r *Report) { r.SLOs = []SLO{{State: TooFew}, {State: Met}} }, nil, Passed, ""},
		"all too few":  {func(r *Report) { r.SLOs = []SLO{{State: TooFew}} }, nil, Invalid, "no bound"},
		"silence": {func(r *Report) {
			r.SLOs, r.Ledger.Delivered, r.Setup.Scenario = []SLO{{State: TooFew}}, 0, ScenarioIdle
		}, nil, Passed, ""},
		"slow":          {func(r *Report) { r.SLOs = []SLO{{Name: "hot p50", State: Missed}} }, nil, Failed, "hot p50"},
		"lost":          {func(r *Report) { r.Ledger.Counts[ledger.Lost] = 2 }, nil, Failed, "2 lost"},
		"stranger":      {func(r *Report) { r.Intruded = 1 }, nil, Failed, "strangers"},
		"late":          {func(r *Report) { r.Health.LagP99 = 5.1 }, nil, Invalid, "schedule lag"},
		"not late":      {func(r *Report) { r.Health.LagP99 = 5 }, nil, Passed, ""},
		"busy":          {func(r *Report) { r.Health.CPUPercent = 86 }, nil, Invalid, "86 %"},
		"files":         {func(r *Report) { r.Errors = map[string]int{causeFiles: 1} }, nil, Invalid, "file limit"},
		"ports":         {func(r *Report) { r.Errors = map[string]int{causeAddresses: 1} }, nil, Invalid, "local ports"},
		"limited":       {func(r *Report) { r.Errors = map[string]int{causeLimited: 1} }, nil, Invalid, "limits"},
		"nothing":       {func(r *Report) { r.Ledger.Delivered = 0 }, nil, Invalid, "no message"},
		"broken":        {func(*Report) {}, errors.New("no restart"), Invalid, "no restart"},
		"late and lost": {func(r *Report) { r.Health.LagP99 = 9; r.Ledger.Counts[ledger.Lost] = 1 }, nil, Failed, "1 lost"},
		"late and slow": {func(r *Report) { r.Health.LagP99 = 9; r.SLOs = []SLO{{State: Missed}} }, nil, Invalid, "schedule lag"},
		"late and refused": {func(r *Report) {
			r.Health.LagP99 = 9
			r.Service.Refused = map[string]int{"HTTP 503": 3}
		}, nil, Failed, "3 times: HTTP 503"},
		"late and absent": {func(r *Report) { r.Health.LagP99 = 9; r.Service.Absent = 1 }, nil, Invalid, "1 of 0 phones"},
		"absent":          {func(r *Report) { r.Service.Absent = 1; r.Ledger.Delivered = 0 }, nil, Failed, "1 of 0 phones"},
		"unanswered":      {func(r *Report) { r.Service.Unanswered = 1 }, nil, Failed, "1 messages were not answered"},
		"stalled":         {func(r *Report) { r.Service.Stalled = 1 }, nil, Failed, "1 conversations stalled"},
		"room gone":       {func(r *Report) { r.Ended = 1 }, nil, Failed, "1 rooms were gone"},
		"room ended":      {func(r *Report) { r.Ended, r.Setup.Scenario = 1, ScenarioChurn }, nil, Passed, ""},
		"quick redial":    {func(r *Report) { r.Storm = &Storm{}; r.Costs.QuickestRedial = 900 }, nil, Failed, "sooner than a second"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Report{Ledger: ledger.New().Totals()}
			r.Ledger.Delivered = 1
			c.change(r)
			r.conclude(c.broken)
			if r.Verdict != c.want || !strings.Contains(strings.Join(r.Reasons, "\n"), c.reason) || (c.reason == "") != (len(r.Reasons) == 0) {
				t.Errorf("%s because %q, want %s because of %q", r.Verdict, r.Reasons, c.want, c.reason)
			}
		})
	}
}

func TestStormIsJudgedOnce(t *testing.T) {
	bound := Targets{StormBack: 30 * time.Second}
	for name, c := range map[string]struct {
		storm Storm
		want  State
	}{
		"back":     {Storm{Phones: 10, AllBack: 29_000}, Met},
		"late":     {Storm{Phones: 10, AllBack: 31_000}, Missed},
		"one less": {Storm{Phones: 10, Missing: 1}, Missed},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := Profile{Name: "a"}, Profile{Name: "b"}
			r := &run{cfg: Config{Targets: &bound}, shares: []Share{{Profile: a}, {Profile: b}}}
			out := &Report{Storm: &c.storm}
			slos := append(r.judge(a, newMeasures(), out), r.judge(b, newMeasures(), out)...)
			if len(slos) != 1 || slos[0].State != c.want {
				t.Errorf("judged %+v, want one %s", slos, c.want)
			}
		})
	}
}
