package client

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"sotto/blind"
	"sotto/wire"
)

// Entry says how the first join of a private number gets in.
type Entry byte

const (
	// EntryCreate makes the room. Where somebody is already, Open returns
	// ErrTaken.
	EntryCreate Entry = iota
	// EntryEnter never takes a free seat. ErrCodeRequired then means: nobody is
	// here with this PIN and one place is free. Ask, and take it with
	// EntryInvited.
	EntryEnter
	// EntryInvited takes the free seat. ErrPINTaken means: the PIN is of who is
	// there already. Ask; who says that it is their own comes in by EntryEnter.
	EntryInvited
	// EntryAgain follows ErrRoomLost on a page that was open: the first of the
	// two creates the room, the second takes its seat.
	EntryAgain
)

// Errors of private numbers.
var (
	// ErrTaken: somebody is in the room that was to be made.
	ErrTaken = errors.New("client: number is taken")
	// ErrPINTaken: the PIN is already the other's, or the person was here before.
	ErrPINTaken = errors.New("client: PIN is the other's")
	// ErrNoPrivate: the relay can't do private numbers.
	ErrNoPrivate = errors.New("client: relay has no private numbers")
	// ErrFault: something that does not belong there came from the relay.
	// Nothing of it is shown. Neither try again nor use a short number instead.
	ErrFault = errors.New("client: something foreign came from the relay")
	// ErrAway: the other's page is not open and nothing is to be left.
	ErrAway = errors.New("client: the other is away")
	// ErrMoved: the number was opened on another page with this PIN, and this
	// one was emptied. It is a *CloseError, to be compared with errors.Is.
	ErrMoved error = closeCode(wire.CloseMoved)
)

// DerivePrivate returns the identity of a private number, which chooses sotto-2.
// root comes from the 25-digit code, see [blind.Code.Root]; it stays the
// caller's, who wipes it when no session uses it. It returns [blind.ErrPIN].
func DerivePrivate(root *blind.RootKey, pin string) (Identity, error) {
	access, err := root.Access(pin)
	if err != nil {
		return Identity{}, fmt.Errorf("derive identity: %w", err)
	}
	return Identity{room: root.Room(), access: access, root: root}, nil
}

// private is what a session of sotto-2 has beside one of std-1. It moves frames
// and time; the rules are package blind's. Guarded by Session.mu.
type private struct {
	page                  *blind.Page     // nil before the first join
	view                  blind.View      // as last told
	out                   []*wire.Request // to be written to the connection, in this order
	asked                 []asked         // written or to be written, and not answered
	wants                 []*want         // of the caller, the first one is the page's
	ready                 bool            // the hello is answered on this connection
	tick                  *time.Timer     // calls tend
	stepped               chan struct{}   // capacity 1: Leave may be done
	shown                 wire.MessageID
	openPagesOnly, hidden bool

	// Of the message in the slot, by the relay's clock.
	sentAt, readAt time.Time
	fatal          error // why the session is to end
}

// asked is a frame that is to be answered.
type asked struct {
	ref   string
	by    time.Time  // the connection is given up then, once this is the oldest
	nonce wire.Nonce // of a Transmit
	hello bool
}

// want is a send or an edit.
type want struct {
	event blind.Event
	edit  bool
	// What the slot held when the caller asked.
	slot wire.MessageID
	iv   blind.IV
	out  bool          // the page has it
	done chan struct{} // closed when what follows is set
	id   wire.MessageID
	err  error
	// replaced is what a send took the place of. The page may try more than once.
	replaced wire.MessageID
}

// joinPrivate fills in what the cases of joining differ in.
func (s *Session) joinPrivate(j *wire.Join) {
	j.Ext = true
	if s.joined {
		return
	}
	j.Intent = wire.IntentAny
	if s.cfg.Entry == EntryEnter || s.cfg.Entry == EntryInvited {
		j.Intent = wire.IntentEnter
	}
	if s.cfg.Entry != EntryEnter {
		j.Gate = wire.Gate{Present: true, Valid: true, Hash: s.cfg.Identity.root.Gate()}
	}
}

