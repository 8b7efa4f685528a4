package scenario

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"sotto/loadtest"
)

// The example in the package's documentation is read, and means what it says.
func TestReadsTheExample(t *testing.T) {
	source, err := os.ReadFile("scenario.go")
	if err != nil {
		t.Fatal(err)
	}
	var example strings.Builder
	for line := range strings.Lines(string(source)) {
		if text, ok := strings.CutPrefix(line, "//\t"); ok {
			example.WriteString(text)
		}
	}
	c, err := Read(strings.NewReader(example.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Mix) != 2 || c.Mix[0].Profile.Name != "edge" || c.Mix[0].Percent != 40 || c.Mix[1].Percent != 60 {
		t.Errorf("the mix is %+v", c.Mix)
	}
	c.Mix = nil
	want := loadtest.Config{
		Scenario: loadtest.ScenarioFaults, Protocol: loadtest.ProtocolSotto2, Seed: 7,
		Stages: []loadtest.Stage{{Duration: 30 * time.Second, Arrivals: 4}, {Duration: 2 * time.Minute, Think: 10 * time.Second}},
		Think:  3 * time.Second, Freeze: 10 * time.Second,
		Sizes:  []loadtest.Size{{Bytes: 140, Percent: 95}, {Bytes: 3000, Percent: 5}},
		Faults: map[string]int{"blackout": 3, "frozen tab": 1}, FaultEvery: 20 * time.Second,
		Limits: loadtest.Limits{Failures: 5, Messages: 2}, Targets: &loadtest.Targets{loadtest.HotP95: 1500 * time.Millisecond},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("read\n%+v, want\n%+v", c, want)
	}
}

func TestReadIsStrict(t *testing.T) {
	for text, fault := range map[string]string{
		"stages: [{for: 1s, rate: 3}]":        "field rate not found",
		"pairs: 3":                            "field pairs not found",
		"seed: 1\nseed: 2":                    `"seed" already defined`,
		"think: soon":                         "cannot unmarshal",
		"mix: {5g: 100}":                      `no profile "5g"`,
		"mix: {mix: 100}":                     `cannot have "mix"`,
		"bounds: {latency: {hot: 1}}":         `unknown field "hot"`,
		"bounds: {latency: {hot_p50_ms: -1}}": "not a number of milliseconds",
		"seed: 1\n---\nseed: 2":               "second document",
		"":                                    "EOF",
		"[":                                   "yaml",
	} {
		if _, err := Read(strings.NewReader(text), nil); !errors.Is(err, loadtest.ErrConfig) || !strings.Contains(err.Error(), fault) {
			t.Errorf("%q: error is %v, want ErrConfig with %q", text, err, fault)
		}
	}
}
