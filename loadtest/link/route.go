package link

import (
	"time"
)

// Queue is how many bytes wait at each end of a route until they have left; what
// comes beyond is dropped. Networks for phones have deep queues.
const Queue = 64 << 10

// Route is the network of one phone for packets, that is for the TCP of a
// kernel: the same weather as a Link has, but what is lost is for the kernel to
// send again. Packets arrive in the order in which they were sent. Its methods
// are safe for concurrent use.
type Route struct {
	path
	toRelay, toPhone pipe

	// Guarded by path.mu.
	flows map[flow]*tracking
}

// flow is a connection, by the ports of phone and relay.
type flow struct{ phone, relay uint16 }

// tracking is what the NAT knows of a flow.
type tracking struct {
	passed    time.Time
	forgotten bool
	severed   bool   // the phone has another address since
	next      uint32 // the number after the last byte the relay sent; 0: none yet
	passages  passages
}

// pipe is one direction of a route.
type pipe struct {
	down    bool
	deliver func(packet []byte)
	queue   []parcel // in the order in which they were sent, and arrive
	due     timer
}

// parcel is a packet on its way. Without bytes, it is not one.
type parcel struct {
	packet  []byte
	entered time.Time // zero: not known when its data first did
	arrives time.Time // or when the one before does, if that is later
}

// Route adds a route, which suffers params as seed has it. toRelay and toPhone
// get the packets that arrive, from the goroutine of the clock; they must not
// block. onBack is as in Net.Link. severed, if not nil, is called when the phone
// loses its connections as its network changes, with locks held.
func (n *Net) Route(params Params, seed uint64, toRelay, toPhone func(packet []byte), onBack func(since time.Time, cut bool), severed func()) *Route {
	r := &Route{flows: make(map[flow]*tracking)}
	r.toRelay = pipe{deliver: toRelay}
	r.toPhone = pipe{deliver: toPhone, down: true}
	r.toRelay.due.fire = func(now time.Time) { r.arrive(&r.toRelay, now) }
	r.toPhone.due.fire = func(now time.Time) { r.arrive(&r.toPhone, now) }
	r.init(n, params, seed, onBack, func() {
		for _, t := range r.flows {
			t.severed = true
		}
		if severed != nil {
			severed()
		}
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links = append(n.links, r)
	return r
}

// FromPhone takes a packet that the phone's kernel has sent. It copies packet.
func (r *Route) FromPhone(h Headers, packet []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := flow{h.Src.Port(), h.Dst.Port()}
	now := time.Now()
	if h.SYN {
		r.track(f, now)
	}
	if t := r.flows[f]; t == nil || !t.severed {
		r.enter(&r.toRelay, now, now, packet)
	}
}

// FromRelay takes a packet that the relay's kernel has sent. It copies packet.
func (r *Route) FromRelay(h Headers, packet []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	t := r.flows[flow{h.Dst.Port(), h.Src.Port()}]
	if t == nil || !r.maps(t, now) {
		return
	}
	entered := now
	if h.Bytes > 0 {
		next := h.Seq + uint32(h.Bytes)             //nolint:gosec // at most 64 KiB
		if t.next != 0 && int32(next-t.next) <= 0 { //nolint:gosec // numbers wrap
			entered = time.Time{} // sent again
		} else {
			t.next = next
		}
	}
	r.enter(&r.toPhone, now, entered, packet)
}

// track has the NAT know a new flow. Called with r.mu held.
func (r *Route) track(f flow, now time.Time) {
	if t := r.flows[f]; t == nil || t.severed || t.forgotten { // else it is the SYN again
		r.flows[f] = &tracking{passed: now}
	}
}

// maps reports whether the NAT lets a packet of the flow pass, and notes that
// one wanted to. Called with r.mu held.
func (r *Route) maps(t *tracking, now time.Time) bool {
	if idle := r.params.NATIdle; idle > 0 && now.Sub(t.passed) > idle {
		t.forgotten = true
	}
	t.passed = now
	return !t.forgotten && !t.severed
}

// enter puts a packet into a pipe, unless it is lost or finds the queue full.
// Called with r.mu held.
func (r *Route) enter(p *pipe, now, entered time.Time, packet []byte) {
	if r.closed {
		return
	}
	d, rate := r.way(p.down)
	if rate > 0 && d.free.Sub(r.radio.awake(now, r.params)) > occupies(Queue, rate) {
		return
	}
	t := r.leave(d, rate, now, len(packet))
	if r.lost(d, t) {
		return
	}
	arrives := t.Add(r.params.RTT/2 + r.jitter(d))
	r.radio.active(arrives)
	p.queue = append(p.queue, parcel{append([]byte(nil), packet...), entered, arrives})
	if len(p.queue) == 1 {
		r.net.clock.set(&p.due, arrives)
	}
}

// arrive is called by the clock.
func (r *Route) arrive(p *pipe, now time.Time) {
	for {
		packet, ok := r.take(p, now)
		if !ok {
			return
		}
		if packet != nil {
			p.deliver(packet)
		}
	}
}

// take takes the next packet that has arrived, and reports whether there was
// one. It returns nil for one that the NAT keeps: that is behind the radio.
func (r *Route) take(p *pipe, now time.Time) (packet []byte, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(p.queue) == 0 {
		return nil, false
	}
	first := p.queue[0]
	if now.Before(first.arrives) {
		r.net.clock.set(&p.due, first.arrives)
		return nil, false
	}
	p.queue[0] = parcel{}
	if p.queue = p.queue[1:]; len(p.queue) == 0 {
		p.queue = nil
	}
	h, _ := ParseHeaders(first.packet)
	if p.down {
		t := r.flows[flow{h.Dst.Port(), h.Src.Port()}]
		switch {
		case t == nil:
		case t.severed:
			return nil, true
		case h.Bytes > 0:
			t.passages.take(first.entered, now)
		}
		return first.packet, true
	}
	t := r.flows[flow{h.Src.Port(), h.Dst.Port()}]
	switch {
	case t != nil && r.maps(t, now):
		if h.Bytes > 0 {
			t.passages.handOver(first.entered, time.Now())
		}
		return first.packet, true
	case r.params.NATReset && (t == nil || !t.severed):
		r.enter(&r.toPhone, now, time.Time{}, reset(h))
	}
	return nil, true
}

// Dialling notes that the phone dials.
func (r *Route) Dialling() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dialling(time.Now())
}

// ForgetNAT makes the NAT forget the connections there are.
func (r *Route) ForgetNAT() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.backAt = time.Now()
	for _, t := range r.flows {
		t.forgotten = true
	}
}

// Slow has what the phone gets come at another rate, in bits a second, until it
// is called with 0.
func (r *Route) Slow(bitsPerSecond int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.downSlower = bitsPerSecond
}

// Handed is as in Link.
func (r *Route) Handed(since, before time.Time) (at time.Time, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.flows {
		at = later(at, t.passages.handedSince(since, before))
	}
	return at, !at.IsZero()
}

// Taken is as in Conn, for the connection between these ports. It returns the
// zero time for data that had to be sent again, too, and where something else
// arrived at almost the same time.
func (r *Route) Taken(phone, relay uint16) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.flows[flow{phone, relay}]; t != nil {
		return t.passages.taken()
	}
	return time.Time{}
}

func (r *Route) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.toRelay.queue, r.toPhone.queue = nil, nil
	for _, t := range []*timer{&r.gapEnd, &r.toRelay.due, &r.toPhone.due} {
		r.net.clock.unset(t)
	}
}
