package statuspage

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// line is one figure of the page: how it is read from a snapshot, and whether
// it is what there is or what happens in a minute.
type line struct {
	name  string
	of    func(snapshot) float64
	rate  bool
	bytes bool
}

var lines = []line{
	{name: "Rooms", of: func(s snapshot) float64 { return s.values["sotto_rooms"] }},
	{name: "Sockets", of: func(s snapshot) float64 { return s.values["sotto_connections"] }},
	{name: "Messages a minute", rate: true, of: func(s snapshot) float64 { return s.values["sotto_messages_total send_message"] }},
	{name: "Joins a minute", rate: true, of: func(s snapshot) float64 { return s.sum("sotto_joins_total") }},
	{name: "Lockouts a minute", rate: true, of: func(s snapshot) float64 { return s.values["sotto_lockouts_total began"] }},
	{name: "Memory", bytes: true, of: func(s snapshot) float64 {
		return s.values["go_memstats_sys_bytes"] - s.values["go_memstats_heap_released_bytes"]
	}},
}

// sum adds up a metric over its label.
func (s snapshot) sum(metric string) float64 {
	total := 0.0
	for key, v := range s.values {
		if strings.HasPrefix(key, metric+" ") {
			total += v
		}
	}
	return total
}

// point is a value at a time before now.
type point struct {
	ago   time.Duration
	value float64
}

// points are the line's values, the oldest first. A rate is over half an
// interval at least, as that of a moment ago would jump about, and has no value
// at the first sample.
func (l *line) points(hour []snapshot) []point {
	now := hour[len(hour)-1].at
	var out []point
	for i, s := range hour {
		v := l.of(s)
		if l.rate {
			before := i - 1
			for before > 0 && s.at.Sub(hour[before].at) < Interval/2 {
				before--
			}
			if before < 0 || !s.at.After(hour[before].at) {
				continue
			}
			v = (v - l.of(hour[before])) / s.at.Sub(hour[before].at).Minutes()
		}
		out = append(out, point{now.Sub(s.at), v})
	}
	return out
}

// format writes a value in the line's unit.
func (l *line) format(v float64) string {
	switch {
	case l.bytes:
		return strconv.FormatFloat(v/(1<<20), 'f', 1, 64) + " MiB"
	case l.rate && v < 10 && v != math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return grouped(v)
}

// grouped writes a whole number with a thin gap every three digits.
func grouped(v float64) string {
	s := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// Size of a drawing, in units of its own.
const (
	width  = 240
	height = 48
)

// draw makes an SVG of the points, an hour wide, from 0 to the highest value.
func draw(label string, points []point, most float64) string {
	scale := float64(height-4) / max(most, 1)
	at := func(p point) string {
		x := width * (1 - p.ago.Seconds()/time.Hour.Seconds())
		return fmt.Sprintf("%.1f,%.1f", max(0, x), height-2-p.value*scale)
	}
	var path strings.Builder
	for i, p := range points {
		if i > 0 {
			path.WriteByte(' ')
		}
		path.WriteString(at(p))
	}
	return fmt.Sprintf(`<svg role="img" aria-label="%s" viewBox="0 0 %d %d" preserveAspectRatio="none">`+
		`<line x1="0" y1="%d" x2="%d" y2="%d"/><polyline points="%s"/></svg>`,
		label, width, height, height-1, width, height-1, path.String())
}

// span writes a duration as a person would.
func span(d time.Duration) string {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}
