package link

import (
	"errors"
	"fmt"
	"time"
)

// Params say what a link imposes. The zero value imposes nothing.
type Params struct {
	// Down and Up are bits a second towards and from the phone; 0: no limit.
	Down, Up int64
	// RTT is the round trip between phone and relay.
	RTT time.Duration
	// Jitter is the mean of the extra delay each way.
	Jitter time.Duration
	// Loss is the fraction of time in which a direction loses packets, from 0
	// to below 1.
	Loss float64
	// LossBurst is how long such a time is, on average.
	LossBurst time.Duration
	// RadioWake is how long the first packet waits after RadioTail of silence;
	// a zero RadioTail: the radio never sleeps.
	RadioWake, RadioTail time.Duration
	// NATIdle is how long a connection may be silent before it is forgotten;
	// 0: for ever.
	NATIdle time.Duration
	// NATReset answers packets of a forgotten connection with a reset.
	NATReset bool
	// Gaps in which nothing passes.
	Gaps Gaps
}

// Gaps are times without a network.
type Gaps struct {
	// Every is the mean time from the end of one to the start of the next; 0:
	// there are none.
	Every time.Duration
	// Min and Max bound how long one is.
	Min, Max time.Duration
	// Cut is the fraction of gaps that end the phone's connections.
	Cut float64
}

// Validate returns everything that is wrong with p.
func (p Params) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(p.Down >= 0 && p.Up >= 0, "a rate is negative")
	check(p.RTT >= 0 && p.Jitter >= 0 && p.LossBurst >= 0 && p.NATIdle >= 0, "a time is negative")
	check(p.RadioWake >= 0 && p.RadioTail >= 0, "a time of the radio is negative")
	const most = 0.9 // beyond, nothing ever gets through
	check(p.Loss >= 0 && p.Loss <= most, "a loss of %g %% is not between 0 and %g", p.Loss*100, most*100)
	check(p.Loss == 0 || p.LossBurst > 0, "loss needs a length of bursts")
	g := p.Gaps
	check(g.Every >= 0 && g.Min >= 0 && g.Max >= g.Min, "gaps need 0 ≤ min ≤ max")
	check(g.Every == 0 || g.Max > 0, "gaps need a length")
	check(g.Cut >= 0 && g.Cut <= 1, "the fraction of gaps that cut is not between 0 and 1")
	return errors.Join(faults...)
}
