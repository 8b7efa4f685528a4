package blind

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"time"

	"sotto/wire"
)

// toyKEM costs nothing and hides nothing. It remembers each seed, so that a
// test can tell what a page's memory would open.
type toyKEM struct{ seeds map[KeyID]keySeed }

func (k toyKEM) publicKey(seed *keySeed) *PublicKey {
	pk := new(PublicKey)
	sum := sha256.Sum256(seed[:])
	copy(pk[:], sum[:])
	k.seeds[pk.ID()] = *seed
	return pk
}

func (toyKEM) shared(pk *PublicKey, enc *Enc) []byte {
	sum := sha256.Sum256(append(pk[:32:32], enc[:32]...))
	return sum[:]
}

func (k toyKEM) encapsulate(pk *PublicKey, random io.Reader) (*Enc, []byte, error) {
	enc := new(Enc)
	draw(random, enc[:32])
	return enc, k.shared(pk, enc), nil
}

func (k toyKEM) decapsulate(seed *keySeed, enc *Enc) ([]byte, error) {
	return k.shared(k.publicKey(seed), enc), nil
}

// up is a frame to the relay: a join, SendHello, Transmit or MarkRead.
type up any

type join struct{}

// conn is one page's connection, with what is on its way in each direction.
type conn struct {
	seat   int
	open   bool
	joined bool
	moved  bool // the relay closed it for good
	up     []up
	down   []Event
}

// stored is a variant of a message, as the relay has it.
type stored struct {
	seat int
	m    Message
}

// modelRelay is a room of two seats, as far as pages know it.
type modelRelay struct {
	senders [2]wire.SenderHash
	hellos  [2][]byte
	done    [2]map[wire.Nonce]wire.MessageID
	slot    *stored
	conns   []*conn
	ids     uint64
	now     func() time.Time
	stored  func(stored)
	// agreeable: the relay takes every message, whatever it answers.
	agreeable bool
}

func newModelRelay(now func() time.Time) *modelRelay {
	r := &modelRelay{now: now, senders: [2]wire.SenderHash{{1}, {2}}, stored: func(stored) {}}
	for i := range r.done {
		r.done[i] = map[wire.Nonce]wire.MessageID{}
	}
	return r
}

func (r *modelRelay) connect(seat int) *conn {
	c := &conn{seat: seat, open: true, up: []up{join{}}}
	r.conns = append(r.conns, c)
	return c
}

// cut ends a connection. What was on its way to the relay may still come, until
// another connection of the seat says hello.
func (r *modelRelay) cut(c *conn) {
	was := c.joined
	c.open, c.joined, c.down = false, false, nil
	if was {
		r.presence(c.seat)
	}
}

func (r *modelRelay) present(seat int) bool {
	for _, c := range r.conns {
		if c.joined && c.seat == seat {
			return true
		}
	}
	return false
}

func (r *modelRelay) presence(seat int) {
	r.tell(1-seat, Presence{r.present(seat)})
}

// tell sends an event to each joined connection of a seat.
func (r *modelRelay) tell(seat int, e Event) {
	for _, c := range r.conns {
		if c.joined && c.seat == seat {
			c.down = append(c.down, e)
		}
	}
}

func (r *modelRelay) all(e Event) {
	r.tell(0, e)
	r.tell(1, e)
}

func (r *modelRelay) message() *Message {
	if r.slot == nil {
		return nil
	}
	m := r.slot.m
	return &m
}

// take does what the first frame of a connection asks for.
func (r *modelRelay) take(c *conn) {
	frame := c.up[0]
	c.up = c.up[1:]
	switch f := frame.(type) {
	case join:
		if !c.open {
			return
		}
		c.joined = true
		c.down = append(c.down, Joined{r.senders[c.seat], r.message()}, Presence{r.present(1 - c.seat)})
		r.presence(c.seat)
	case SendHello:
		r.hello(c, f.Hello)
	case Transmit:
		id, reason := r.transmit(c.seat, f)
		c.reply(Answered{f.Nonce, id, reason})
	case MarkRead:
		if s := r.slot; s != nil && s.m.ID == f.ID && s.seat != c.seat && !s.m.Read {
			s.m.Read = true
			r.all(MessageRead(f))
		}
	}
}

func (c *conn) reply(e Event) {
	if c.open {
		c.down = append(c.down, e)
	}
}

func (r *modelRelay) hello(c *conn, hello []byte) {
	if c.moved {
		return
	}
	for _, other := range r.conns {
		if other == c || other.seat != c.seat || other.open && !other.joined {
			continue // the last has not come in yet
		}
		if other.joined {
			other.moved, other.open, other.joined, other.down = true, false, false, nil
		}
		other.up = nil // what still comes of it counts no more
	}
	if !bytes.Equal(r.hellos[c.seat], hello) {
		r.hellos[c.seat] = hello
		r.tell(1-c.seat, HelloReceived{Hello: hello})
	}
	c.reply(HelloReply{Hello: r.hellos[1-c.seat]})
}

func (r *modelRelay) transmit(seat int, f Transmit) (id wire.MessageID, reason wire.Reason) {
	s := r.slot
	if f.Edit {
		switch {
		case s == nil || s.seat != seat || s.m.ID != f.ID:
			return id, wire.ReasonNotFound
		case s.m.Read:
			return id, wire.ReasonNotEditable
		}
		s.m.Bytes, s.m.IV = f.Bytes, f.IV
		r.stored(*s)
		r.all(MessageEdited{ID: f.ID, Bytes: f.Bytes, IV: f.IV})
		return id, ""
	}
	if id, done := r.done[seat][f.Nonce]; done {
		return id, ""
	}
	switch {
	case r.agreeable:
	case s != nil && s.seat == seat:
		return id, wire.ReasonNotYourTurn
	case f.Empty != (s == nil), s != nil && (s.m.ID != f.ID || s.m.IV != f.ReplacesIV):
		return id, wire.ReasonStale
	}
	r.ids++
	binary.BigEndian.PutUint64(id[:], r.ids)
	r.slot = &stored{seat, Message{ID: id, Sender: r.senders[seat], Bytes: f.Bytes, IV: f.IV, At: r.now()}}
	r.stored(*r.slot)
	r.done[seat][f.Nonce] = id
	r.all(MessageReceived{*r.message()})
	return id, ""
}