// attachPrivate takes in the answer to a join. Called with s.mu held.
func (s *Session) attachPrivate(l *link, j *wire.Joined) error {
	p := s.private
	switch {
	case j.Sender == wire.SenderHash{}:
		p.fatal = ErrNoPrivate
	case s.joined:
	case s.cfg.Entry == EntryCreate && (j.Message != nil || !j.AwaitingParty):
		p.fatal = ErrTaken
	case s.cfg.Entry == EntryInvited && j.AwaitingParty:
		p.fatal = ErrPINTaken
	}
	if p.fatal != nil {
		return p.fatal
	}
	if p.page == nil {
		var id blind.PageID
		_, _ = rand.Read(id[:]) // never fails
		p.page = blind.NewPage(s.cfg.Identity.root.Life(j.RoomID), id, j.Sender)
		p.page.Step(time.Now(), rand.Reader, blind.SetMode{OpenPagesOnly: p.openPagesOnly})
		p.page.Step(time.Now(), rand.Reader, blind.Hide{Hidden: p.hidden})
	}
	s.joined, s.resume, s.link = true, j.Resume, l
	s.state = State{TTLExpiresAt: j.TTLExpiresAt, AwaitingParty: j.AwaitingParty}
	joined := blind.Joined{Sender: j.Sender}
	if j.Message != nil {
		joined.Slot = p.message(j.Message)
	}
	s.step(joined)
	return nil // what is fatal now has dropped l
}

// message notes the relay's times of m and returns it as package blind has it.
func (p *private) message(m *wire.Message) *blind.Message {
	p.sentAt, p.readAt = m.InsertedAt, m.ReadAt
	return &blind.Message{
		ID: m.ID, Sender: m.Sender, Bytes: m.Ciphertext, IV: m.IV, Read: !m.ReadAt.IsZero(), At: m.InsertedAt,
	}
}

// detachPrivate forgets the connection. Called with s.mu held.
func (s *Session) detachPrivate() {
	p := s.private
	p.out, p.asked, p.ready = nil, nil, false
	if p.page != nil {
		s.step(blind.Lost{})
	}
}

// hear takes in a frame.
func (s *Session) hear(r *wire.Response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.private
	switch r.Event {
	case wire.EventNone:
		s.hearReply(r)
	case wire.EventHello:
		s.step(blind.HelloReceived{Hello: r.Hello})
	case wire.EventNewMessage:
		s.step(blind.MessageReceived{Message: *p.message(r.Message)})
	case wire.EventMessageEdited:
		s.step(blind.MessageEdited{ID: r.MessageID, Bytes: r.Message.Ciphertext, IV: r.Message.IV})
	case wire.EventMessageDeleted:
		s.step(blind.MessageDeleted{ID: r.MessageID})
	case wire.EventMessageRead:
		if p.page.View().ID == r.MessageID { // which the caller may not have been told of yet
			p.readAt = r.Message.ReadAt
		}
		s.step(blind.MessageRead{ID: r.MessageID})
	case wire.EventPresence:
		s.state.OtherConnected = r.Connected
		s.step(blind.Presence{Connected: r.Connected})
		if p.ready {
			s.push(Presence{Connected: r.Connected})
		}
	case wire.EventRestarting:
		s.push(Restarting{At: time.Now().Add(r.RetryAfter)})
	case wire.EventPartyPaired:
		s.paired(r)
	}
}

func (s *Session) hearReply(r *wire.Response) {
	p, ref := s.private, r.Ref.Text()
	for i, a := range p.asked {
		if a.ref != ref {
			continue
		}
		p.asked = append(p.asked[:i:i], p.asked[i+1:]...)
		if by := time.Now().Add(answerTimeout); len(p.asked) > 0 && p.asked[0].by.Before(by) {
			p.asked[0].by = by // it waited behind this one
		}
		switch {
		case !a.hello:
			s.step(blind.Answered{Nonce: a.nonce, ID: r.MessageID, Reason: r.Reason})
		case r.Reason != "":
			s.link.drop(refusal(r))
		default:
			s.step(blind.HelloReply{Hello: r.Hello})
			s.greeted()
		}
		return
	}
	s.settleReply(r)
}

// greeted shows what the page knows, once after each join.
func (s *Session) greeted() {
	p := s.private
	if p.ready || p.fatal != nil {
		return
	}
	p.ready, p.view = true, p.page.View()
	s.state.Message, s.state.Reach = p.show(&p.view), p.view.Reach
	s.push(s.snapshot())
	s.enter()
	if p.shown == p.view.ID && !p.view.Read {
		s.step(blind.Show{})
	}
}

// step has the page deal with an event, and does what it wants. Called with
// s.mu held.
func (s *Session) step(event blind.Event) {
	p := s.private
	if p.page == nil || p.page.Ended() {
		return
	}
	answered, _ := event.(blind.Answered)
	for _, effect := range p.page.Step(time.Now(), rand.Reader, event) {
		s.effect(effect)
	}
	if p.fatal != nil {
		if s.link != nil {
			s.link.drop(p.fatal)
		}
		return
	}
	view := p.page.View()
	if len(p.wants) > 0 && p.wants[0].out && !view.Pending {
		id := answered.ID
		if id == (wire.MessageID{}) && view.Holder == blind.HolderMine {
			id = view.ID
		}
		s.settleWant(id, nil)
	}
	if p.ready {
		s.tell(&view)
	}
	s.nextWant()
	s.arm()
	notify(p.stepped)
}

