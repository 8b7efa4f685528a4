package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"sotto/blind"
	"sotto/wire"
)

// answerTimeout is how long a request may stay unanswered before its connection
// is given up. The slowest networks worth serving need about half of it.
const answerTimeout = 20 * time.Second

// largeTimeout is the same for a request with a large message. The longest takes 70 s
// at 10 kbit/s, and relays read it for as long.
const largeTimeout = 120 * time.Second

// patience is how long req may take to be written, and then to be answered.
func patience(req *wire.Request) time.Duration {
	if len(req.Ciphertext) > wire.StdCiphertext {
		return largeTimeout
	}
	return answerTimeout
}

// typingEvery is how often at most the relay is told that somebody types.
const typingEvery = 3 * time.Second

// call is a request that is kept, and sent again on every new connection, until
// it is answered.
type call struct {
	req  wire.Request  // immutable once in Session.calls
	done chan struct{} // closed when answered; id and err are immutable then
	id   wire.MessageID
	err  error

	// Guarded by Session.mu.
	sentOn *link // the last connection it was written to; nil: none yet
	again  bool  // it was written to another before
	sentAt time.Time
}

// Send seals text and puts it in the slot, as the answer to the message that
// the caller has last seen there, that is taken from Next or sent; or to an
// empty slot. It returns the id of the message; on a private number the zero id
// where the relay's yes was lost and only the other's answer tells of it.
//
// Send waits for the relay's answer through any number of reconnects. It
// returns ErrStale when the slot holds anything else, ErrNotYourTurn,
// ErrTooLarge or ErrText, and nothing was sent. When ctx or the session ends
// first it returns ctx's error or why the session ended; beside it is
// ErrUnanswered if the request went out. It is beside ErrStale, too, when a
// connection was lost on the way to an empty slot of a short number: if the slot
// becomes empty again, what was sent may still come out of that connection.
func (s *Session) Send(ctx context.Context, text string) (wire.MessageID, error) {
	id, _, err := s.Answer(ctx, text)
	return id, err
}

// Answer is Send that also returns the id of the message which the new one took
// the place of; the zero id for an empty slot.
func (s *Session) Answer(ctx context.Context, text string) (id, replaced wire.MessageID, err error) {
	if s.private != nil {
		id, replaced, err = s.sendPrivate(ctx, text)
	} else {
		id, replaced, err = s.sendShort(ctx, text)
	}
	if err != nil {
		return wire.MessageID{}, wire.MessageID{}, fmt.Errorf("send message: %w", err)
	}
	return id, replaced, nil
}

