package loadtest

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"sotto/loadtest/ledger"
)

// Verdict is the end of a report.
type Verdict string

// The verdicts.
const (
	Passed Verdict = "passed"
	Failed Verdict = "failed"
	// Invalid: the harness was the bottleneck, so nothing is proved.
	Invalid Verdict = "invalid"
)

// Report is what a run found. Its JSON has no identifiers of the relay's: only
// numbers of pairs, seats and messages that the run made up.
type Report struct {
	Schema  int      `json:"schema"` // 1
	Verdict Verdict  `json:"verdict"`
	Reasons []string `json:"reasons"`          // why it is not passed
	Notes   []string `json:"notes"`            // what a reader must know
	Broken  string   `json:"broken,omitempty"` // what the harness could not do

	Started     time.Time   `json:"started"`
	Seconds     float64     `json:"seconds"`
	Interrupted bool        `json:"interrupted"`
	Setup       Setup       `json:"setup"`
	Environment Environment `json:"environment"`
	Profiles    []OnProfile `json:"profiles"`

	SLOs   []SLO         `json:"slos"`
	Ledger ledger.Totals `json:"ledger"`
	// Certain is what the ledger's counts prove.
	Certain []Certainty `json:"certain"`
	// Stale are sends refused because the other was first, as they should be.
	Stale    int `json:"stale"`
	Intruded int `json:"intruded"` // strangers who were let in
	// Service is what phones did not get.
	Service Service `json:"service"`
	// Ended are rooms that were gone, which none may be but where the scenario
	// ends them.
	Ended int `json:"ended"`

	Timeline []Bucket       `json:"timeline"`
	Faults   []Fault        `json:"faults"`
	Samples  []Sample       `json:"samples"`
	Storm    *Storm         `json:"storm,omitempty"`
	Idle     *Idle          `json:"idle,omitempty"`
	Costs    Costs          `json:"costs"`
	Errors   map[string]int `json:"errors"`
	Relay    *Load          `json:"relay,omitempty"` // nil: somebody else's process
	Health   Health         `json:"health"`
}

// Setup is what was asked for.
type Setup struct {
	Scenario Scenario `json:"scenario"`
	Protocol Protocol `json:"protocol"`
	Profile  string   `json:"profile"`
	Pairs    int      `json:"pairs"`
	Duration float64  `json:"duration_s"`
	Ramp     float64  `json:"ramp_s"`
	Think    float64  `json:"think_s"`
	Freeze   float64  `json:"freeze_s,omitempty"` // on average; in mixed-faults
	Backoff  bool     `json:"backoff"`
	Seed     uint64   `json:"seed"`
	OwnRelay bool     `json:"own_relay"`
	TLS      bool     `json:"tls"`
	// Targets went in place of the profiles' own.
	Targets *Targets `json:"slo,omitempty"`
	Limits  Limits   `json:"limits"`
}

// Environment is where it ran.
type Environment struct {
	Net        string `json:"net"` // how networks were made: "conn" or "tun"
	OS         string `json:"os"`
	Kernel     string `json:"kernel"`
	Congestion string `json:"congestion_control"`
	CPUs       int    `json:"cpus"`
	Go         string `json:"go"`
}

// OnProfile is what phones on one network measured.
type OnProfile struct {
	Profile   Profile      `json:"profile"`
	Percent   int          `json:"percent"`
	Pairs     int          `json:"pairs"`
	Hot       Distribution `json:"hot"`
	Cold      Distribution `json:"cold"`
	Disturbed Distribution `json:"disturbed"`
	Acked     Distribution `json:"acked"`
	Join      Distribution `json:"join"`
	Reconnect Distribution `json:"reconnect"`
	Added     Distribution `json:"relay_added"`
	// LeftOut are the hot and cold messages of which it is not known what the
	// relay added.
	LeftOut int64 `json:"relay_added_left_out"`
}

// SLO is a bound and how it was kept. One is missed when so many samples are
// above it that a relay which keeps it has as many in less than one run of a
// thousand (of a hundred, for the share of relay-added); so Got may be above Bound
// by chance.
type SLO struct {
	Profile string  `json:"profile"`
	Name    string  `json:"name"`
	Unit    string  `json:"unit"` // "ms", "%", or "/s", a least
	Bound   float64 `json:"bound"`
	Got     float64 `json:"got"`
	Samples int64   `json:"samples"`
	State   State   `json:"state"`
}

