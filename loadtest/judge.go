package loadtest

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"sotto/loadtest/ledger"
)

// Bounds of a valid run.
const (
	maxLag = 5 * time.Millisecond
	maxCPU = 85. // percent of all processors
)

// Samples that a quantile needs to be met.
const (
	enoughP95 = 20
	enoughP99 = 100
)

// A bound on a quantile is missed when so many samples are above it that a
// network which keeps it would have as many in less than one of a thousand runs.
const doubt = 0.001

// A relay is late with a message when it adds more than lateAt, and may be with
// lateShare of them. No network is in that, so it is doubted sooner.
const (
	lateAt    = 50 * time.Millisecond
	lateShare = 0.001
	doubtLate = 0.01
)

// report makes the report of a run that has ended.
func (r *run) report(ended time.Time, interrupted bool) *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := &Report{
		Schema: 1, Started: r.begun, Seconds: round(ended.Sub(r.begun).Seconds(), 1), Interrupted: interrupted,
		Setup: Setup{
			Scenario: r.cfg.Scenario, Protocol: r.cfg.Protocol, Profile: r.cfg.Profile, Pairs: len(r.pairs), Duration: r.cfg.Duration.Seconds(),
			Ramp: r.cfg.Ramp.Seconds(), Think: r.cfg.Think.Seconds(), Backoff: !r.cfg.NoBackoff, Seed: r.cfg.Seed,
			OwnRelay: r.cfg.Server != nil, TLS: strings.HasPrefix(r.cfg.URL, "https:"), Targets: r.cfg.Targets, Limits: r.cfg.Limits,
		},
		Environment: Environment{
			Net: r.cfg.Network.Name(), OS: runtime.GOOS, Kernel: Kernel(), Congestion: r.cfg.Network.Congestion(), CPUs: runtime.NumCPU(), Go: runtime.Version(),
		},
		Ledger: r.ledger.Totals(), Stale: int(r.stales.Load()), Intruded: r.intruders, Ended: int(r.ended.Load()), Service: r.service,
		Timeline: r.series.timeline(), Faults: r.series.faults, Samples: r.series.samples,
		Storm: r.stormed, Idle: r.idled, Errors: r.causes,
	}
	if r.cfg.Scenario == ScenarioFaults {
		out.Setup.Freeze = r.cfg.Freeze.Seconds()
	}
	for i, share := range r.shares {
		m := r.measures[i]
		on := OnProfile{Profile: share.Profile, Percent: share.Percent}
		m.fill(&on)
		for _, p := range r.pairs {
			if p.profile == i {
				on.Pairs++
			}
		}
		out.Profiles = append(out.Profiles, on)
		out.SLOs = append(out.SLOs, r.judge(share.Profile, m, out)...)
	}
	out.Certain = certainties(out.Ledger)
	r.costs(out, ended)
	out.SLOs = append(out.SLOs, r.cfg.Limits.judge(out)...)
	r.health(out, ended)
	out.conclude(r.broken)
	return out
}

// certainties are of messages, of changes and of receipts.
func certainties(l ledger.Totals) []Certainty {
	changes, receipts := l.Counts[ledger.Undone], l.Counts[ledger.WrongReceipt]
	messages := -changes - receipts
	for _, n := range l.Counts {
		messages += n
	}
	out := make([]Certainty, 0, 3)
	for _, c := range []Certainty{
		{What: "messages", Wrong: messages, Of: l.Delivered + l.Counts[ledger.Lost]},
		{What: "edits and deletions", Wrong: changes, Of: l.Edited + l.Deleted},
		{What: "receipts", Wrong: receipts, Of: l.Receipts + receipts},
	} {
		if c.Of > 0 {
			c.Below = round(100*atMost(int64(c.Wrong), int64(c.Of)), 2)
			out = append(out, c)
		}
	}
	return out
}

