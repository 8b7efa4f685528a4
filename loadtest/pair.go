package loadtest

import (
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"sotto/blind"
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
	number   string             // of std-1, with its
	code     client.PairingCode // pairing code
	root     *blind.RootKey     // of sotto-2
	phones   [2]*phone

	mu      sync.Mutex // guards what follows; taken before ledger.Room's
	rng     *rand.Rand
	now     life
	before  life                    // the one before
	flights map[ledger.Stamp]flight // by first texts
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
	here     bool
}

func newPair(r *run, index, profile int) *pair {
	p := &pair{
		run: r, index: index, profile: profile, measures: r.measures[profile],
		rng:     rand.New(rand.NewPCG(r.cfg.Seed, uint64(index)<<8|0xff)), //nolint:gosec // pauses, not secrets
		flights: make(map[ledger.Stamp]flight),
	}
	if r.private() {
		// Any root key will do: that of a code costs a third of a second.
		var k [32]byte
		_, _ = crand.Read(k[:]) // never fails
		p.root = blind.NewRootKey(k)
	} else {
		p.number, p.code = fmt.Sprintf("%s%06d", r.prefix, index), client.NewPairingCode()
	}
	for seat := range p.phones {
		p.phones[seat] = newPhone(p, seat)
	}
	p.now = p.life(1)
	return p
}

// identity is that of a PIN, which has six digits.
func (p *pair) identity(pin int) client.Identity {
	var identity client.Identity
	var err error
	if p.root != nil {
		identity, err = client.DerivePrivate(p.root, fmt.Sprintf("%06d", pin))
	} else {
		identity, err = client.Derive(p.number, fmt.Sprintf("%06d", pin))
	}
	if err != nil {
		panic("loadtest: " + err.Error()) // number and PIN have digits
	}
	return identity
}

func (p *pair) life(number int) life {
	dials := func(seat int) int { return p.phones[seat].link.Stats().Dials }
	return life{number: number, room: p.run.ledger.Room(p.index, number, p.run.private(), dials)}
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
	p.before, p.now = p.now, p.life(number)
}

// pause returns how long a phone thinks before it answers.
func (p *pair) pause() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	mean := p.run.cfg.think(time.Since(p.run.begun))
	think := float64(mean)
	d := time.Duration(max(think/10, think*p.rng.ExpFloat64()))
	d = min(d, 10*mean)
	p.turns++
	const often = 6
	if (p.turns+p.index)%often == 0 && p.run.cfg.Scenario != ScenarioChurn {
		d += 12*time.Second + time.Duration(p.rng.Float64()*float64(6*time.Second))
	}
	return d
}

// text returns the text of a stamp.
func (p *pair) text(s ledger.Stamp) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.Text(p.run.cfg.size(p.rng))
}

// afterthought is what becomes of a message before anybody has read it.
type afterthought byte

const (
	stands afterthought = iota
	edited
	deleted
)

// reconsiders returns what an author does to the message it has just sent, and
// when: mostly before it is marked as read.
func (p *pair) reconsiders() (afterthought, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	soon := time.Duration(p.rng.Float64() * float64(readAfter))
	switch n := p.rng.IntN(20); {
	case n < 3:
		return edited, soon
	case n < 4:
		return deleted, soon
	}
	return stands, 0
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
// the relay then, if that is known. What the author's phone had handed to the relay
// last by then is the end of it.
func (p *pair) arrive(s ledger.Stamp, now, taken time.Time) {
	s.Edit = 0
	p.mu.Lock()
	f, ok := p.flights[s]
	delete(p.flights, s)
	p.mu.Unlock()
	if !ok {
		return
	}
	took := now.Sub(f.planned)
	var cold, disturbed bool
	for i, phone := range p.phones {
		m := phone.mark()
		cold = cold || m.wakes != f.marks[i].wakes
		disturbed = disturbed || m.faults != f.marks[i].faults || m.troubled || f.marks[i].troubled ||
			m.dropped != f.marks[i].dropped || !f.marks[i].here
	}
	p.run.delivered(now, took, disturbed)
	switch {
	case disturbed:
		p.measures.disturbed.record(took)
		return
	case cold:
		p.measures.cold.record(took)
	default:
		p.measures.hot.record(took)
	}
	if handed, ok := p.phones[s.Seat].link.Handed(f.sent, taken); ok {
		p.measures.added.record(taken.Sub(handed))
	} else {
		p.measures.leftOut.Add(1)
	}
}
