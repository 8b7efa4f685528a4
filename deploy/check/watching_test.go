package check

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

type ruleFile struct {
	Groups []struct {
		Name  string `json:"name"`
		Rules []rule `json:"rules"`
	} `json:"groups"`
}

type rule struct {
	Record      string            `json:"record"`
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func rules(t *testing.T) (all []rule) {
	t.Helper()
	var f ruleFile
	if err := yaml.UnmarshalStrict(read(t, "prometheus/rules.yml"), &f); err != nil {
		t.Fatal(err)
	}
	for _, g := range f.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 20 {
		t.Fatalf("only %d rules were read: the test is broken", len(all))
	}
	return all
}

// askable is what the relay exports and what the rules make of it. Rules that
// ask for what there is not are reported.
func askable(t *testing.T) known {
	t.Helper()
	k := exported(t)
	for _, r := range rules(t) {
		have := k.expression(t, r.Record+r.Alert, r.Expr)
		if r.Record == "" {
			continue
		}
		set := make(map[string]string)
		for name := range have {
			set[name] = "a"
		}
		if set["job"] != "" {
			set["job"] = "sotto"
		}
		k[r.Record] = []map[string]string{set}
	}
	return k
}

// The rules ask for nothing that the relay does not export.
func TestRulesAskForWhatThereIs(t *testing.T) { askable(t) }

// Prometheus takes its configuration and rules, and each alert comes when it
// should and not before: rules-test.yml has the cases.
func TestPromtool(t *testing.T) {
	for _, args := range [][]string{
		{"check", "config", "prometheus.yml"},
		{"check", "rules", "--lint-fatal", "rules.yml"},
		{"test", "rules", "rules-test.yml"},
	} {
		tool := exec.Command("promtool", args...)
		tool.Dir = "../prometheus"
		if out, err := tool.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
}

// Every alert says what happened and has a case for its silence and one for
// its voice.
func TestEveryAlertHasItsCase(t *testing.T) {
	var cases struct {
		Tests []struct {
			Alerts []struct {
				Name     string `json:"alertname"`
				Expected []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	if err := yaml.Unmarshal(read(t, "prometheus/rules-test.yml"), &cases); err != nil {
		t.Fatal(err)
	}
	silent, heard := make(map[string]bool), make(map[string]bool)
	for _, c := range cases.Tests {
		for _, a := range c.Alerts {
			silent[a.Name] = silent[a.Name] || len(a.Expected) == 0
			heard[a.Name] = heard[a.Name] || len(a.Expected) > 0
		}
	}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if !silent[r.Alert] || !heard[r.Alert] {
			t.Errorf("%s: a case without it: %v, one with it: %v", r.Alert, silent[r.Alert], heard[r.Alert])
		}
		if len(r.Annotations["summary"]) < 20 || r.Labels["severity"] != "warning" && r.Labels["severity"] != "critical" {
			t.Errorf("%s has no summary or no severity", r.Alert)
		}
	}
}

// dashboard is what matters here of Grafana's format.
type dashboard struct {
	Panels []struct {
		ID      int    `json:"id"`
		Type    string `json:"type"`
		Title   string `json:"title"`
		GridPos struct{ X, Y, W, H int }
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
	Annotations struct {
		List []struct {
			Expr string `json:"expr"`
		} `json:"list"`
	} `json:"annotations"`
	Templating struct {
		List []struct {
			Name string `json:"name"`
		} `json:"list"`
	} `json:"templating"`
}

// The dashboard asks for nothing that the relay does not export, and its
// panels have places of their own.
func TestDashboardAsksForWhatThereIs(t *testing.T) {
	var d dashboard
	if err := json.Unmarshal(read(t, "grafana/dashboard.json"), &d); err != nil {
		t.Fatal(err)
	}
	k := askable(t)
	// What Grafana puts in.
	replacer := strings.NewReplacer("$__rate_interval", "1m", "$relay", ".*")
	ask := func(where, expr string) {
		if expr = replacer.Replace(expr); strings.Contains(expr, "$") {
			t.Errorf("%s: %s: an unknown variable", where, expr)
		}
		k.expression(t, where, expr)
	}
	asked, places, ids := 0, make(map[string]string), make(map[int]bool)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			asked++
			ask(p.Title, target.Expr)
		}
		if p.Type != "row" && len(p.Targets) == 0 || p.Title == "" || ids[p.ID] {
			t.Errorf("panel %d, %q, shows nothing, or has the title or number of none or another", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				place := fmt.Sprint(x, ",", y)
				if other := places[place]; other != "" || x >= 24 {
					t.Fatalf("panel %q lies over %q or beyond the edge", p.Title, other)
				}
				places[place] = p.Title
			}
		}
	}
	for _, a := range d.Annotations.List {
		ask("annotation", a.Expr)
	}
	if asked < 20 {
		t.Errorf("only %d expressions were read: the test is broken", asked)
	}
}

// What the test of expressions is worth: it finds each of these.
func TestExpressionsThatAskForTooMuch(t *testing.T) {
	k := exported(t)
	for _, expr := range []string{
		`sotto_room`,
		`rate(sotto_joins[5m])`,
		`sotto_deliver_seconds`,
		`sotto_joins_total{outcome="created"}`,
		`sotto_joins_total{result="made"}`,
		`sotto_rate_limited_total{limit=~"conns|room"}`,
		`sotto_sandbox{measure!="memory"}`,
		`sum by (code) (sotto_joins_total)`,
		`sum by (le) (rate(sotto_rooms_started_total[5m]))`,
		`histogram_quantile(0.9, sum by (instance) (rate(sotto_deliver_seconds_bucket[5m])))`,
		`sotto_rooms / on (room) sotto_connections`,
		`sotto_rooms and on (instance) sotto_nothing`,
		`max_over_time((sum(sotto_nothing))[5m:1m])`,
		`sotto_rooms > `,
	} {
		found := false
		if parsed, err := parse(expr); err != nil {
			found = true
		} else {
			k.walk(func(string, ...any) { found = true }, parsed)
		}
		if !found {
			t.Errorf("%s was let through", expr)
		}
	}
}