func (s *Session) sendShort(ctx context.Context, text string) (id, replaced wire.MessageID, err error) {
	sealed, err := s.seal(text)
	if err != nil {
		return id, replaced, err
	}
	c := newCall(wire.Request{
		Event:      wire.EventSend,
		Ciphertext: sealed.Ciphertext,
		IV:         sealed.IV,
		Nonce:      newNonce(),
	})
	s.mu.Lock()
	c.req.Replaces = wire.Replaces{Set: true, Message: s.seen != wire.MessageID{}, ID: s.seen}
	s.mu.Unlock()
	if err := s.do(ctx, c); err != nil {
		return id, replaced, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == c.req.Replaces.ID { // else Next has told more already
		s.seen = c.id
	}
	return c.id, c.req.Replaces.ID, nil
}

// Edit gives one's own unread message another text. A later Edit of the same
// message takes the place of one that waits for its answer, which returns
// ErrSuperseded. Its other errors are ErrNotFound, ErrNotEditable and those of
// Send but ErrStale and ErrNotYourTurn. ErrUnanswered is returned too when the
// message was replaced before a lost answer could be asked for again.
func (s *Session) Edit(ctx context.Context, id wire.MessageID, text string) error {
	if s.private != nil {
		if err := s.editPrivate(ctx, id, blind.Content{Kind: blind.KindText, Text: text}); err != nil {
			return fmt.Errorf("edit message: %w", err)
		}
		return nil
	}
	sealed, err := s.seal(text)
	if err == nil {
		err = s.do(ctx, newCall(wire.Request{
			Event: wire.EventEdit, MessageID: id, Ciphertext: sealed.Ciphertext, IV: sealed.IV,
		}))
	}
	if err != nil {
		return fmt.Errorf("edit message: %w", err)
	}
	return nil
}

// Delete takes one's own unread message away. Its errors are ErrNotFound,
// ErrNotDeletable, ErrUnanswered as for Edit, and why the session ended.
func (s *Session) Delete(ctx context.Context, id wire.MessageID) error {
	if s.private != nil {
		if err := s.editPrivate(ctx, id, blind.Content{}); err != nil {
			return fmt.Errorf("delete message: %w", err)
		}
		return nil
	}
	if err := s.do(ctx, newCall(wire.Request{Event: wire.EventDelete, MessageID: id})); err != nil {
		return fmt.Errorf("delete message: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == id {
		s.seen = wire.MessageID{}
	}
	return nil
}

// MarkRead tells the other person that their message was read, and waits until
// the relay has told so. Nothing is done when that is so already or the slot
// does not hold that message any more; one's own message is ErrNotFound.
func (s *Session) MarkRead(ctx context.Context, id wire.MessageID) error {
	if s.private != nil {
		if err := s.readPrivate(id); err != nil {
			return fmt.Errorf("mark message as read: %w", err)
		}
		return nil
	}
	s.mu.Lock()
	m := s.state.Message
	mine, due := m != nil && m.ID == id && m.Mine, s.readDue(id)
	s.mu.Unlock()
	var err error
	switch {
	case mine:
		err = ErrNotFound
	case due:
		err = s.do(ctx, newCall(wire.Request{Event: wire.EventRead, MessageID: id}))
	}
	if err != nil {
		return fmt.Errorf("mark message as read: %w", err)
	}
	return nil
}

// Typing tells the other person that this one is writing. It never waits; calls
// within three seconds of the last frame, or without a connection, do nothing.
func (s *Session) Typing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.private != nil || s.link == nil || time.Since(s.typing.last) < typingEvery {
		return
	}
	s.typing = typing{due: s.link, last: time.Now()}
	s.flush()
}

// Expire ends the room for both. The session then ends with ErrRoomExpired.
func (s *Session) Expire(ctx context.Context) error {
	if err := s.do(ctx, newCall(wire.Request{Event: wire.EventExpire})); err != nil {
		return fmt.Errorf("expire room: %w", err)
	}
	return nil
}

// ResetPairing puts the open seat behind another code, and ends a lock. It
// returns ErrNotFound when no seat is open, ErrUnanswered, or why the session
// ended. It panics on the zero code.
func (s *Session) ResetPairing(ctx context.Context, code PairingCode) error {
	if err := s.do(ctx, newCall(wire.Request{Event: wire.EventResetPairing, Gate: code.gate()})); err != nil {
		return fmt.Errorf("reset pairing: %w", err)
	}
	return nil
}

func (c PairingCode) gate() wire.Gate {
	return wire.Gate{Present: true, Valid: true, Hash: c.Hash()}
}

func (s *Session) seal(text string) (Sealed, error) {
	switch {
	case !utf8.ValidString(text):
		return Sealed{}, ErrText
	case len(text)+Overhead > s.cfg.MaxCiphertext:
		return Sealed{}, ErrTooLarge
	}
	return s.key.Seal([]byte(text)), nil
}

func newNonce() wire.Nonce {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	n, ok := wire.ParseNonce(hex.EncodeToString(b[:]))
	if !ok {
		panic("client: bad nonce") // 32 hex digits are one
	}
	return n
}

func newCall(req wire.Request) *call {
	return &call{req: req, done: make(chan struct{})}
}

// do has c written and waits for its answer.
func (s *Session) do(ctx context.Context, c *call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enqueue(c); err != nil {
		return err
	}
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	for {
		select {
		case <-c.done:
			return c.err
		case <-timer.C:
			timer.Reset(s.overdue(c))
		case <-ctx.Done():
			return s.abandon(c, ctx.Err())
		}
	}
}

func (s *Session) enqueue(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return s.ended
	}
	s.ref++
	c.req.Ref = wire.NewRef(refText(s.ref))
	if c.req.Event == wire.EventEdit {
		s.supersede(c.req.MessageID)
	}
	s.calls = append(s.calls, c)
	if s.link != nil {
		s.flush()
	}
	return nil
}

func refText(n uint64) string { return strconv.FormatUint(n, 10) }

