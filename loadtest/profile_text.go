package loadtest

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteProfiles writes profiles as a table, with their sources and what in them
// is ours.
func WriteProfiles(w io.Writer, profiles []Profile) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { _, _ = fmt.Fprintln(t, strings.Join(cells, "\t")) } // Flush tells
	row("name", "down/up kbit/s", "RTT", "jitter", "loss (burst)", "radio wake/tail", "NAT idle", "gaps")
	for _, p := range profiles {
		row(p.cells()...)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var notes strings.Builder
	fmt.Fprintf(&notes, "\n%s:", Mix)
	for _, m := range mix {
		fmt.Fprintf(&notes, " %d %% %s,", m.percent, m.name)
	}
	notes.WriteString(" a blend of ours\n\nWhere the figures come from\n")
	for _, p := range profiles {
		fmt.Fprintf(&notes, "  %s: %s.\n", p.Name, p.Source)
		if p.Ours != "" {
			fmt.Fprintf(&notes, "    Ours: %s.\n", p.Ours)
		}
	}
	_, err := io.WriteString(w, notes.String())
	return err
}

// cells are the figures of p for people, name first.
func (p Profile) cells() []string {
	l := p.Link
	cells := []string{p.Name, rate(l.Down) + "/" + rate(l.Up), short(l.RTT), short(l.Jitter)}
	if l.Loss > 0 {
		cells = append(cells, fmt.Sprintf("%g %% (%s)", round(l.Loss*100, 3), short(l.LossBurst)))
	} else {
		cells = append(cells, "0")
	}
	if l.RadioTail > 0 {
		cells = append(cells, short(l.RadioWake)+"/"+short(l.RadioTail))
	} else {
		cells = append(cells, "–")
	}
	nat := "–"
	if l.NATIdle > 0 {
		nat = short(l.NATIdle)
		if l.NATReset {
			nat += ", then reset"
		}
	}
	gaps := "–"
	if g := l.Gaps; g.Every > 0 {
		gaps = fmt.Sprintf("%s to %s, about %s apart", short(g.Min), short(g.Max), short(g.Every))
		if g.Cut > 0 {
			gaps += fmt.Sprintf(", %.0f %% cut", g.Cut*100)
		}
	}
	return append(cells, nat, gaps)
}

func rate(bits int64) string {
	if bits == 0 {
		return "∞"
	}
	return fmt.Sprint(round(float64(bits)/kbit, 1))
}

// short writes a duration with the three digits that tell.
func short(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < 999*ms:
		return fmt.Sprintf("%.3g ms", float64(d)/float64(ms))
	case d < 5*time.Minute:
		return fmt.Sprintf("%.3g s", d.Seconds())
	case d < 3*time.Hour:
		return fmt.Sprintf("%.3g min", d.Minutes())
	default:
		return fmt.Sprintf("%.3g h", d.Hours())
	}
}

// round keeps that many digits behind the point.
func round(v float64, digits int) float64 {
	shift := math.Pow10(digits)
	return math.Round(v*shift) / shift
}
