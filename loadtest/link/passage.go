package link

import "time"

// passages note when data went through the relay's end of a connection.
type passages struct {
	handed     [10]handover // more than a message has, and an edit that follows it
	handedNext int
	took       taking
	tookBefore taking
}

// handover notes when bytes the phone wrote reached the relay.
type handover struct{ written, at time.Time }

// taking notes when bytes were taken from the relay, and had by the phone.
type taking struct{ entered, read time.Time }

func (p *passages) handOver(written, at time.Time) {
	p.handed[p.handedNext] = handover{written, at}
	p.handedNext = (p.handedNext + 1) % len(p.handed)
}

// take notes data that the phone has now. A zero entered: it is not known when
// it was taken from the relay.
func (p *passages) take(entered, now time.Time) {
	if entered != p.took.entered {
		p.tookBefore = p.took
	}
	p.took = taking{entered, now}
}

// handedSince returns when the last data written at since or later was handed
// over at before or earlier; the zero time: none was.
func (p *passages) handedSince(since, before time.Time) (at time.Time) {
	for _, h := range p.handed {
		if !h.written.Before(since) && !h.at.After(before) {
			at = later(at, h.at)
		}
	}
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// apart is how far two segments must be from each other for taken to tell which
// of them is meant.
const apart = 10 * time.Millisecond

// taken returns when what the phone had last was taken from the relay, for
// somebody who asks a little later: the zero time if that is not known, or
// something else came at almost the same time.
func (p *passages) taken() time.Time {
	if p.took.read.Sub(p.tookBefore.read) < apart {
		return time.Time{}
	}
	return p.took.entered
}