// supersede ends the edits of a message that a later one follows: sent again
// on another connection, they would undo it. Called with s.mu held.
func (s *Session) supersede(id wire.MessageID) {
	for _, c := range slices.Clone(s.calls) {
		if c.req.Event == wire.EventEdit && c.req.MessageID == id {
			s.settle(c, wire.MessageID{}, ErrSuperseded)
		}
	}
}

// overdue gives up the connection that has not answered c in time, and returns
// when to look again.
func (s *Session) overdue(c *call) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil || c.sentOn != s.link {
		return answerTimeout
	}
	if left := patience(&c.req) - time.Since(c.sentAt); left > 0 {
		return left
	}
	s.link.drop(errUnanswered)
	return answerTimeout
}

// abandon forgets c, whose caller does not wait any more, unless it was
// answered just now.
func (s *Session) abandon(c *call, cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-c.done:
		return c.err
	default:
	}
	s.settle(c, wire.MessageID{}, c.unanswered(cause))
	return c.err
}

// unanswered is what the caller is told when no answer will come because of
// cause. Called with s.mu held.
func (c *call) unanswered(cause error) error {
	if c.sentOn != nil {
		return fmt.Errorf("%w: %w", ErrUnanswered, cause)
	}
	return cause
}

// settle ends c. Called with s.mu held.
func (s *Session) settle(c *call, id wire.MessageID, err error) {
	s.calls = slices.DeleteFunc(s.calls, func(o *call) bool { return o == c })
	c.id, c.err = id, err
	close(c.done)
}

// reply takes in the answer to a call.
func (s *Session) reply(r *wire.Response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleReply(r)
}

func (s *Session) settleReply(r *wire.Response) {
	ref := r.Ref.Text()
	for _, c := range s.calls {
		if c.req.Ref.Text() == ref {
			s.settle(c, r.MessageID, c.outcome(r))
			return
		}
	}
}

// outcome returns the no in the answer to c, or nil. An edit or a deletion that
// was sent before could have been done then, and the message be gone since. What
// was sent into an empty slot before can still come out of the old connection,
// when the slot is empty again.
func (c *call) outcome(r *wire.Response) error {
	no := refusal(r)
	changes := c.req.Event == wire.EventEdit || c.req.Event == wire.EventDelete
	switch {
	case !c.again:
	case changes && r.Reason == wire.ReasonNotFound:
		return ErrUnanswered
	case r.Reason == wire.ReasonStale && !c.req.Replaces.Message:
		return fmt.Errorf("%w: %w", ErrUnanswered, no)
	}
	return no
}

// refusal returns the no in a reply, or nil.
func refusal(r *wire.Response) error {
	if r.Reason == "" {
		return nil
	}
	return &Refusal{Reason: r.Reason, AttemptsRemaining: r.AttemptsRemaining, RetryAfter: r.RetryAfter}
}

// readDue reports whether marking the message as read would do anything.
// Called with s.mu held.
func (s *Session) readDue(id wire.MessageID) bool {
	m := s.state.Message
	return m != nil && m.ID == id && m.ReadAt.IsZero()
}

// settleReads ends the calls of MarkRead that have come true, which get no
// reply. Called with s.mu held.
func (s *Session) settleReads() {
	for _, c := range slices.Clone(s.calls) {
		if c.req.Event == wire.EventRead && !s.readDue(c.req.MessageID) {
			s.settle(c, wire.MessageID{}, nil)
		}
	}
}

// settleByState ends the calls whose effect shows in the state of a new join:
// their answer was lost with the connection, or there is nothing left to do.
// The others are sent again: a send bears a nonce, and the rest can be done
// twice. Called with s.mu held.
func (s *Session) settleByState(m *wire.Message) {
	for _, c := range slices.Clone(s.calls) {
		switch c.req.Event {
		case wire.EventEdit:
			// Maybe read since, after which the relay would refuse it.
			if m != nil && m.ID == c.req.MessageID && m.IV == c.req.IV && bytes.Equal(m.Ciphertext, c.req.Ciphertext) {
				s.settle(c, wire.MessageID{}, nil)
			}
		case wire.EventDelete:
			if m == nil {
				s.settle(c, wire.MessageID{}, nil)
			}
		}
	}
	s.settleReads()
}