// judge compares a profile's measures with its targets.
func (r *run) judge(p Profile, m *measures, out *Report) []SLO {
	t := p.bounds(r.cfg.Protocol)
	if r.cfg.Targets != nil {
		t = *r.cfg.Targets
	}
	var slos []SLO
	for b, h := range []*histogram{
		HotP50: m.hot, HotP95: m.hot, HotP99: m.hot, ColdP95: m.cold, JoinP95: m.join, ReconnectP95: m.reconnect, RelayAddedP99: m.added,
	} {
		bound, percent, enough := t[b], 95., int64(enoughP95)
		switch Bound(b) {
		case HotP50:
			percent = 50
		case HotP99, RelayAddedP99:
			percent, enough = 99, enoughP99
		}
		if bound == 0 {
			continue
		}
		s := SLO{Profile: p.Name, Name: Bound(b).String(), Unit: "ms", Bound: millisOf(bound), Got: millisOf(h.quantile(percent)), Samples: h.count()}
		s.State = state(h.above(bound), s.Samples, 1-percent/100, enough, doubt)
		slos = append(slos, s)
	}
	if t[RelayAddedP99] > 0 {
		late, n := m.added.above(lateAt), m.added.count()
		slos = append(slos, SLO{
			Profile: p.Name, Name: "relay-added above " + short(lateAt), Unit: "%", Bound: lateShare * 100,
			Got: round(100*float64(late)/float64(max(1, n)), 2), Samples: n,
			State: state(late, n, lateShare, enoughP99, doubtLate),
		})
	}
	if out.Storm != nil && t[StormBack] > 0 && p.Name == r.shares[0].Profile.Name { // one for all
		s := SLO{
			Profile: "all", Name: "storm, all back", Unit: "ms", Bound: millisOf(t[StormBack]), Got: out.Storm.AllBack,
			Samples: int64(out.Storm.Phones), State: Met,
		}
		if out.Storm.Missing > 0 || s.Got > s.Bound || s.Got == 0 {
			s.State = Missed
		}
		slos = append(slos, s)
	}
	return slos
}

// state judges how many of n samples are above a bound, of which a share may be.
func state(above, n int64, share float64, enough int64, doubt float64) State {
	switch {
	case atLeast(above, n, share) < doubt:
		return Missed
	case n < enough:
		return TooFew
	}
	return Met
}

// costs fills in what phones and relay paid.
func (r *run) costs(out *Report, ended time.Time) {
	var radio time.Duration
	var bytes int64
	quickest := time.Duration(math.MaxInt64)
	for p := range r.phones() {
		s := p.link.Stats()
		radio += s.RadioOn
		bytes += s.UpBytes + s.DownBytes
		out.Costs.Dials += s.Dials
		if s.Quickest > 0 {
			quickest = min(quickest, s.Quickest)
		}
	}
	if quickest < math.MaxInt64 {
		out.Costs.QuickestRedial = millisOf(quickest)
	}
	shaken := r.shaken.UpBytes + r.shaken.DownBytes
	if n := out.Ledger.Delivered; n > 0 {
		out.Costs.BytesPerMessage = round(float64(bytes-shaken)/float64(n), 0)
	}
	if r.handshakes > 0 {
		out.Costs.BytesPerJoin = round(float64(shaken)/float64(r.handshakes), 0)
	}
	phones := float64(2 * len(r.pairs))
	out.Costs.RadioPerMinute = round(radio.Seconds()/phones/ended.Sub(r.begun).Minutes(), 1)
}

// health fills in what harness and relay used.
func (r *run) health(out *Report, ended time.Time) {
	h := &out.Health
	h.LagP50, h.LagP99 = millisOf(r.lags.quantile(50)), millisOf(r.lags.quantile(99))
	h.FileLimit = fileLimit()
	wall := ended.Sub(r.begun).Seconds()
	var relay, previous time.Duration
	load := &Load{PeakRSS: r.series.relayPeak.RSS, Goroutines: r.series.relayPeak.Goroutines}
	for _, s := range out.Samples {
		if s.Relay.CPU < previous { // another process since a restart
			previous = 0
		}
		relay += s.Relay.CPU - previous
		previous = s.Relay.CPU
		if s.Relay.RSS > 0 {
			load.EndRSS = s.Relay.RSS
		}
	}
	if r.cfg.Server != nil {
		load.CPUPercent = round(relay.Seconds()/wall*100, 1)
		out.Relay = load
	}
	own := ownCPU() - r.own.CPU
	h.CPUPercent = round((own+relay).Seconds()/wall/float64(runtime.NumCPU())*100, 1)
	if peak := r.series.ownPeak.RSS; peak > r.own.RSS {
		h.BytesPerPhone = round(float64(peak-r.own.RSS)/float64(2*len(r.pairs)), 0)
	}
}

