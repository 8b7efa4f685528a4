package loadtest

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// The plane of a figure, in its own units: it scales with the page.
const (
	plotWidth  = 360
	plotHeight = 190
	plotLeft   = 52
	plotRight  = 10
	plotTop    = 10
	plotBottom = 24
)

type xy struct{ x, y float64 }

type tick struct {
	at    float64
	label string
}

// plot is a figure with lines.
type plot struct {
	xTicks       []tick // nil: made from the data
	xUnit, yUnit func(float64) string
	yLeast       float64 // the scale goes at least so far
	lines        []plotLine
	shades       []xy // from and to
}

type plotLine struct {
	class  string
	points []xy
}

func newPlot() *plot { return &plot{} }

func (p *plot) line(class string, points []xy) {
	p.lines = append(p.lines, plotLine{class, points})
}

func (p *plot) shade(from, to float64) { p.shades = append(p.shades, xy{from, to}) }

// nines spreads percentiles: 90 is at 1, 99 at 2, 99.9 at 3.
func nines(percent float64) float64 { return -math.Log10(1 - percent/100) }

func millisLabel(v float64) string  { return ms1(v) }
func secondsLabel(v float64) string { return fmt.Sprintf("%g", v) }
func countLabel(v float64) string   { return fmt.Sprintf("%g", round(v, 1)) }

// svg draws the figure. Everything in it is a number or from this package.
func (p *plot) svg() template.HTML {
	var xMost, yMost float64
	for _, l := range p.lines {
		for _, pt := range l.points {
			xMost, yMost = max(xMost, pt.x), max(yMost, pt.y)
		}
	}
	yTicks := ticks(max(yMost, p.yLeast), p.yUnit, 4)
	yMost = yTicks[len(yTicks)-1].at
	xTicks := p.xTicks
	if xTicks == nil {
		xTicks = ticks(xMost, p.xUnit, 6)
	}
	if xMost == 0 {
		xMost = 1
	}
	x := func(v float64) float64 { return plotLeft + v/xMost*(plotWidth-plotLeft-plotRight) }
	y := func(v float64) float64 { return plotHeight - plotBottom - v/yMost*(plotHeight-plotTop-plotBottom) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img">`, plotWidth, plotHeight)
	for _, s := range p.shades {
		from, to := max(0, s.x), min(max(s.y, s.x+xMost/300), xMost)
		if to > from {
			// Many at once add up to about as much as one.
			fmt.Fprintf(&b, `<rect class="shade" fill-opacity="%.2f" x="%.1f" y="%d" width="%.1f" height="%d"/>`,
				0.35/math.Sqrt(float64(len(p.shades))), x(from), plotTop, x(to)-x(from), plotHeight-plotTop-plotBottom)
		}
	}
	for _, t := range yTicks {
		fmt.Fprintf(&b, `<path class="grid" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			plotLeft, y(t.at), plotWidth-plotRight, plotLeft-5, y(t.at)+3.5, template.HTMLEscapeString(t.label))
	}
	for _, t := range xTicks {
		if t.at <= xMost {
			anchor := "middle"
			if x(t.at) > plotWidth-2*plotRight {
				anchor = "end" // or it would be cut off
			}
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="%s">%s</text>`,
				x(t.at), plotHeight-8, anchor, template.HTMLEscapeString(t.label))
		}
	}
	for _, l := range p.lines {
		fmt.Fprintf(&b, `<path class="line %s" d="`, l.class)
		for i, pt := range l.points {
			verb := "L"
			if i == 0 {
				verb = "M"
			}
			fmt.Fprintf(&b, "%s%.1f %.1f", verb, x(pt.x), y(pt.y))
		}
		b.WriteString(`"/>`)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // see above
}

// ticks returns round numbers from 0 to at least most.
func ticks(most float64, label func(float64) string, about int) []tick {
	if most <= 0 {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most/float64(about))))
	for _, f := range []float64{1, 2, 5, 10} {
		if f*step*float64(about) >= most {
			step *= f
			break
		}
	}
	var out []tick
	for v := 0.; ; v += step {
		out = append(out, tick{v, label(v)})
		if v >= most {
			return out
		}
	}
}
