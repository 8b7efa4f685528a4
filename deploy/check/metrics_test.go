package check

import (
	"bufio"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// known is what can be asked for: the label sets of each metric.
type known map[string][]map[string]string

var (
	sample = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? \S+$`)
	pair   = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)
)

// exported returns what the relay's program exports, as Prometheus stores it.
func exported(t *testing.T) known {
	t.Helper()
	res, err := http.Get(relay + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	k := make(known)
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		m := sample.FindStringSubmatch(lines.Text())
		if m == nil {
			t.Fatalf("not a sample: %q", lines.Text())
		}
		set := map[string]string{"job": "sotto", "instance": "a"}
		for _, l := range pair.FindAllStringSubmatch(m[2], -1) {
			set[l[1]] = l[2]
		}
		k[m[1]] = append(k[m[1]], set)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(k["sotto_deliver_seconds_bucket"]) < 10 || len(k["sotto_joins_total"]) < 10 {
		t.Fatal("hardly anything is exported: the test is broken")
	}
	k["up"] = []map[string]string{{"job": "sotto", "instance": "a"}}
	return k
}

func parse(text string) (parser.Expr, error) {
	return parser.NewParser(parser.Options{}).ParseExpr(text)
}

// expression reports what an expression asks for that there is not: metrics,
// labels and, since the relay's label sets are closed, label values. It
// returns the labels of the result.
func (k known) expression(t *testing.T, where, text string) map[string]bool {
	t.Helper()
	expr, err := parse(text)
	if err != nil {
		t.Errorf("%s: %s: %v", where, text, err)
		return nil
	}
	return k.walk(func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: %s: "+format, append([]any{where, text}, args...)...)
	}, expr)
}

func (k known) walk(fault func(string, ...any), node parser.Node) map[string]bool {
	have := make(map[string]bool)
	for child := range parser.ChildrenIter(node) {
		maps.Copy(have, k.walk(fault, child))
	}
	switch n := node.(type) {
	case *parser.VectorSelector:
		return k.selector(fault, n)
	case *parser.AggregateExpr:
		if n.Without {
			for _, l := range n.Grouping {
				delete(have, l)
			}
			return have
		}
		left := make(map[string]bool)
		for _, l := range n.Grouping {
			if left[l] = true; !have[l] {
				fault("there is no label %s to group by", l)
			}
		}
		return left
	case *parser.BinaryExpr:
		if m := n.VectorMatching; m != nil && m.On {
			for _, l := range m.MatchingLabels {
				if !have[l] {
					fault("there is no label %s to match on", l)
				}
			}
		}
	case *parser.Call:
		if n.Func.Name == "histogram_quantile" && !have["le"] {
			fault("a quantile of what has no le")
		}
		if n.Func.Name == "histogram_quantile" {
			delete(have, "le")
		}
	}
	return have
}

func (k known) selector(fault func(string, ...any), n *parser.VectorSelector) map[string]bool {
	sets, ok := k[n.Name]
	if !ok {
		fault("there is no metric %s", n.Name)
	}
	have := make(map[string]bool)
	matched := false
	for _, set := range sets {
		all := true
		for name, value := range set {
			have[name] = true
			for _, m := range n.LabelMatchers {
				if m.Name == name && !m.Matches(value) {
					all = false
				}
			}
		}
		matched = matched || all
	}
	for _, m := range n.LabelMatchers {
		if m.Name != model.MetricNameLabel && !have[m.Name] {
			fault("%s has no label %s", n.Name, m.Name)
		}
		k.values(fault, n.Name, sets, m)
	}
	if ok && !matched {
		fault("no %s has these labels", n.Name)
	}
	return have
}

// values reports a value that is asked for by name, or among several, and that
// the label never has.
func (k known) values(fault func(string, ...any), metric string, sets []map[string]string, m *labels.Matcher) {
	if m.Name == model.MetricNameLabel || m.Name == "instance" {
		return
	}
	for value := range strings.SplitSeq(m.Value, "|") {
		there := false
		for _, set := range sets {
			there = there || set[m.Name] == value
		}
		if !there {
			fault("%s is never %s of %s", value, m.Name, metric)
		}
	}
}