func (s *Session) effect(effect blind.Effect) {
	p := s.private
	switch e := effect.(type) {
	case blind.SendHello:
		s.ask(asked{hello: true}, wire.Request{Event: wire.EventHello, Hello: e.Hello})
	case blind.Transmit:
		req := wire.Request{Event: wire.EventSend, Ciphertext: e.Bytes, IV: e.IV, Nonce: e.Nonce}
		if e.Edit {
			req.Event, req.MessageID, req.Nonce = wire.EventEdit, e.ID, wire.Nonce{}
		} else {
			req.Replaces = wire.Replaces{Set: true, Message: !e.Empty, ID: e.ID, HasIV: !e.Empty, IV: e.ReplacesIV}
			if len(p.wants) > 0 {
				p.wants[0].replaced = e.ID
			}
		}
		s.ask(asked{nonce: e.Nonce}, req)
	case blind.MarkRead:
		s.post(wire.Request{Event: wire.EventRead, MessageID: e.ID})
	case blind.OtherAnew:
		s.push(OtherAnew{At: e.At})
	case blind.KeysAnew:
		s.push(KeysAnew{At: e.At})
	case blind.Returned:
		s.settleWant(wire.MessageID{}, s.whyReturned(&e))
	case blind.NoHelloReply:
		if s.entered {
			s.link.drop(errUnanswered)
		} else {
			p.fatal = ErrNoPrivate
		}
	case blind.Failed:
		p.fatal = fmt.Errorf("%w: %w", ErrFault, e.Err)
	}
}

// ask has a frame written that is to be answered.
func (s *Session) ask(a asked, req wire.Request) {
	s.ref++
	a.ref, a.by = refText(s.ref), time.Now().Add(patience(&req))
	req.Ref = wire.NewRef(a.ref)
	s.private.asked = append(s.private.asked, a)
	s.post(req)
}

func (s *Session) post(req wire.Request) {
	if s.link != nil {
		s.private.out = append(s.private.out, &req)
		s.flush()
	}
}

// whyReturned is what the caller is told whose text the page gave back.
func (s *Session) whyReturned(e *blind.Returned) error {
	switch e.Why {
	case blind.WhyAway:
		return ErrAway
	case blind.WhyNotYourTurn:
		if s.private.page.View().Holder == blind.HolderMine {
			return ErrNotYourTurn
		}
		return ErrStale
	case blind.WhyTooLate:
		return ErrNotEditable
	case blind.WhyTooLong:
		return ErrTooLarge
	case blind.WhyNoContent:
		return ErrText
	}
	return &Refusal{Reason: e.Reason}
}

// due returns when the page is to have a tick, or an answer to have come; the zero
// time for never. Called with s.mu held.
func (s *Session) due() time.Time {
	p := s.private
	if s.link == nil || s.link.ctx.Err() != nil {
		return time.Time{}
	}
	due := p.page.Wake()
	if len(p.asked) > 0 && (due.IsZero() || p.asked[0].by.Before(due)) {
		due = p.asked[0].by
	}
	return due
}

// arm sets the timer. Called with s.mu held.
func (s *Session) arm() {
	if due := s.due(); due.IsZero() {
		s.private.tick.Stop()
	} else {
		s.private.tick.Reset(time.Until(due))
	}
}

// tend gives the page its ticks, and gives up a connection that does not answer.
// The timer calls it, perhaps a moment after what was due has become otherwise.
func (s *Session) tend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if due := s.due(); due.IsZero() || time.Now().Before(due) {
		s.arm()
		return
	}
	if p := s.private; len(p.asked) > 0 && !time.Now().Before(p.asked[0].by) {
		s.link.drop(errUnanswered)
	}
	s.step(blind.Tick{})
}

// endPrivate overwrites the keys. Called with s.mu held.
func (s *Session) endPrivate(err error) {
	p := s.private
	p.tick.Stop()
	if p.page != nil {
		p.page.End()
	}
	if errors.Is(err, ErrFault) || errors.Is(err, ErrMoved) {
		s.events = nil
	}
	p.view, p.out, p.asked, s.state.Message = blind.View{}, nil, nil, nil
	s.cfg.Identity = Identity{}
	for _, w := range p.wants {
		w.err = err
		if w.out {
			w.err = fmt.Errorf("%w: %w", ErrUnanswered, err)
		}
		close(w.done)
	}
	p.wants = nil
	notify(p.stepped)
}
