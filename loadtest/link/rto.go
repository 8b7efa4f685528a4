package link

import "time"

// The bounds of a retransmission time-out, as Linux has them.
const (
	minVar     = 200 * time.Millisecond // the least that four times RTTVAR counts as
	initialRTO = time.Second
	maxRTO     = 120 * time.Second
	maxAckWait = 200 * time.Millisecond // RFC 8985: WCDelAckT
	delayedAck = 40 * time.Millisecond  // for which data to carry it are waited for
)

// estimator is that of RFC 6298 as Linux has it (tcp_rtt_estimator), one for
// each sender: RTTVAR follows the mean deviation up at once, and down by a
// quarter with each round trip; a round trip that is shorter than usual hardly
// counts as a deviation.
type estimator struct {
	srtt, mdev, rttvar time.Duration // zero: no sample yet; both deviations are four times themselves
}

func (e *estimator) sample(rtt time.Duration) {
	if e.srtt == 0 {
		e.srtt, e.mdev = rtt, 2*rtt
		e.rttvar = max(e.mdev, minVar)
		return
	}
	err := rtt - e.srtt
	e.srtt += err / 8
	more := err.Abs() - e.mdev/4
	if err < 0 && more > 0 {
		more /= 8
	}
	e.mdev += more
	if most := max(e.mdev, minVar); most > e.rttvar {
		e.rttvar = most
	} else {
		e.rttvar -= (e.rttvar - most) / 4
	}
}

func (e *estimator) rto() time.Duration {
	if e.srtt == 0 {
		return initialRTO
	}
	return min(e.srtt+e.rttvar, maxRTO)
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

// fires returns when a timer fires that a kernel sets at t. Its wheel turns by a
// tick of 4 ms (250 Hz); for each eightfold of 63 ticks timers are eight times
// as coarse, and always late.
func fires(t time.Time, after time.Duration) time.Time {
	step := 4 * time.Millisecond
	for after >= 63*step {
		step *= 8
	}
	return t.Add(after).Truncate(step).Add(step)
}

// timing is how a sender learns a round trip, of one segment at a time.
type timing struct {
	sent, arrives time.Time // for the last time; zero: none is timed
}

// acknowledged takes in that the peer has sent a segment now, and for the last
// time at last, from where it arrives. It carries the acknowledgement, if the
// peer has the segment that is timed and has not sent one without data.
func (h *half) acknowledged(now, last, arrives time.Time, rtt time.Duration) {
	if h.timed.sent.IsZero() || now.Before(h.timed.arrives) || now.After(h.timed.arrives.Add(delayedAck)) {
		return
	}
	took := arrives.Sub(h.timed.sent)
	// If it had to be sent again, its addressee has not waited idly: it has sent
	// its own again, and the answer to that may have come first. That tells a
	// round trip, the other a stall.
	if there := h.timed.arrives.Sub(h.timed.sent); last.After(now) {
		if probe := fires(h.timed.sent, h.rtt.wait(0)); probe.Add(there).Before(last) {
			took = there + rtt/2
		}
	}
	h.rtt.sample(took)
	h.timed = timing{}
}

// time has a segment timed that is sent now, and for the last time at last, from
// where it arrives. As time stamps tell which was acknowledged, the last counts.
func (h *half) time(now, last, arrives time.Time, rtt time.Duration) {
	if !h.timed.sent.IsZero() {
		bare := h.timed.arrives.Add(delayedAck + rtt/2)
		if now.Before(bare) {
			return
		}
		h.rtt.sample(bare.Sub(h.timed.sent))
	}
	h.timed = timing{last, arrives}
}
