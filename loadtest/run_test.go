package loadtest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sotto/loadtest/link"
)

func (r *Report) mustPass(t *testing.T) {
	t.Helper()
	if r.Verdict != Passed || !r.Ledger.Fine() {
		var b bytes.Buffer
		_ = r.WriteText(&b)
		t.Errorf("the verdict is %s:\n%s", r.Verdict, b.String())
	}
}

// lax judges what the relay adds, which takes no time in virtual time, and that
// messages come at all.
func lax() *Targets { return &Targets{RelayAddedP99: ms, HotP50: time.Minute} }

// Who was on its way while the relay restarted is in the new relay's room, with
// whoever is there.
func TestStormWhileJoining(t *testing.T) {
	r := runInMemory(t, Config{
		Scenario: ScenarioStorm, Profile: "bus", Pairs: 60, Duration: time.Minute, Ramp: 30 * time.Second, Seed: 3, Targets: lax(),
	})
	if !r.Ledger.Fine() || r.Ledger.Delivered == 0 {
		t.Errorf("ledger: %+v", r.Ledger)
	}
}

// A storm is watched to its end, also where that is after the run's.
func TestStormOutlastsTheRun(t *testing.T) {
	r := runOn(t, &memServer{longer: 20 * time.Second}, Config{
		Scenario: ScenarioStorm, Profile: "loopback", Pairs: 3, Duration: 8 * time.Second, Ramp: time.Second, Think: 200 * ms, Seed: 3,
	})
	r.mustPass(t)
	if s := r.Storm; s == nil || s.Phones != 6 || s.Missing != 0 || s.AllBack == 0 {
		t.Errorf("the storm was %+v", s)
	}
}

// A phone in a tunnel as the relay returns is not the relay's to bring back. It
// goes at 10.5 s and is back at 12.5.
func TestStormSparesTunnels(t *testing.T) {
	s := new(memServer)
	r := runOn(t, s, Config{
		Network: gapped{s.network(), 11500 * ms}, Scenario: ScenarioStorm,
		Profile: "fast-4g", Pairs: 4, Duration: 30 * time.Second, Ramp: 4 * time.Second, Seed: 1, Targets: &Targets{StormBack: 30 * time.Second},
	})
	if s := r.Storm; s == nil || s.Phones != 8 || s.Missing != 0 || s.AllBack == 0 || s.AllBack > 30_000 {
		t.Errorf("%v; the storm was %+v", r.Reasons, s)
	}
}

// Phones that do not come back are told of, and not waited for without end.
func TestStormWithoutReturn(t *testing.T) {
	r := runOn(t, &memServer{dead: true}, Config{
		Scenario: ScenarioStorm, Profile: "loopback", Pairs: 3, Duration: 8 * time.Second, Ramp: time.Second, Think: 200 * ms, Seed: 3,
	})
	if s := r.Storm; r.Verdict != Failed || s == nil || s.Missing != 6 || s.AllBack != 0 {
		t.Errorf("%s, the storm was %+v", r.Verdict, s)
	}
	if most := 8 + (stormWatch + drainFor).Seconds(); r.Seconds > most {
		t.Errorf("the run took %v s", r.Seconds)
	}
}

// Without back-off phones knock in step, once a second and no more often, and are
// back within one of these seconds, plus what a join takes. With it they knock
// less often the longer the relay is away.
func TestStormWithoutBackoff(t *testing.T) {
	dials := make(map[bool]int)
	for _, without := range []bool{false, true} {
		r := runOn(t, &memServer{longer: 20 * time.Second}, Config{
			Scenario: ScenarioStorm, NoBackoff: without, Profile: "loopback", Pairs: 5, Duration: time.Minute, Seed: 3,
		})
		r.mustPass(t)
		if s := r.Storm; s == nil || s.Phones != 10 || s.Missing != 0 || s.AllBack == 0 || without && s.AllBack > 2000 {
			t.Errorf("without back-off %v, the storm was %+v", without, s)
		}
		if r.Setup.Backoff == without || r.Costs.QuickestRedial < 1000 {
			t.Errorf("back-off is %v, the quickest redial came after %v ms", r.Setup.Backoff, r.Costs.QuickestRedial)
		}
		if on := r.Profiles[0]; on.Join.Count != 10 || on.Reconnect.Count != 0 {
			t.Errorf("%d first joins; %d reconnects, though no link was gone", on.Join.Count, on.Reconnect.Count)
		}
		dials[without] = r.Costs.Dials
	}
	if dials[true] < 22*10 || dials[false] > dials[true]/2 {
		t.Errorf("%d dials without back-off, %d with it", dials[true], dials[false])
	}
}

func TestChurn(t *testing.T) {
	r := runInMemory(t, Config{Scenario: ScenarioChurn, Profile: "fast-4g", Pairs: 5, Duration: 5 * time.Minute, Think: time.Second, Seed: 4, Targets: lax()})
	r.mustPass(t)
	if r.Errors["room expired"]+r.Errors["room lost"] > 0 || r.Costs.Dials < 40 {
		t.Errorf("%d dials, failures %v", r.Costs.Dials, r.Errors)
	}
}

func TestIdleSaysNothing(t *testing.T) {
	r := runInMemory(t, Config{Scenario: ScenarioIdle, Profile: "loopback", Pairs: 5, Duration: time.Minute, Seed: 5})
	r.mustPass(t)
	if r.Ledger.Sent != 0 || r.Idle == nil || r.Idle.Sockets != 10 {
		t.Errorf("%d sent, idle is %+v", r.Ledger.Sent, r.Idle)
	}
}

