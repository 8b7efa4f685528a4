package loadtest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"sotto/loadtest/ledger"
)

// The page holds everything, runs nothing and asks nobody for anything.
func TestHTMLIsSelfContained(t *testing.T) {
	r := runInMemory(t, Config{Scenario: ScenarioFaults, Profile: Mix, Pairs: 7, Duration: 2 * time.Minute, Seed: 8}, nil)
	r.Reasons = append(r.Reasons, `<script>alert("&")</script>`)
	r.Ledger.Offences = append(r.Ledger.Offences, ledger.Offence{Kind: ledger.Lost, Message: "3.1.0.17", Seen: "pair 3"})
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if found := regexp.MustCompile(`(?i)<script|<link|<img|<iframe|src=|href=|url\(|@import|https?://`).FindString(page); found != "" {
		t.Errorf("the page has %q in it", found)
	}
	for _, part := range []string{
		string(r.Verdict), "mixed-faults", "3.1.0.17", "slow-4g hot p95", "WebPageTest Edge",
		"Delivery by percentile: slow-4g", "Deliveries over time", "Phones in their rooms", "viewport", "schedule lag", "&lt;script&gt;",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	// Figures are well formed, and every number in them is one.
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1) {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("a figure is not well formed: %v", err)
			}
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("a figure has a number that is none:\n%s", svg)
		}
	}
}

// A run with nothing in it has a page too.
func TestEmptyReport(t *testing.T) {
	r := &Report{Profiles: []OnProfile{{Profile: Profiles()[0]}}, Samples: make([]Sample, 2), Timeline: make([]Bucket, 3)}
	for _, write := range []func(io.Writer) error{r.WriteHTML, r.WriteText, r.WriteJSON} {
		var b bytes.Buffer
		if err := write(&b); err != nil || strings.Contains(b.String(), "NaN") {
			t.Errorf("%v:\n%s", err, b.String())
		}
	}
}
