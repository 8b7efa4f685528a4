package blind

import (
	"errors"
	"io"
	"time"
)

// errOther: the relay tells things that can't be of this room.
var errOther = errors.New("somebody else's")

// step is one event being dealt with.
type step struct {
	*Page
	now    time.Time
	random io.Reader
	out    []Effect
	// joining: the slot is what a join tells.
	joining bool
	fault   error
}

// Step deals with an event and returns what is to be done about it, in order.
// now is the time by one's own clock; random gives what the page needs of
// randomness, but for ML-KEM's coins, and must not fail. After a fault, which
// is a Failed alone, the page has ended.
func (p *Page) Step(now time.Time, random io.Reader, event Event) []Effect {
	if p.ended {
		return nil
	}
	s := &step{Page: p, now: now, random: random}
	s.handle(event)
	if s.fault == nil {
		s.settle()
	}
	if s.fault != nil {
		p.End()
		return []Effect{Failed{s.fault}}
	}
	return s.out
}

func (s *step) do(e Effect) { s.out = append(s.out, e) }

func (s *step) fail(err error) {
	if s.fault == nil {
		s.fault = err
	}
}

func (s *step) handle(event Event) {
	switch e := event.(type) {
	case Joined:
		s.join(e)
	case Lost:
		s.joined, s.ready, s.here, s.away, s.helloDue = false, false, false, false, time.Time{}
	case HelloReply:
		s.helloDue = time.Time{}
		s.ready = s.joined
		if e.Hello != nil {
			s.hear(e.Hello)
		}
	case HelloReceived:
		s.hear(e.Hello)
	case MessageReceived:
		s.see(&e.Message)
	case MessageEdited:
		if s.slot != nil && s.slot.id == e.ID {
			s.see(&Message{
				ID: e.ID, Sender: s.slot.sender, Bytes: e.Bytes, IV: e.IV, Read: s.slot.read, At: s.slot.at,
			})
		}
	case MessageDeleted:
		if s.slot != nil && s.slot.id == e.ID {
			s.see(nil)
		}
	case MessageRead:
		if s.slot != nil && s.slot.id == e.ID {
			s.slot.read = true
		}
	case Presence:
		s.here, s.away = e.Connected, !e.Connected
	case Answered:
		s.answered(e)
	case Send:
		if e.Content.Kind == KindEmpty {
			panic("blind: send of nothing")
		}
		s.want(&wish{kind: wishSend, content: e.Content})
	case Edit:
		s.want(&wish{kind: wishEdit, content: e.Content})
	case LetWait:
		s.want(&wish{kind: wishLeave})
	case Show:
		if m := s.slot; m != nil && !m.mine && !m.read && !m.marked && s.theirs != nil && s.theirs.body.Kind != KindEmpty {
			m.marked = true
			s.do(MarkRead{m.id})
		}
	case Hide:
		s.hidden = e.Hidden
	case SetMode:
		s.openPagesOnly = e.OpenPagesOnly
	case Tick:
	default:
		panic("blind: no such event")
	}
}

// join begins with a hello; until it is answered nothing else goes out.
func (s *step) join(e Joined) {
	if e.Sender != s.sender {
		s.fail(errOther)
		return
	}
	s.joined, s.ready, s.here, s.away = true, false, false, false
	if s.job != nil {
		s.job.out = false
	}
	if s.slot != nil {
		s.slot.marked = false
	}
	s.helloDue = s.now.Add(helloPatience)
	s.joining = true
	s.see(e.Slot)
	if s.fault == nil {
		s.greet()
	}
}

// greet sends the newest hello, or a new one.
func (s *step) greet() {
	if s.hello == nil {
		s.hello = &ownKey{c: s.life.chainStart()}
		draw(s.random, s.hello.seed[:])
	}
	pk := s.kem.publicKey(&s.hello.seed)
	s.hello.id = pk.ID()
	s.do(SendHello{Hello: (&Hello{Page: s.id, Sender: s.sender, Key: *pk}).Marshal(s.life)})
}

// hear deals with the other's hello.
func (s *step) hear(b []byte) {
	h, err := ParseHello(s.life, b)
	if err != nil {
		s.fail(err)
		return
	}
	if h.Sender == s.sender || s.peer != nil && s.peer.sender != h.Sender {
		s.fail(errOther)
		return
	}
	if s.peer != nil && s.peer.page != h.Page {
		s.do(OtherAnew{s.now})
	}
	s.peer = &peer{page: h.Page, sender: h.Sender, id: h.Key.ID(), pk: h.Key}
}

// settle does what follows from the state that an event has left.
func (s *step) settle() {
	if !s.helloDue.IsZero() && !s.now.Before(s.helloDue) {
		s.helloDue = time.Time{}
		s.do(NoHelloReply{})
	}
	if m := s.slot; m != nil && !m.mine && s.theirs == nil {
		m.overdue = !s.now.Before(m.lockedAt.Add(lockedPatience))
	}
	if s.joined && s.mustGreet() {
		s.greet()
	}
	if !s.ready {
		return
	}
	if s.job == nil && s.wish != nil {
		w := s.wish
		s.wish = nil
		s.grant(w)
	}
	if s.job == nil {
		switch {
		case s.mustLeave():
			if !s.now.Before(s.nextLeave) {
				s.edit(s.own.body.Content, true, true)
			}
		case s.mustSealAnew():
			if !s.now.Before(s.nextSeal) {
				s.edit(s.own.body.Content, false, true)
			}
		}
	}
	if s.job != nil && !s.job.out && s.fault == nil {
		s.job.out = true
		s.do(s.job.frame)
	}
}

// mustGreet: the other's page may have no key of this one that lives.
func (p *Page) mustGreet() bool {
	if p.peer == nil || p.hello != nil {
		return false
	}
	return p.own == nil || p.own.from == nil || p.own.from.page != p.peer.page
}

// mine: one's own message is in the slot, unread, and can be edited.
func (p *Page) mine() bool {
	return p.slot != nil && p.slot.mine && !p.slot.read && !p.slot.foreign && p.own != nil && p.own.opens
}

// mustLeave: a sealed message waits for somebody who is not there, or whose
// author is about not to be.
func (p *Page) mustLeave() bool {
	return p.mine() && !p.own.left && !p.openPagesOnly && (p.away || p.hidden)
}

// mustSealAnew: a sealed message waits under a key that the other's page does
// not have any more.
func (p *Page) mustSealAnew() bool {
	if !p.mine() || p.own.left || p.peer == nil {
		return false
	}
	to := p.own.from
	return to.page != p.peer.page || to.hello && to.id != p.peer.id
}
