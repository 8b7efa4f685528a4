package loadtest

import (
	"context"
	"time"
)

// idleCosts measures the relay before anybody comes, with everybody silent, and
// with the rooms alone.
func (r *run) idleCosts(ctx context.Context) {
	if r.cfg.Server == nil {
		return
	}
	third := (r.cfg.Duration - r.cfg.Ramp) / 3
	if !r.wait(ctx, time.Until(r.begun.Add(r.cfg.Ramp+third))) {
		return
	}
	settled, at := r.traffic(), time.Now()
	if !r.wait(ctx, third) {
		return
	}
	silent := time.Since(at).Hours()
	sockets := int(r.joined.Load())
	bytes := r.traffic() - settled
	full, err := r.cfg.Server.Usage(ctx, true)
	if err != nil || sockets == 0 {
		return
	}
	r.left.Store(true)
	r.leave()
	if !r.wait(ctx, third/2) {
		return
	}
	empty, err := r.cfg.Server.Usage(ctx, true)
	if err != nil {
		return
	}
	rooms := float64(len(r.pairs))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idled = &Idle{
		Sockets: sockets, Rooms: len(r.pairs),
		BytesPerSocket:      round((float64(full.RSS)-float64(r.before.RSS))/float64(sockets), 0),
		BytesPerRoom:        round((float64(empty.RSS)-float64(r.before.RSS))/rooms, 0),
		GoroutinesPerSocket: round(float64(full.Goroutines-empty.Goroutines)/float64(sockets), 2),
		WireBytesPerHour:    round(float64(bytes)/float64(sockets)/silent, 0),
	}
}

// traffic returns how many bytes passed on all links.
func (r *run) traffic() (bytes int64) {
	for p := range r.phones() {
		s := p.link.Stats()
		bytes += s.UpBytes + s.DownBytes
	}
	return bytes
}
