package loadtest

import (
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"io"
	"time"
)

//go:embed report.html.tmpl
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"ms":     ms1,
	"figure": SLO.figure,
	"cells":  Profile.cells,
	"date":   func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
}).Parse(page))

// pageData is what the template is given.
type pageData struct {
	*Report
	Facts  []fact
	Charts []chart
}

// chart is a figure. Its SVG is made of numbers and of names escaped here.
type chart struct {
	Title, Text string
	Legend      []legend
	SVG         template.HTML
}

type legend struct {
	Class, Name string
}

// Rows are a profile's distributions that have samples, for the template.
func (p OnProfile) Rows() []NamedDistribution {
	var rows []NamedDistribution
	for _, r := range p.rows() {
		if r.d.Count > 0 {
			rows = append(rows, NamedDistribution{r.name, r.d})
		}
	}
	return rows
}

// NamedDistribution is a row of a table.
type NamedDistribution struct {
	Name string
	Distribution
}

// WriteHTML writes the report as one HTML file that needs no network and runs
// no script.
func (r *Report) WriteHTML(w io.Writer) error {
	return pageTemplate.Execute(w, pageData{Report: r, Facts: r.lines(), Charts: r.charts()})
}

// charts are the figures that this run has something to show in.
func (r *Report) charts() []chart {
	var charts []chart
	for _, p := range r.Profiles {
		if c, ok := curves(p); ok {
			charts = append(charts, c)
		}
	}
	if c, ok := r.timelineChart(); ok {
		charts = append(charts, c)
	}
	if len(r.Samples) > 1 {
		charts = append(charts, r.presenceChart())
		if r.Relay != nil {
			charts = append(charts, r.relayCharts()...)
		}
	}
	return charts
}

// curves shows a profile's latencies by percentile.
func curves(p OnProfile) (chart, bool) {
	c := chart{
		Title: "Delivery by percentile: " + p.Profile.Name,
		Text:  "From the planned send to the other phone. Each step to the right is ten times rarer.",
	}
	plot := newPlot()
	plot.xTicks = []tick{{0, "p50"}, {nines(90) - nines(50), "p90"}, {nines(99) - nines(50), "p99"}, {nines(99.9) - nines(50), "p99.9"}}
	plot.yUnit = millisLabel
	for _, s := range []struct {
		class, name string
		d           Distribution
	}{
		{"hot", "hot", p.Hot}, {"cold", "cold", p.Cold}, {"disturbed", "disturbed", p.Disturbed},
	} {
		var points []xy
		for _, pt := range s.d.Curve {
			if pt.Percent >= 50 && pt.Percent < 100 {
				points = append(points, xy{nines(pt.Percent) - nines(50), pt.Millis})
			}
		}
		if len(points) > 1 {
			plot.line(s.class, points)
			c.Legend = append(c.Legend, legend{s.class, fmt.Sprintf("%s (%d)", s.name, s.d.Count)})
		}
	}
	c.SVG = plot.svg()
	return c, len(c.Legend) > 0
}

// timelineChart shows deliveries over time, with faults shaded.
func (r *Report) timelineChart() (chart, bool) {
	var half, most []xy
	for _, b := range r.Timeline {
		if b.Count > 0 {
			half = append(half, xy{b.At / 1000, b.P50})
			most = append(most, xy{b.At / 1000, b.Max})
		}
	}
	if len(half) < 2 {
		return chart{}, false
	}
	plot := newPlot()
	plot.xUnit, plot.yUnit = secondsLabel, millisLabel
	for _, f := range r.Faults {
		plot.shade(f.From/1000, f.To/1000)
	}
	plot.line("cold", most)
	plot.line("hot", half)
	c := chart{
		Title: "Deliveries over time", Text: "Seconds since the start.",
		Legend: []legend{{"hot", "median"}, {"cold", "slowest"}}, SVG: plot.svg(),
	}
	if len(r.Faults) > 0 {
		c.Legend = append(c.Legend, legend{"shade", "fault or gap on some phone"})
	}
	return c, true
}

// presenceChart shows how many phones were in their rooms: the curve of a storm.
func (r *Report) presenceChart() chart {
	var joined []xy
	for _, s := range r.Samples {
		joined = append(joined, xy{s.At / 1000, float64(s.Joined)})
	}
	plot := newPlot()
	plot.xUnit, plot.yUnit = secondsLabel, countLabel
	plot.yLeast = float64(2 * r.Setup.Pairs)
	for _, f := range r.Faults {
		plot.shade(f.From/1000, f.To/1000)
	}
	plot.line("hot", joined)
	return chart{
		Title: "Phones in their rooms", Text: "Seconds since the start.",
		Legend: []legend{{"hot", "joined"}}, SVG: plot.svg(),
	}
}

// relayCharts show what the relay's process used.
func (r *Report) relayCharts() []chart {
	var cpu, rss, goroutines []xy
	for i, s := range r.Samples {
		at := s.At / 1000
		rss = append(rss, xy{at, float64(s.Relay.RSS) / (1 << 20)})
		goroutines = append(goroutines, xy{at, float64(s.Relay.Goroutines)})
		const span = 2 * usageEveryTimes
		if i >= span && i%usageEveryTimes == 0 {
			before := r.Samples[i-span]
			used := s.Relay.CPU - before.Relay.CPU
			if took := (s.At - before.At) / 1000; took > 0 && used >= 0 {
				cpu = append(cpu, xy{at, used.Seconds() / took * 100})
			}
		}
	}
	var charts []chart
	for _, c := range []struct {
		title, unit string
		label       func(float64) string
		points      []xy
	}{
		{"The relay's processor", "Percent of one processor.", countLabel, cpu},
		{"The relay's memory", "Resident, in MiB.", countLabel, rss},
		{"The relay's goroutines", "", countLabel, goroutines},
	} {
		if len(c.points) < 2 {
			continue
		}
		plot := newPlot()
		plot.xUnit, plot.yUnit = secondsLabel, c.label
		plot.line("hot", c.points)
		charts = append(charts, chart{Title: c.title, Text: c.unit, SVG: plot.svg()})
	}
	return charts
}
