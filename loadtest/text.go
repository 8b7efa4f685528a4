package loadtest

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"sotto/loadtest/ledger"
)

// WriteText writes the report as one screen of text.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s, %s, %s, %d pairs, %.0f s, seed %d\n", strings.ToUpper(string(r.Verdict)),
		r.Setup.Scenario, r.Setup.Protocol, r.Setup.Profile, r.Setup.Pairs, r.Seconds, r.Setup.Seed)
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "  because %s\n", reason)
	}
	b.WriteString("\n")
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { _, _ = fmt.Fprintln(t, strings.Join(cells, "\t")) } // into memory
	if len(r.SLOs) > 0 {
		line("SLO", "bound", "measured", "samples", "")
		for _, s := range r.SLOs {
			got := s.figure(s.Got)
			if s.State == TooFew {
				got = "–"
			}
			line(s.Profile+" "+s.Name, s.figure(s.Bound), got, fmt.Sprint(s.Samples), string(s.State))
		}
		line()
	}
	line("latency", "count", "p50", "p95", "p99", "max")
	for _, p := range r.Profiles {
		for _, row := range p.rows() {
			if d := row.d; d.Count > 0 {
				line(p.Profile.Name+" "+row.name, fmt.Sprint(d.Count), ms1(d.P50), ms1(d.P95), ms1(d.P99), ms1(d.Max))
			}
		}
	}
	_ = t.Flush() // into memory
	b.WriteString("\n")
	for _, l := range r.lines() {
		fmt.Fprintf(&b, "%-9s %s\n", l.Name, l.Text)
	}
	for i, o := range r.Ledger.Offences {
		fmt.Fprintf(&b, "  %2d. %s: message %s, noticed by %s\n", i+1, o.Kind, o.Message, o.Seen)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// row is a distribution with its name.
type row struct {
	name string
	d    Distribution
}

func (p *OnProfile) rows() []row {
	return []row{
		{"hot", p.Hot},
		{"cold", p.Cold},
		{"disturbed", p.Disturbed},
		{"accepted", p.Acked},
		{"join", p.Join},
		{"reconnect", p.Reconnect},
		{"relay-added", p.Added},
	}
}

// fact is a line of a report.
type fact struct{ Name, Text string }

// lines are the facts beside the latencies.
func (r *Report) lines() []fact {
	l := r.Ledger
	account := fmt.Sprintf("%d sent, %d accepted, %d delivered, %d edited, %d deleted, %d receipts",
		l.Sent, l.Accepted, l.Delivered, l.Edited, l.Deleted, l.Receipts)
	for _, k := range ledger.Kinds() {
		account += fmt.Sprintf(", %d %s", l.Counts[k], k)
	}
	facts := []fact{{"ledger", account}}
	var certain []string
	for _, c := range r.Certain {
		certain = append(certain, fmt.Sprintf("%d of %d %s: fewer than %g %%", c.Wrong, c.Of, c.What, c.Below))
	}
	if len(certain) > 0 {
		facts = append(facts, fact{"so wrong", strings.Join(certain, "; ") + "; all at 95 %"})
	}
	s := r.Service
	service := fmt.Sprintf("of %d phones with time for it %d were not in their rooms at the end; %d messages not answered, %d conversations stalled",
		s.Phones, s.Absent, s.Unanswered, s.Stalled)
	for _, cause := range slices.Sorted(maps.Keys(s.Refused)) {
		service += fmt.Sprintf(", refused %d times: %s", s.Refused[cause], cause)
	}
	facts = append(facts, fact{"service", service})
	for _, p := range r.Profiles {
		if p.LeftOut > 0 {
			facts = append(facts, fact{"left out", fmt.Sprintf("%s: of %d of %d messages it is not known what the relay added",
				p.Profile.Name, p.LeftOut, p.LeftOut+p.Added.Count)})
		}
	}
	if r.Stale > 0 {
		facts = append(facts, fact{"at once", fmt.Sprintf("both wrote at once, and the second was told so and kept its text: %d", r.Stale)})
	}
	if s := r.Storm; s != nil {
		text := fmt.Sprintf("the relay was away for %s; all %d phones were back %s later", ms1(s.Away), s.Phones, ms1(s.AllBack))
		if s.Missing > 0 {
			text = fmt.Sprintf("the relay was away for %s; %d of %d phones did not come back", ms1(s.Away), s.Missing, s.Phones)
		}
		facts = append(facts, fact{"storm", text})
	}
	if i := r.Idle; i != nil {
		facts = append(facts, fact{"idle", fmt.Sprintf(
			"%s of the relay's memory a silent socket with its half of a room, %s a room alone; %.2f goroutines a socket; %.0f bytes an hour on the wire",
			size(i.BytesPerSocket), size(i.BytesPerRoom), i.GoroutinesPerSocket, i.WireBytesPerHour)})
	}
	c := r.Costs
	costs := fmt.Sprintf("%.0f bytes on the wire a message, %.0f a join; radio on %.0f s a minute; %d dials",
		c.BytesPerMessage, c.BytesPerJoin, c.RadioPerMinute, c.Dials)
	if c.QuickestRedial > 0 {
		costs += ", none sooner than " + ms1(c.QuickestRedial) + " after another of the same phone"
	}
	facts = append(facts, fact{"costs", costs})
	if r.Relay != nil {
		facts = append(facts, fact{"relay", fmt.Sprintf("%.1f %% of a processor; memory %s at most, %s at the end; %d goroutines at most",
			r.Relay.CPUPercent, size(float64(r.Relay.PeakRSS)), size(float64(r.Relay.EndRSS)), r.Relay.Goroutines)})
	}
	if len(r.Errors) > 0 {
		var causes []string
		for _, cause := range slices.Sorted(maps.Keys(r.Errors)) {
			causes = append(causes, fmt.Sprintf("%s %d", cause, r.Errors[cause]))
		}
		facts = append(facts, fact{"failures", "of connections, all retried: " + strings.Join(causes, ", ")})
	}
	h := r.Health
	facts = append(facts, fact{"harness", fmt.Sprintf("schedule lag p50 %s, p99 %s; with the relay %.0f %% of this machine; %s a phone; %d files allowed",
		ms1(h.LagP50), ms1(h.LagP99), h.CPUPercent, size(h.BytesPerPhone), h.FileLimit)})
	e := r.Environment
	facts = append(facts, fact{"made with", fmt.Sprintf("net %s, %s %s, congestion control %s, %d CPUs, %s", e.Net, e.OS, e.Kernel, e.Congestion, e.CPUs, e.Go)})
	return facts
}

// size writes a number of bytes for people.
func size(bytes float64) string {
	switch {
	case bytes < 1<<10:
		return fmt.Sprintf("%.0f B", bytes)
	case bytes < 1<<20:
		return fmt.Sprintf("%.1f KiB", bytes/(1<<10))
	default:
		return fmt.Sprintf("%.1f MiB", bytes/(1<<20))
	}
}
