package link

import "time"

// The bounds of a retransmission time-out, as Linux has them.
const (
	minVar     = 200 * time.Millisecond // the least that four deviations count as
	initialRTO = time.Second
	maxRTO     = 120 * time.Second
	maxAckWait = 200 * time.Millisecond // RFC 8985: WCDelAckT
)

// estimator is that of RFC 6298, one for each sender.
type estimator struct {
	srtt, rttvar time.Duration // zero: no sample yet
}

func (e *estimator) sample(rtt time.Duration) {
	if e.srtt == 0 {
		e.srtt, e.rttvar = rtt, rtt/2
		return
	}
	e.rttvar += ((rtt - e.srtt).Abs() - e.rttvar) / 4
	e.srtt += (rtt - e.srtt) / 8
}

func (e *estimator) rto() time.Duration {
	if e.srtt == 0 {
		return initialRTO
	}
	return min(e.srtt+max(4*e.rttvar, minVar), maxRTO)
}

// wait returns how long a sender waits for the acknowledgement of what it sent
// for the n-th time, counted from 0, before it sends it again. The first
// repetition is a probe, after which the time-out is not doubled yet.
func (e *estimator) wait(n int) time.Duration {
	rto := e.rto()
	if n == 0 {
		if e.srtt == 0 {
			return rto
		}
		return min(2*e.srtt+maxAckWait, rto)
	}
	return min(rto<<min(n-1, 10), maxRTO)
}