// figure writes a bound or what was measured for people.
func (s SLO) figure(v float64) string {
	if s.Unit == "%" {
		return fmt.Sprintf("%g %%", v)
	}
	if s.Unit == "/s" {
		return fmt.Sprintf("%g/s", v)
	}
	return ms1(v)
}

// State is how an SLO was kept.
type State string

// The states.
const (
	Met    State = "met"
	Missed State = "missed"
	TooFew State = "too few"
)

// Bucket is a stretch of the timeline.
type Bucket struct {
	At        float64 `json:"at_ms"`
	Count     int     `json:"count"`
	Disturbed int     `json:"disturbed"`
	P50       float64 `json:"p50_ms"`
	Max       float64 `json:"max_ms"`
}

// Fault is what was done to a phone or the relay.
type Fault struct {
	Kind string  `json:"kind"`
	From float64 `json:"from_ms"`
	To   float64 `json:"to_ms"`
}

// Sample is how things were at a moment.
type Sample struct {
	At      float64 `json:"at_ms"`
	Joined  int     `json:"joined"`
	Relay   Usage   `json:"relay"`
	Harness Usage   `json:"harness"`
}

// Certainty says how many were wrong, of how many, and the share of wrong ones
// which that leaves possible: with a greater one a run would find so few in less
// than one of twenty cases.
type Certainty struct {
	What  string  `json:"what"`
	Wrong int     `json:"wrong"`
	Of    int     `json:"of"`
	Below float64 `json:"below_percent"`
}

// Storm is how phones came back after the relay restarted: those that were in
// their rooms before, and whose network had no gap that explains their absence.
type Storm struct {
	Phones  int     `json:"phones"`
	Away    float64 `json:"away_ms"`     // the relay
	AllBack float64 `json:"all_back_ms"` // since it was back; 0: they were not
	Missing int     `json:"missing"`
}

// Idle is what silence costs the relay.
type Idle struct {
	Sockets             int     `json:"sockets"`
	Rooms               int     `json:"rooms"`
	BytesPerSocket      float64 `json:"rss_bytes_per_socket"` // with its half of a room
	BytesPerRoom        float64 `json:"rss_bytes_per_room"`   // without sockets
	GoroutinesPerSocket float64 `json:"goroutines_per_socket"`
	WireBytesPerHour    float64 `json:"wire_bytes_per_hour"` // and socket
}

// Costs are what phones pay.
type Costs struct {
	BytesPerMessage float64 `json:"wire_bytes_per_message"` // both phones, receipts too
	BytesPerJoin    float64 `json:"wire_bytes_per_join"`
	RadioPerMinute  float64 `json:"radio_on_s_per_minute"`
	Dials           int     `json:"dials"`
	QuickestRedial  float64 `json:"quickest_redial_ms"` // 0: nobody dialled twice
}

// Load is what the relay's process used.
type Load struct {
	CPUPercent float64 `json:"cpu_percent"` // of one processor
	PeakRSS    uint64  `json:"peak_rss_bytes"`
	EndRSS     uint64  `json:"end_rss_bytes"`
	Goroutines int     `json:"peak_goroutines"`
}

// Health is whether the harness could do what it should.
type Health struct {
	LagP50        float64 `json:"lag_p50_ms"` // of planned sends and emulated arrivals
	LagP99        float64 `json:"lag_p99_ms"`
	CPUPercent    float64 `json:"cpu_percent"` // harness and relay, of all processors
	BytesPerPhone float64 `json:"rss_bytes_per_phone"`
	FileLimit     int     `json:"file_limit"`
}

// WriteJSON writes the report as JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// ReadReport reads what WriteJSON wrote. Errors wrap ErrConfig.
func ReadReport(rd io.Reader) (*Report, error) {
	var r Report
	if err := json.NewDecoder(rd).Decode(&r); err != nil {
		return nil, fmt.Errorf("%w: read report: %w", ErrConfig, err)
	}
	return &r, nil
}
