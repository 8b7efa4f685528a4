package relay_test

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// metric returns a value once the relay has done all there is to do at this
// instant. See metricOf.
func (w *world) metric(name, label string) float64 {
	w.t.Helper()
	synctest.Wait()
	return metricOf(w.t, w.registry, name, label)
}

// metricOf returns a counter or gauge, or how often a histogram observed; the
// label value is "" for a metric without labels. A missing one fails the test.
func metricOf(t testing.TB, reg prometheus.Gatherer, name, label string) float64 {
	t.Helper()
	for _, f := range gather(t, reg) {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if len(m.GetLabel()) == 0 && label == "" || len(m.GetLabel()) == 1 && m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	t.Fatalf("there is no %s{%q}", name, label)
	return 0
}

func gather(t testing.TB, reg prometheus.Gatherer) []*dto.MetricFamily {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// metricsText returns all metrics as they are scraped.
func metricsText(t testing.TB, reg prometheus.Gatherer) string {
	t.Helper()
	var text bytes.Buffer
	for _, f := range gather(t, reg) {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}
