package check

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// exported is what can be asked for: of each metric the values of its labels,
// which are closed sets in a relay.
type exported map[string]map[string]map[string]bool

var (
	series  = regexp.MustCompile(`\b((?:sotto|go)[_:][a-z0-9_:]+|up)\b(?:\{([^}]*)\})?`)
	matcher = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"([^"]*)"`)
	labels  = regexp.MustCompile(`\b(?:by|on|without|ignoring) \(([^)]*)\)`)
)

// scrape reads what the relay's program exports, and what Prometheus adds.
func scrape(t *testing.T) exported {
	t.Helper()
	res, err := http.Get(relay + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	e := make(exported)
	e.add("up", "")
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if m := series.FindStringSubmatch(lines.Text()); m != nil && !strings.HasPrefix(lines.Text(), "#") {
			e.add(m[1], m[2])
		}
	}
	if len(e) < 40 || len(e["sotto_joins_total"]["result"]) < 5 {
		t.Fatalf("hardly anything is exported: %v, %d metrics", lines.Err(), len(e))
	}
	for _, r := range rules(t) {
		if r.Record != "" {
			e.add(r.Record, "")
		}
	}
	return e
}

func (e exported) add(name, set string) {
	if e[name] == nil {
		e[name] = map[string]map[string]bool{"instance": nil, "job": {"sotto": true}}
	}
	for _, l := range matcher.FindAllStringSubmatch(set, -1) {
		if e[name][l[1]] == nil {
			e[name][l[1]] = make(map[string]bool)
		}
		e[name][l[1]][l[2]] = true
	}
}

// faults returns what an expression asks for that there is not: metrics, their
// labels, values of these, and labels to group by that none of its metrics has.
func (e exported) faults(expr string) (faults []string) {
	have := make(map[string]bool)
	found := series.FindAllStringSubmatch(expr, -1)
	for _, m := range found {
		name, set := m[1], m[2]
		if e[name] == nil {
			faults = append(faults, "there is no metric "+name)
		}
		for label := range e[name] {
			have[label] = true
		}
		for _, l := range matcher.FindAllStringSubmatch(set, -1) {
			values, ok := e[name][l[1]]
			if !ok {
				faults = append(faults, fmt.Sprintf("%s has no label %s", name, l[1]))
			}
			for value := range strings.SplitSeq(l[2], "|") {
				if values != nil && !values[value] {
					faults = append(faults, fmt.Sprintf("%s is never %s of %s", value, l[1], name))
				}
			}
		}
	}
	for _, m := range labels.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(m[1], ",") {
			if label = strings.TrimSpace(label); !have[label] {
				faults = append(faults, "there is no label "+label)
			}
		}
	}
	if len(found) == 0 {
		faults = append(faults, "it asks for nothing")
	}
	return faults
}

// The rules and the dashboard ask for nothing that the relay does not export,
// in what Prometheus takes for expressions.
func TestExpressionsAskForWhatThereIs(t *testing.T) {
	e := scrape(t)
	var all strings.Builder
	all.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for _, expr := range expressions(t) {
		fmt.Fprintf(&all, "  - record: a:b\n    expr: %q\n", expr)
		for _, fault := range e.faults(expr) {
			t.Errorf("%s: %s", expr, fault)
		}
	}
	for _, r := range rules(t) {
		for _, fault := range e.faults(r.Expr) {
			t.Errorf("%s: %s", r.Record+r.Alert, fault)
		}
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(all.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("promtool", "check", "rules", "--lint=none", file).CombinedOutput(); err != nil {
		t.Errorf("promtool check rules: %v: %s", err, out)
	}
}
