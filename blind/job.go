package blind

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"sotto/wire"
)

// job is the one send or edit that is under way.
type job struct {
	own   *own
	frame Transmit
	out   bool // the frame was asked for since the last join
	auto  bool // the page does it by itself: there is no text to give back
}

type wishKind byte

const (
	wishSend wishKind = iota
	wishEdit
	wishLeave
)

// wish is what a person wants done.
type wish struct {
	kind    wishKind
	content Content
	// What the slot held when a person wished it: they answer, and change,
	// nothing that they have not seen.
	answers wire.MessageID
	iv      IV
}

// want keeps a wish until it can be granted, which may be at once.
func (s *step) want(w *wish) {
	if s.wish != nil {
		if w.kind != wishLeave {
			s.giveBack(w.content, WhyBusy, "")
		}
		return
	}
	if s.slot != nil {
		w.answers, w.iv = s.slot.id, s.slot.iv
	}
	s.wish = w
}

func (s *step) giveBack(c Content, why Why, reason wire.Reason) {
	s.do(Returned{Content: c, Why: why, Reason: reason})
}

// grant does what a person wants.
func (s *step) grant(w *wish) {
	switch w.kind {
	case wishSend:
		var holds slot
		if s.slot != nil {
			holds = *s.slot
		}
		if holds.mine || holds.id != w.answers || holds.iv != w.iv {
			s.giveBack(w.content, WhyNotYourTurn, "")
			return
		}
		s.send(w.content)
	case wishEdit:
		switch {
		case s.slot == nil || s.slot.id != w.answers || !s.slot.mine || s.slot.read || !s.slot.foreign && !s.mine():
			s.giveBack(w.content, WhyTooLate, "")
		case s.slot.foreign && s.reach() == ReachNobody:
			s.giveBack(w.content, WhyAway, "")
		case s.slot.foreign:
			s.edit(w.content, s.reach() == ReachCode, false)
		default:
			s.edit(w.content, s.own.left || s.mustLeave(), false)
		}
	case wishLeave:
		if s.mine() && !s.own.left {
			s.edit(s.own.body.Content, true, true)
		}
	}
}

// sealTo chooses the key that something is sealed to: that of the message that
// is answered, if the other's page still has it, or else that of their hello.
func (p *Page) sealTo() *link {
	if l := p.onChain(); l != nil {
		return l
	}
	return p.byHello()
}

func (p *Page) onChain() *link {
	if p.theirs == nil || !p.theirs.chain || p.peer != nil && p.theirs.page != p.peer.page {
		return nil
	}
	l := p.theirs.link
	return &l
}

func (p *Page) byHello() *link {
	if p.peer == nil {
		return nil
	}
	return &link{page: p.peer.page, id: p.peer.id, pk: p.peer.pk, c: p.life.chainStart(), hello: true}
}

// send seals or leaves a message.
func (s *step) send(content Content) {
	var to *link
	reach := s.reach()
	switch reach {
	case ReachNobody:
		s.giveBack(content, WhyAway, "")
		return
	case ReachPage:
		to = s.sealTo()
	case ReachCode:
		to = s.onChain()
	}
	o := &own{left: reach == ReachCode, from: to, body: Body{Content: content, Sent: seconds(s.now)}}
	frame := Transmit{Empty: s.slot == nil}
	if s.slot != nil {
		frame.ID, frame.ReplacesIV = s.slot.id, s.slot.iv
		if s.theirs != nil { // what was not opened was not seen
			o.body.Ack = s.slot.iv.ack()
		}
	}
	if s.own != nil && (to == nil || to.hello) {
		s.do(KeysAnew{s.now})
	}
	s.start(o, frame, false, true)
}

// edit changes one's own message: into a left one, or for the page that the
// other has now, or only what it says. auto: the page does it by itself.
func (s *step) edit(content Content, left, auto bool) {
	frame := Transmit{Edit: true, ID: s.slot.id}
	o := &own{left: left, body: Body{Content: content, Sent: seconds(s.now)}}
	anew := true
	switch {
	case s.slot.foreign:
		if !left {
			o.from = s.byHello()
		}
	case left == s.own.left && (left || !s.mustSealAnew()): // the same header, and so the same keys
		*o = *s.own
		if o.from != nil {
			from := *o.from
			o.from = &from
		}
		o.body.Content, anew = content, false
	case left:
		o.body.Ack, o.body.Sent = s.own.body.Ack, s.own.body.Sent
		from := *s.own.from // it goes on from where the sealed one did
		o.from = &from
	default:
		o.body.Ack, o.body.Sent = s.own.body.Ack, s.own.body.Sent
		o.from = s.byHello()
	}
	if s.own != nil && anew && (o.from == nil || !left && o.from.hello) {
		s.do(KeysAnew{s.now})
	}
	s.start(o, frame, auto, anew)
}

