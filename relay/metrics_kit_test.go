package relay_test

import (
	"bytes"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// metric returns a counter or gauge, or how often a histogram observed; the
// label value is "" for a metric without labels. A missing one fails the test.
func (w *world) metric(name, label string) float64 {
	w.t.Helper()
	for _, m := range w.family(name).GetMetric() {
		if len(m.GetLabel()) == 0 && label == "" || len(m.GetLabel()) == 1 && m.GetLabel()[0].GetValue() == label {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	w.t.Fatalf("there is no %s{%q}", name, label)
	return 0
}

func (w *world) family(name string) *dto.MetricFamily {
	w.t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f
		}
	}
	w.t.Fatalf("there is no %s", name)
	return nil
}

// metricsText returns all metrics as they are scraped.
func (w *world) metricsText() string {
	w.t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	var text bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			w.t.Fatal(err)
		}
	}
	return text.String()
}
