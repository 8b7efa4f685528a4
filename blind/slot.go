package blind

import (
	"bytes"
	"crypto/sha256"
	"fmt"
)

func headerHash(header []byte) [32]byte { return sha256.Sum256(header) }

// see deals with what the slot holds now; nil is nothing.
func (s *step) see(m *Message) {
	if m == nil {
		s.own.close()
		if s.theirs != nil {
			s.theirs.close()
		}
		s.slot = nil
		return
	}
	h, _, err := ParseHeader(m.Bytes)
	if err != nil {
		s.fail(err)
		return
	}
	header := m.Bytes[:HeaderSize]
	now := &slot{id: m.ID, sender: m.Sender, iv: m.IV, header: headerHash(header), read: m.Read, at: m.At}
	if was := s.slot; was != nil && was.id == now.id && was.sender == now.sender && was.iv == now.iv && was.header == now.header {
		was.read, was.at = m.Read, m.At
		return
	}
	if m.Sender == s.sender {
		now.mine = true
		s.seeOwn(m, h, header, now)
	} else {
		s.seeTheirs(m, h, header, now)
	}
}

// seeOwn deals with a message of one's own seat.
func (s *step) seeOwn(m *Message, h *Header, header []byte, now *slot) {
	same := func(o *own) bool { return o.opens && o.iv == m.IV && bytes.Equal(o.header, header) }
	if s.job != nil && same(s.job.own) {
		if !s.job.frame.Edit {
			s.slot = nil // what the message replaced
		}
		s.accept()
	}
	if s.own == nil || !same(s.own) {
		// Another page of one's own has answered: what this one has opens what
		// was replaced. That it had something stays known.
		now.foreign = true
		if s.job != nil && s.job.frame.Edit {
			s.abandon(WhyTooLate, "") // that page's words are newer
		}
		s.own.spend()
		s.dropHello()
		s.theirs.wipe()
		s.theirs = nil
		if h.Left && s.try(header, m.IV) {
			k := s.life.leftKey(s.sender, header)
			body, err := k.open(m.Bytes, m.IV)
			clear(k[:])
			if err != nil {
				s.fail(err)
				return
			}
			now.content = &body.Content
		}
	}
	s.slot = now
}

// try reports whether a variant was never tried before. Each is opened once,
// so that nobody learns of a key by what a page does with chosen bytes.
func (s *step) try(header []byte, iv IV) bool {
	sum := sha256.Sum256(append(iv[:], header...))
	id := [16]byte(sum[:])
	if _, tried := s.tried[id]; tried {
		return false
	}
	s.tried[id] = struct{}{}
	return true
}

// seeTheirs deals with a message of the other's. One's own was replaced, if
// there was one: what opens it goes first.
func (s *step) seeTheirs(m *Message, h *Header, header []byte, now *slot) {
	if s.peer != nil && s.peer.sender != m.Sender {
		s.fail(errOther)
		return
	}
	if s.job != nil && h.To == s.job.own.id && (s.own == nil || s.own.id != h.To) {
		s.accept() // an answer to its key
	}
	s.own.close()
	now.lockedAt = s.now
	var t *theirs
	variant := s.theirs != nil && s.theirs.header == now.header
	anew := false
	if s.try(header, m.IV) {
		t, anew = s.open(m, h, header)
		if s.fault != nil {
			return
		}
	}
	if t == nil {
		if s.unopened++; s.unopened >= mostUnopened {
			s.fail(fmt.Errorf("too many that do not open: %w", ErrForged))
			return
		}
	}
	s.settleJob(t)
	if !variant {
		s.outdate(h.To)
	}
	s.theirs.wipe()
	s.theirs, s.slot = t, now
	if t == nil {
		return
	}
	if s.own != nil {
		t.unseen = t.body.Ack != s.own.iv.ack()
		if anew {
			s.do(KeysAnew{s.now})
		}
	}
}

// outdate drops keys that the other's message does not go on from. Nothing else
// will: they only open what was replaced.
func (s *step) outdate(to KeyID) {
	if s.own != nil && s.own.id != to {
		s.own.spend()
	}
	// What came while this page was away may have had another answer, by another
	// page of one's own.
	if s.joining && s.hello != nil && s.hello.id != to {
		s.dropHello()
	}
}

// settleJob decides whether what was under way came before the other's message
// t, which is nil if it does not open.
func (s *step) settleJob(t *theirs) {
	j := s.job
	switch {
	case j == nil:
	case t != nil && t.body.Ack == j.own.iv.ack(): // they have seen it
		s.accept()
		s.own.close()
	case j.frame.Edit:
		s.abandon(WhyTooLate, "")
	}
}

// open opens a message of the other's; nil if it is locked. anew: it does not
// go on from a message of one's own that is known, so anybody with the code
// could have written it.
func (s *step) open(m *Message, h *Header, header []byte) (t *theirs, anew bool) {
	t = &theirs{header: headerHash(header), left: h.Left, chain: true}
	t.link = link{page: h.Page, pk: h.Next, id: h.Next.ID()}
	before, hello := s.find(h.To)
	switch {
	case s.theirs != nil && s.theirs.header == t.header: // another variant
		t.c, t.k, t.chain = s.theirs.c, s.theirs.k, s.theirs.chain
	case h.Left:
		t.k = s.life.leftKey(m.Sender, header)
		switch {
		case before != nil:
			t.c = leftChain(before.c, m.Sender, header)
		case h.To == KeyID{}:
			t.c = leftChain(s.life.chainStart(), m.Sender, header)
		default:
			t.chain = false
		}
		anew = before == nil || hello
	case before == nil:
		return nil, false
	default:
		shared, err := s.kem.decapsulate(&before.seed, &h.Enc)
		if err != nil {
			s.fail(err)
			return nil, false
		}
		t.c, t.k = sealedKeys(before.c, shared, m.Sender, header)
		clear(shared)
		anew = hello
	}
	body, err := t.k.open(m.Bytes, m.IV)
	if err != nil {
		t.wipe()
		s.fail(err)
		return nil, false
	}
	t.body = *body
	return t, anew
}

// find returns the key of one's own that an id names.
func (s *step) find(id KeyID) (key *ownKey, hello bool) {
	switch {
	case id == KeyID{}:
	case s.own != nil && s.own.id == id:
		return &s.own.ownKey, false
	case s.hello != nil && s.hello.id == id:
		return s.hello, true
	}
	return nil, false
}
