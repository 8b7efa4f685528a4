package loadtest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"sotto/client"
	"sotto/loadtest/ledger"
	"sotto/wire"
)

// pair is two phones that know one number.
type pair struct {
	run      *run
	index    int
	profile  int // in run.shares
	measures *measures
	number   string
	code     client.PairingCode
	phones   [2]*phone

	mu      sync.Mutex // guards what follows; taken before ledger.Room's
	rng     *rand.Rand
	now     life
	before  life // the one before
	flights map[ledger.Stamp]flight
	turns   int
}

// life is one of the rooms of a pair, which follow one another as the relay
// restarts or a phone ends them.
type life struct {
	id     wire.RoomID // zero: nobody is in it yet
	number int
	room   *ledger.Room
}

// flight is a message between the plan to send it and its delivery.
type flight struct {
	planned time.Time
	sent    time.Time
	marks   [2]mark
}

// mark is how a phone was doing.
type mark struct {
	wakes    int // of its radio
	faults   int
	troubled bool
	dropped  int // connections lost
}

func newPair(r *run, index, profile int) *pair {
	p := &pair{
		run: r, index: index, profile: profile, measures: r.measures[profile],
		number: fmt.Sprintf("%s%06d", r.prefix, index), code: client.NewPairingCode(),
		rng:     rand.New(rand.NewPCG(r.cfg.Seed, uint64(index)<<8|0xff)), //nolint:gosec // pauses, not secrets
		now:     life{number: 1, room: r.ledger.Room(index, 1)},
		flights: make(map[ledger.Stamp]flight),
	}
	for seat := range p.phones {
		p.phones[seat] = newPhone(p, seat)
	}
	return p
}

// current returns the account of the room that phones are in or join.
func (p *pair) current() *ledger.Room {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now.room
}

// in returns the life of the room that a phone finds itself in. It is the room's
// id that tells: a phone that was on its way while the relay restarted is in
// another room than the one it set out for.
func (p *pair) in(id wire.RoomID) life {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch id {
	case p.now.id:
	case p.before.id:
		return p.before
	default:
		if p.now.id != (wire.RoomID{}) {
			p.next()
		}
		p.now.id = id
	}
	return p.now
}

// ended notes that a room is gone for good, as whoever finds it first tells.
func (p *pair) ended(l life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now.number == l.number {
		p.next()
	}
}

// next begins another life. Called with p.mu held.
func (p *pair) next() {
	p.run.ended.Add(1)
	p.now.room.Forget()
	clear(p.flights)
	p.turns = 0
	number := p.now.number + 1
	p.before, p.now = p.now, life{number: number, room: p.run.ledger.Room(p.index, number)}
}

// pause returns how long a phone thinks before it answers.
func (p *pair) pause() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	think := float64(p.run.cfg.Think)
	d := time.Duration(max(think/10, think*p.rng.ExpFloat64()))
	d = min(d, 10*p.run.cfg.Think)
	p.turns++
	const often = 6
	if (p.turns+p.index)%often == 0 && p.run.cfg.Scenario != ScenarioChurn {
		d += 12*time.Second + time.Duration(p.rng.Float64()*float64(6*time.Second))
	}
	return d
}

// depart notes that a message is about to be sent.
func (p *pair) depart(s ledger.Stamp, planned time.Time) {
	f := flight{planned: planned, sent: time.Now()}
	for i, phone := range p.phones {
		f.marks[i] = phone.mark()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flights[s] = f
}

// arrive measures a message that its addressee has now, and that was taken from
// the relay then, if that is known.
func (p *pair) arrive(s ledger.Stamp, now, taken time.Time) {
	p.mu.Lock()
	f, ok := p.flights[s]
	delete(p.flights, s)
	p.mu.Unlock()
	if !ok {
		return
	}
	took := now.Sub(f.planned)
	var cold, disturbed, dropped bool
	for i, phone := range p.phones {
		m := phone.mark()
		cold = cold || m.wakes != f.marks[i].wakes
		disturbed = disturbed || m.faults != f.marks[i].faults || m.troubled || f.marks[i].troubled
		dropped = dropped || m.dropped != f.marks[i].dropped
	}
	switch {
	case disturbed:
		p.measures.disturbed.record(took)
	case cold:
		p.measures.cold.record(took)
	default:
		p.measures.hot.record(took)
	}
	p.run.delivered(now, took, cold, disturbed)
	if disturbed || dropped || taken.IsZero() {
		return // which segment carried it is not known
	}
	if handed, ok := p.phones[s.Seat].link.Handed(f.sent, taken); ok {
		p.measures.added.record(taken.Sub(handed))
	}
}
