package check

import (
	"encoding/json"
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

// Prometheus takes its configuration and rules, and each alert comes when it
// should and not before: rules-test.yml has them all.
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
	cases := string(read(t, "prometheus/rules-test.yml"))
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if !strings.Contains(cases, `{alertname="`+r.Alert+`"`) {
			t.Errorf("nothing shows when %s comes", r.Alert)
		}
		if len(r.Annotations["summary"]) < 20 || r.Labels["severity"] != "warning" && r.Labels["severity"] != "critical" {
			t.Errorf("%s has no summary or no severity", r.Alert)
		}
	}
}

// expressions returns what the dashboard asks for, with what Grafana puts in.
func expressions(t *testing.T) (all []string) {
	t.Helper()
	type target struct {
		Expr string `json:"expr"`
	}
	var d struct {
		Panels []struct {
			Targets []target `json:"targets"`
		} `json:"panels"`
		Annotations struct {
			List []target `json:"list"`
		} `json:"annotations"`
	}
	if err := json.Unmarshal(read(t, "grafana/dashboard.json"), &d); err != nil {
		t.Fatal(err)
	}
	targets := d.Annotations.List
	for _, p := range d.Panels {
		targets = append(targets, p.Targets...)
	}
	for _, target := range targets {
		expr := strings.NewReplacer("$__rate_interval", "1m", `,instance=~"$relay"`, "", `instance=~"$relay",`, "", `instance=~"$relay"`, "").Replace(target.Expr)
		if strings.Contains(expr, "$") {
			t.Errorf("%s: an unknown variable", expr)
		}
		all = append(all, expr)
	}
	if len(all) < 20 {
		t.Fatalf("only %d expressions were read: the test is broken", len(all))
	}
	return all
}