// conclude sets verdict, reasons and notes. What the relay itself said or did
// fails a run, be the harness as late as it may; what could be the harness's
// slowness only where that was in time.
func (r *Report) conclude(broken error) {
	r.Reasons, r.Notes = []string{}, []string{}
	reasons := make(map[int]int) // how many there are of each kind
	const wrong, invalid, slow = 0, 1, 2
	because := func(kind int, format string, args ...any) {
		reasons[kind]++
		r.Reasons = append(r.Reasons, fmt.Sprintf(format, args...))
	}
	for _, kind := range ledger.Kinds() {
		if n := r.Ledger.Counts[kind]; n > 0 {
			because(wrong, "ledger: %d %s", n, kind)
		}
	}
	if r.Intruded > 0 {
		because(wrong, "%d strangers were let into a room", r.Intruded)
	}
	if s := r.Setup.Scenario; r.Ended > 0 && s != ScenarioStorm && s != ScenarioChurn {
		because(wrong, "%d rooms were gone, which nobody had ended", r.Ended)
	}
	for _, cause := range slices.Sorted(maps.Keys(r.Service.Refused)) {
		because(wrong, "the relay refused phones %d times: %s", r.Service.Refused[cause], cause)
	}
	r.distrust(func(format string, args ...any) { because(invalid, format, args...) })
	if broken != nil {
		r.Broken = broken.Error()
		because(invalid, "%v", broken)
	}
	s := r.Service
	if s.Absent > 0 {
		because(slow, "%d of %d phones were not in their rooms at the end", s.Absent, s.Phones)
	}
	if s.Unanswered > 0 {
		because(slow, "%d messages were not answered for %s or longer", s.Unanswered, short(excused))
	}
	if s.Stalled > 0 {
		because(slow, "%d conversations stalled: nobody had anything to answer for %s or longer", s.Stalled, short(excused))
	}
	for _, s := range r.SLOs {
		if s.State == Missed {
			because(slow, "%s %s is %s, %s %s", s.Profile, s.Name, s.figure(s.Got), s.side(), s.figure(s.Bound))
		}
	}
	if q := r.Costs.QuickestRedial; q > 0 && q < 1000 && r.Storm != nil {
		because(slow, "a phone dialled again after %s, sooner than a second", ms1(q))
	}
	if len(r.Reasons) == 0 && r.Setup.Scenario != ScenarioIdle {
		few := func(s SLO) bool { return s.State != TooFew }
		switch {
		case r.Ledger.Delivered == 0:
			because(invalid, "no message was delivered")
		case len(r.SLOs) > 0 && !slices.ContainsFunc(r.SLOs, few):
			because(invalid, "no bound had enough samples to be judged by")
		}
	}
	switch {
	case reasons[wrong] > 0:
		r.Verdict = Failed
	case reasons[invalid] > 0:
		r.Verdict = Invalid
	case reasons[slow] > 0:
		r.Verdict = Failed
	default:
		r.Verdict = Passed
	}
	r.annotate()
}

// distrust tells why nothing is proved.
func (r *Report) distrust(because func(format string, args ...any)) {
	if r.Health.LagP99 > millisOf(maxLag) {
		because("the harness was late: p99 of its schedule lag is %s, above %s", ms1(r.Health.LagP99), short(maxLag))
	}
	if r.Health.CPUPercent > maxCPU {
		because("harness and relay used %.0f %% of this machine, above %.0f %%", r.Health.CPUPercent, maxCPU)
	}
	if n := r.Errors[causeFiles]; n > 0 {
		because("the harness met its file limit of %d (%d times): raise it with ulimit -n", r.Health.FileLimit, n)
	}
	if n := r.Errors[causeAddresses]; n > 0 {
		because("the harness ran out of local ports (%d times): use fewer phones", n)
	}
	if n := r.Errors[causeLimited]; n > 0 {
		because("the relay limits addresses (%d times), and all phones here have one: turn its limits off for the test", n)
	}
}

// annotate adds what a reader must know.
func (r *Report) annotate() {
	note := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	if r.Interrupted {
		note("The run was ended early.")
	}
	note("Latency counts from the planned time of a send to the moment the other phone has the message, as people's pauses had it (mean %s, every sixth 12 to 18 s longer).",
		short(time.Duration(r.Setup.Think*float64(time.Second))))
	if r.Setup.Protocol == ProtocolStd1 {
		note("The message key was derived once for all phones, which saves each a tenth of a second of processor time. Everything is sealed and opened for real.")
	} else {
		note("Root keys were drawn instead of derived from codes, which saves each phone a third of a second of processor time. Everything else is done for real.")
	}
	if r.Environment.Net == "conn" {
		note("Networks were emulated above the kernel's loopback TCP (conn): loss is a model of what TCP does with it, with no competition between phones.")
	} else {
		note("Packets were emulated between two network namespaces (%s): TCP is the kernel's.", r.Environment.Net)
	}
	if !r.Setup.Backoff {
		note("Phones that lost the relay dialled again once a second, all in step, without the client's back-off.")
	}
	if r.Ledger.Forgotten > 0 {
		note("%d accepted messages were forgotten unseen as their room ended, as it should be.", r.Ledger.Forgotten)
	}
	if r.Ledger.Closed > 0 {
		note("%d messages were sealed for a page that was gone before it showed them, by one that was gone too, as the client says.", r.Ledger.Closed)
	}
	if r.Ledger.Undecided > 0 {
		note("%d accepted messages were not seen because the phone they were for could not be reached at the end.", r.Ledger.Undecided)
	}
	if !r.Setup.OwnRelay {
		note("The relay ran elsewhere: its processor and memory were not measured.")
	}
}

// ms1 writes milliseconds for people.
func ms1(v float64) string { return short(time.Duration(v * float64(ms))) }