func TestLagOfLeavingIsNotCounted(t *testing.T) {
	r := &run{lags: newHistogram()}
	r.lag(time.Millisecond)
	r.left.Store(true)
	r.lag(time.Second)
	if n := r.lags.count(); n != 1 {
		t.Errorf("%d counted, want the one before", n)
	}
}

// Whatever happens to phones, nothing is lost, doubled, reordered or let in.
func TestMixedFaults(t *testing.T) {
	r := runInMemory(t, Config{
		Scenario: ScenarioFaults, Profile: "fast-4g", Pairs: 10, Duration: 10 * time.Minute, Seed: 1, Targets: new(Targets),
	})
	r.mustPass(t)
	kinds := make(map[string]bool)
	for _, f := range r.Faults {
		kinds[f.Kind] = true
	}
	for _, f := range faults {
		if !kinds[f.name] {
			t.Errorf("no %s", f.name)
		}
	}
	if on := r.Profiles[0]; on.Disturbed.Count == 0 || on.Reconnect.Count == 0 || r.Stale == 0 {
		t.Errorf("%d disturbed, %d reconnects, %d stale", on.Disturbed.Count, on.Reconnect.Count, r.Stale)
	}
}

// Tabs that are frozen for as long as browsers freeze them lose nothing.
func TestFrozenForMinutes(t *testing.T) {
	r := runInMemory(t, Config{
		Scenario: ScenarioFaults, Freeze: 5 * time.Minute, Profile: "fast-4g", Pairs: 4, Duration: time.Hour, Seed: 1, Targets: new(Targets),
	})
	r.mustPass(t)
	longest := make(map[string]float64)
	for _, f := range r.Faults {
		longest[f.Kind] = max(longest[f.Kind], f.To-f.From)
	}
	for _, kind := range []string{"frozen tab", "doze"} {
		if least := 5. * 60 * 1000; longest[kind] < least {
			t.Errorf("the longest %s took %v ms", kind, longest[kind])
		}
	}
	if r.Setup.Freeze != 300 || r.Profiles[0].Disturbed.Max < 60_000 {
		t.Errorf("frozen for %v s on average; the slowest message took %v ms", r.Setup.Freeze, r.Profiles[0].Disturbed.Max)
	}
}

// gapLink notes the gap that is put into it.
type gapLink struct {
	PhoneLink
	gap time.Duration
	cut bool
}

func (l *gapLink) Gap(long time.Duration, cut bool) { l.gap, l.cut = long, cut }

// A phone that dozes has neither a network nor a page that runs.
func TestDoze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(gapLink)
		p := &phone{run: new(run), link: l}
		go p.doze(t.Context(), time.Minute)
		synctest.Wait()
		if l.gap != time.Minute || l.cut {
			t.Errorf("the network is away for %v, cut is %v", l.gap, l.cut)
		}
		begun := time.Now()
		p.awaitThaw(t.Context())
		if took := time.Since(begun); took != time.Minute {
			t.Errorf("events were taken again after %v", took)
		}
		synctest.Wait()
	})
}

// gapped puts every second phone of a run into a gap that outlasts the run.
type gapped struct {
	Network
	after time.Duration
}

type gappedEmulation struct {
	Emulation
	after  time.Duration
	phones *int
}

func (g gapped) Emulate(lag func(time.Duration)) Emulation {
	return gappedEmulation{g.Network.Emulate(lag), g.after, new(int)}
}

func (g gappedEmulation) Phone(params link.Params, seed uint64, onBack func(since time.Time, cut bool)) PhoneLink {
	l := g.Emulation.Phone(params, seed, onBack)
	if *g.phones++; *g.phones%2 == 0 {
		time.AfterFunc(g.after, func() { l.Gap(time.Hour, false) })
	}
	return l
}

// What is on its way to a phone in a tunnel is not lost, even if the phone has
// not noticed the tunnel yet: it could not see it. A run that is ended early still
// reports, a little later.
func TestWhatWaitsForATunnelIsUndecided(t *testing.T) {
	for name, c := range map[string]struct{ duration, early, most time.Duration }{
		"to the end":  {duration: time.Minute, most: time.Minute + drainFor},
		"interrupted": {duration: time.Hour, early: time.Minute, most: time.Minute + drainFor/6},
	} {
		t.Run(name, func(t *testing.T) {
			s := &memServer{early: c.early}
			r := runOn(t, s, Config{
				Network: gapped{s.network(), 40 * time.Second},
				Profile: "fast-4g", Pairs: 20, Duration: c.duration, Ramp: time.Second, Think: time.Second, Seed: 1, Targets: lax(),
			})
			r.mustPass(t)
			if r.Ledger.Undecided == 0 || r.Interrupted != (c.early > 0) || r.Seconds > c.most.Seconds()+1 {
				t.Errorf("interrupted is %v after %v s, the ledger %+v", r.Interrupted, r.Seconds, r.Ledger)
			}
		})
	}
}

func TestConfigFaultsAreAllNamed(t *testing.T) {
	_, err := Run(t.Context(), Config{Scenario: "x", Profile: "y", Pairs: -1, Duration: -1})
	if !errors.Is(err, ErrConfig) {
		t.Fatalf("error is %v", err)
	}
	for _, part := range []string{`scenario "x"`, `profile "y"`, "-1 pairs", "duration", "URL and Server"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not named in %v", part, err)
		}
	}
	_, err = Run(t.Context(), Config{URL: "http://relay.example", Scenario: ScenarioStorm})
	if !errors.Is(err, ErrConfig) {
		t.Errorf("a storm for somebody else's relay: %v", err)
	}
}