// start makes the bytes of a message and puts it under way.
func (s *step) start(o *own, frame Transmit, auto, anew bool) {
	body, err := o.body.Marshal()
	if err != nil {
		s.refuse(o.body.Content, err)
		return
	}
	defer clear(body)
	if anew {
		if err := s.newKeys(o); err != nil {
			s.fail(err)
			return
		}
	}
	draw(s.random, o.iv[:])
	frame.Nonce = s.nonce()
	frame.IV, frame.Bytes = o.iv, o.k.seal(o.header, o.iv, body)
	s.job = &job{own: o, frame: frame, auto: auto}
	if auto && !o.left {
		s.nextSeal = s.now.Add(editPause)
	}
}

// nonce marks a send so that the relay does it once.
func (s *step) nonce() wire.Nonce {
	var random [16]byte
	draw(s.random, random[:])
	n, ok := wire.ParseNonce(hex.EncodeToString(random[:]))
	if !ok {
		panic("blind: 32 hex digits are no nonce")
	}
	return n
}

func (s *step) refuse(content Content, err error) {
	why := WhyNoContent
	if errors.Is(err, ErrTooLong) {
		why = WhyTooLong
	}
	s.giveBack(content, why, "")
}

// newKeys makes a header, with everything that goes with it.
func (s *step) newKeys(o *own) error {
	draw(s.random, o.seed[:])
	h := Header{Left: o.left, Page: s.id, Next: *s.kem.publicKey(&o.seed)}
	o.id = h.Next.ID()
	before := s.life.chainStart()
	if o.from != nil {
		h.To, before = o.from.id, o.from.c
	}
	if o.left {
		o.header = h.Marshal()
		o.c, o.k = leftChain(before, s.sender, o.header), s.life.leftKey(s.sender, o.header)
	} else {
		enc, shared, err := s.kem.encapsulate(&o.from.pk, s.random)
		if err != nil {
			return fmt.Errorf("seal message: %w", err)
		}
		defer clear(shared)
		h.Enc = *enc
		o.header = h.Marshal()
		o.c, o.k = sealedKeys(before, shared, s.sender, o.header)
	}
	o.opens = true
	return nil
}

// answered deals with the relay's reply to what is under way.
func (s *step) answered(e Answered) {
	if s.job == nil || s.job.frame.Nonce != e.Nonce {
		return
	}
	if e.Reason != "" {
		s.refused(e.Reason)
		return
	}
	frame := s.job.frame
	s.accept()
	switch {
	case !frame.Edit && (s.slot == nil || s.slot.id == frame.ID):
		s.holdOwn(e.ID)
	case frame.Edit && s.slot != nil && s.slot.id == frame.ID:
		s.holdOwn(frame.ID)
	default:
		s.own.spend() // it was answered, by something that does not go on from it
	}
}

// holdOwn notes that one's own newest message is in the slot.
func (s *step) holdOwn(id wire.MessageID) {
	held := &slot{id: id, sender: s.sender, mine: true, iv: s.own.iv, header: headerHash(s.own.header), at: s.now}
	if s.slot != nil && s.slot.id == id {
		held.read, held.at = s.slot.read, s.slot.at
	}
	s.slot = held
}

// accept makes what is under way one's newest message.
func (s *step) accept() {
	j := s.job
	s.job = nil
	s.own.wipe()
	s.own = j.own
	if j.frame.Edit {
		return
	}
	s.dropHello()
	if s.slot != nil && !s.slot.mine && (j.frame.Empty || s.slot.id != j.frame.ID) {
		return // the other has answered it already, and theirs is that answer
	}
	s.theirs.wipe()
	s.theirs = nil
}

// refused drops what is under way.
func (s *step) refused(reason wire.Reason) {
	why := WhyRefused
	switch reason {
	case wire.ReasonStale, wire.ReasonNotYourTurn:
		why = WhyNotYourTurn
	case wire.ReasonNotFound, wire.ReasonNotEditable:
		why = WhyTooLate
	case wire.ReasonTooLarge:
		why = WhyTooLong
	}
	s.abandon(why, reason)
	if reason == wire.ReasonNotFound {
		s.own.close() // it was replaced, and the answer is on its way
	}
}

// abandon drops what is under way and gives its text back.
func (s *step) abandon(why Why, reason wire.Reason) {
	if s.job.auto {
		s.nextSeal, s.nextLeave = s.now.Add(editPause), s.now.Add(editPause)
	} else {
		s.giveBack(s.job.own.body.Content, why, reason)
	}
	s.dropJob()
}

// seconds is a time as messages tell it.
func seconds(t time.Time) uint32 {
	return uint32(t.Unix()) // #nosec G115 -- enough until 2106
}
