package link

import "time"

// The bounds of a retransmission time-out, as Linux has them.
const (
	minVar     = 200 * time.Millisecond // the least that four deviations count as
	initialRTO = time.Second
	maxRTO     = 120 * time.Second
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

// wait returns how long a sender waits for the acknowledgement of what it sent
// for the n-th time, counted from 0, before it sends it again.
func (e *estimator) wait(n int) time.Duration {
	rto := initialRTO
	if e.srtt > 0 {
		rto = e.srtt + max(4*e.rttvar, minVar)
	}
	return min(rto<<min(n, 10), maxRTO)
}
