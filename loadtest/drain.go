package loadtest

import (
	"context"
	"time"

	"sotto/loadtest/ledger"
)

// drainFor bounds how long messages under way are waited for.
const drainFor = 60 * time.Second

// While messages are waited for, phones that miss one ask the relay.
const (
	askEvery   = time.Second
	askTimeout = 20 * time.Second // then they connect anew
	// takenIn is more than a phone takes to take in what came before an answer.
	takenIn = time.Second
)

// drain waits until every message has been answered and seen and every phone is
// in its room, for a while.
func (r *run) drain(ctx context.Context, interrupted bool) {
	limit := drainFor
	if interrupted {
		limit /= 6
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for p := range r.phones() {
		p.wakeUp()
	}
	var asked time.Time
	for r.underway() > 0 && r.wait(ctx, 100*time.Millisecond) {
		if time.Since(asked) >= askEvery {
			asked = time.Now()
			r.ask()
		}
	}
}

// underway counts the messages and phones that are not where they should be.
func (r *run) underway() int {
	n := 0
	for _, p := range r.pairs {
		room := p.current()
		for seat, missing := range room.Waiting() {
			n += missing
			phone := p.phones[seat]
			phone.mu.Lock()
			if absent, unanswered := phone.waits(); (absent || unanswered) && !r.left.Load() {
				n++
			}
			phone.mu.Unlock()
		}
	}
	return n
}

// ask has every phone ask that misses a message.
func (r *run) ask() {
	for _, p := range r.pairs {
		room := p.current()
		for seat, missing := range room.Waiting() {
			if missing > 0 {
				p.phones[seat].ask(room)
			}
		}
	}
}

// ask has the relay answer a ping if the phone is in the room, and notes when it
// was asked once everything that came before its answer is taken in.
func (p *phone) ask(room *ledger.Room) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.session
	if s == nil || p.room != room || p.asking {
		return
	}
	p.asking = true
	p.run.later(func() {
		begun := time.Now()
		ctx, cancel := context.WithTimeout(p.run.ctx, askTimeout)
		defer cancel()
		answered := s.Check(ctx) == nil && p.run.wait(p.run.ctx, takenIn)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asking = false
		if answered {
			p.asked = begun
		}
	})
}

// settle closes the accounts: what was accepted and not seen is lost, unless
// whom it is for could not see it.
func (r *run) settle() {
	for _, p := range r.pairs {
		room := p.current()
		var asked [2]time.Time
		for seat, phone := range p.phones {
			phone.mu.Lock()
			asked[seat] = phone.asked
			phone.mu.Unlock()
		}
		room.Settle(asked)
	}
}
