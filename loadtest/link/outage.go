package link

import (
	"math/rand/v2"
	"time"
)

// outages are the times in which a direction, or the whole link, loses all
// packets. They are drawn ahead as far as anybody asks, and do not depend on
// who asks, so that the same seed has the same weather.
type outages struct {
	next  func() (after, long time.Duration, cut bool) // nil: there are none
	spans []span                                       // in order of time, not overlapping
	drawn time.Time                                    // everything before is in spans
}

type span struct {
	from, to time.Time
	cut      bool // ends the phone's connections
}

// newBursts draws bursts of loss.
func newBursts(rng *rand.Rand, start time.Time, loss float64, mean time.Duration) outages {
	o := outages{drawn: start}
	if loss > 0 {
		good := float64(mean) * (1 - loss) / loss
		o.next = func() (after, long time.Duration, cut bool) {
			return time.Duration(rng.ExpFloat64() * good), time.Duration(rng.ExpFloat64() * float64(mean)), false
		}
	}
	return o
}

// newGaps draws times without a network.
func newGaps(rng *rand.Rand, start time.Time, g Gaps) outages {
	o := outages{drawn: start}
	if g.Every > 0 {
		o.next = func() (after, long time.Duration, cut bool) {
			after = time.Duration(rng.ExpFloat64() * float64(g.Every))
			long = g.Min + time.Duration(rng.Float64()*float64(g.Max-g.Min))
			return after, long, rng.Float64() < g.Cut
		}
	}
	return o
}

// at returns the outage at t. Times need not be asked for in order, but none
// long before others: see forget.
func (o *outages) at(t time.Time) (span, bool) {
	for o.next != nil && !o.drawn.After(t) {
		o.draw()
	}
	for _, s := range o.spans {
		if t.Before(s.from) {
			break
		}
		if t.Before(s.to) {
			return s, true
		}
	}
	return span{}, false
}

func (o *outages) draw() {
	after, long, cut := o.next()
	from := o.drawn.Add(after)
	o.drawn = from.Add(long)
	o.spans = append(o.spans, span{from, o.drawn, cut})
}

// endingAfter returns the first outage that ends after t.
func (o *outages) endingAfter(t time.Time) (span, bool) {
	for o.next != nil {
		for _, s := range o.spans {
			if s.to.After(t) {
				return s, true
			}
		}
		o.draw()
	}
	return span{}, false
}

// forget drops what ended before t.
func (o *outages) forget(t time.Time) {
	n := 0
	for n < len(o.spans) && o.spans[n].to.Before(t) {
		n++
	}
	o.spans = o.spans[:copy(o.spans, o.spans[n:])]
}
