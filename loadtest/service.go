package loadtest

import (
	"errors"
	"time"

	"sotto/client"
	"sotto/loadtest/ledger"
)

// Service is what phones asked of the relay and did not get, though the networks
// that were emulated allowed it. What a network explains is bounded: one that
// has met no gap and no fault for excused explains nothing any more.
type Service struct {
	// Phones had been there for long enough to be in their rooms at the end, and
	// Absent of them were not.
	Phones int `json:"phones"`
	Absent int `json:"absent"`
	// Unanswered are sends without an answer.
	Unanswered int `json:"unanswered"`
	// Stalled are pairs of which both phones were there, and neither was told of
	// anything that would have it speak.
	Stalled int `json:"stalled"`
	// Refused are the relay's refusals by cause. No network explains one.
	Refused map[string]int `json:"refused"`
}

// excused is how long after the last gap or fault a network still excuses a
// phone: an attempt to connect may take half a minute, and the pause before the
// next one 16 seconds.
const excused = 50 * time.Second

// upFor returns for how long the phone has been there with a network that works;
// 0 if it has not come. Called with p.mu held.
func (p *phone) upFor(now time.Time) time.Duration {
	if p.came.IsZero() || p.thaw != nil || p.elsewhere != nil {
		return 0
	}
	up := p.came
	for _, t := range []time.Time{p.link.Stats().BackAt, p.faultAt, p.run.relayBack()} {
		if t.After(up) {
			up = t
		}
	}
	return max(0, now.Sub(up))
}

// waits reports whether the phone waits for the relay, to be in its room or to
// be answered. Called with p.mu held.
func (p *phone) waits() (absent, unanswered bool) {
	return !p.came.IsZero() && !p.joined, p.sending
}

// serves counts what phones wait for, at the end.
func (r *run) serves(now time.Time) {
	for p := range r.phones() {
		p.mu.Lock()
		absent, unanswered := p.waits()
		up := p.upFor(now) >= excused
		since := p.since
		p.mu.Unlock()
		if !up || r.left.Load() {
			continue
		}
		r.service.Phones++
		if absent {
			r.service.Absent++
		}
		if unanswered && now.Sub(since) >= excused {
			r.service.Unanswered++
		}
	}
}

// stalls counts the pairs in which nobody is to speak any more.
func (r *run) stalls(now time.Time) {
	if r.cfg.Scenario == ScenarioIdle {
		return
	}
	for _, pair := range r.pairs {
		stalled := true
		for _, p := range pair.phones {
			p.mu.Lock()
			stalled = stalled && p.joined && p.plan == nil && !p.sending &&
				now.Sub(p.active) >= excused && p.upFor(now) >= excused
			p.mu.Unlock()
		}
		if stalled {
			r.service.Stalled++
		}
	}
}

// expected reports whether the scenario itself leads to a refusal.
func (r *run) expected(err error) bool {
	switch r.cfg.Scenario {
	case ScenarioStorm:
		return r.away.Load() || time.Since(r.relayBack()) < ledger.DueWithin
	case ScenarioFaults:
		return errors.Is(err, client.ErrLocked) // by strangers
	}
	return false
}
