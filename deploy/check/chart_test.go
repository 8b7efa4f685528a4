package check

import (
	"io"
	"log"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// values are those of a release, beside the chart's own.
type values = map[string]any

// render does what `helm template` does, and returns the chart's documents.
func render(t *testing.T, v values) (map[string]string, error) {
	t.Helper()
	log.SetOutput(io.Discard) // helm tells of symbolic links
	c, err := loader.LoadDir("../kubernetes/chart")
	if err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.ToRenderValues(c, v, chartutil.ReleaseOptions{Name: "sotto", Namespace: "sotto"}, nil)
	if err != nil {
		return nil, err // it keeps to the schema
	}
	return engine.Render(c, all)
}

// The schema refuses what the chart does not know.
func TestChart_Schema(t *testing.T) {
	for name, v := range map[string]values{
		"no relay":        {"relays": 0},
		"a word":          {"relays": "three"},
		"a slip":          {"relay": 3},
		"no such setting": {"settings": values{"create-rate": "4"}},
		"a number":        {"settings": values{"CREATE_RATE": 4}},
		"a tag as digest": {"image": values{"digest": "v1.2.3"}},
		"too small":       {"memoryMiB": 64},
	} {
		if _, err := render(t, v); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := render(t, values{"settings": values{"CREATE_RATE": "40"}}); err != nil {
		t.Error(err)
	}
}
