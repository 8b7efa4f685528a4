package loadtest

import (
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sotto/loadtest/ledger"
)

// WriteHDR writes a log of HdrHistogram's (version 1.3) with the latencies of the
// whole run, in microseconds, one line for each measure of each profile. Tags are
// profile/measure, so that the logs of several runs can be merged by other tools,
// too.
func (r *Report) WriteHDR(w io.Writer) error {
	var b strings.Builder
	at := float64(r.Started.UnixMilli()) / 1000
	fmt.Fprintf(&b, "#[Histogram log format version 1.3]\n#[StartTime: %.3f (seconds since epoch)]\n", at)
	plain := strings.NewReplacer(",", "_", " ", "_", "\n", "_", "\r", "_")
	for _, p := range r.Profiles {
		for _, row := range p.rows() {
			if d := row.d; d.Count > 0 {
				fmt.Fprintf(&b, "Tag=%s,%.3f,%.3f,%.3f,%s\n", plain.Replace(p.Profile.Name+"/"+row.name), at, r.Seconds, d.Max, d.HDR)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteCSV writes the timeline, a line for each bucket, with the last sample up
// to its end.
func (r *Report) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{ // Error tells
		"at_ms", "delivered", "disturbed", "p50_ms", "max_ms", "joined",
		"relay_rss_bytes", "relay_goroutines", "harness_rss_bytes", "harness_goroutines",
	})
	var last Sample
	samples := r.Samples
	for i, b := range r.Timeline {
		end := r.Seconds * 1000
		if i+1 < len(r.Timeline) {
			end = r.Timeline[i+1].At
		}
		for len(samples) > 0 && samples[0].At <= end {
			last, samples = samples[0], samples[1:]
		}
		row := []string{decimal(b.At), strconv.Itoa(b.Count), strconv.Itoa(b.Disturbed), decimal(b.P50), decimal(b.Max), strconv.Itoa(last.Joined)}
		for _, u := range []Usage{last.Relay, last.Harness} {
			row = append(row, strconv.FormatUint(u.RSS, 10), strconv.Itoa(u.Goroutines))
		}
		_ = c.Write(row)
	}
	c.Flush()
	return c.Error()
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// suite is a run as JUnit's XML has it.
type suite struct {
	XMLName  xml.Name   `xml:"testsuite"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Seconds  float64    `xml:"time,attr"`
	Started  string     `xml:"timestamp,attr"`
	Cases    []testCase `xml:"testcase"`
}

type testCase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Failure *message `xml:"failure"`
	Error   *message `xml:"error"`
	Skipped *message `xml:"skipped"`
}

type message struct {
	Message string `xml:"message,attr"`
}

// WriteJUnit writes the report as the XML that build servers read: the verdict,
// what the ledger looks for, and each bound is a test. A run that proves nothing
// is an error, a bound with too few samples skipped.
func (r *Report) WriteJUnit(w io.Writer) error {
	s := suite{
		Name: fmt.Sprintf("sotto-load %s %s", r.Setup.Scenario, r.Setup.Profile), Seconds: r.Seconds,
		Started: r.Started.UTC().Format("2006-01-02T15:04:05"),
	}
	verdict := testCase{Class: "run", Name: "verdict"}
	switch why := strings.Join(r.Reasons, "; "); r.Verdict {
	case Failed:
		verdict.Failure = &message{why}
	case Invalid:
		verdict.Error = &message{why}
	}
	s.Cases = append(s.Cases, verdict)
	for _, kind := range ledger.Kinds() {
		c := testCase{Class: "ledger", Name: string(kind)}
		if n := r.Ledger.Counts[kind]; n > 0 {
			c.Failure = &message{fmt.Sprintf("%d %s", n, kind)}
		}
		s.Cases = append(s.Cases, c)
	}
	for _, slo := range r.SLOs {
		c := testCase{Class: slo.Profile, Name: slo.Name}
		switch slo.State {
		case Missed:
			c.Failure = &message{slo.figure(slo.Got) + ", " + slo.side() + " " + slo.figure(slo.Bound)}
		case TooFew:
			c.Skipped = &message{fmt.Sprintf("%d samples are too few", slo.Samples)}
		}
		s.Cases = append(s.Cases, c)
	}
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	return e.Encode(s)
}
