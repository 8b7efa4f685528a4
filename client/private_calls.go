package client

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"sotto/blind"
	"sotto/wire"
)

// SetMode chooses what becomes of what this person writes, on a private number:
// can wait (false, the default), or open pages only. It panics on a session of
// std-1.
func (s *Session) SetMode(openPagesOnly bool) {
	s.privately(func(p *private) {
		p.openPagesOnly = openPagesOnly
		s.step(blind.SetMode{OpenPagesOnly: openPagesOnly})
	})
}

// Hide tells that the person can't see the session, or can again. In the mode
// can wait an unread sealed message is left then. It panics on a session of
// std-1.
func (s *Session) Hide(hidden bool) {
	s.privately(func(p *private) {
		p.hidden = hidden
		s.step(blind.Hide{Hidden: hidden})
	})
}

// LetWait leaves one's own unread sealed message, so that whoever has the code
// can open it. MessageEdited tells when that is done. It panics on a session of
// std-1.
func (s *Session) LetWait() { s.privately(func(*private) { s.step(blind.LetWait{}) }) }

// Compare returns 20 digits that are the same on both sides if nobody sits in
// between; empty when there is nothing to compare: no sealed message that both
// have seen. It panics on a session of std-1.
func (s *Session) Compare() (digits string) {
	s.privately(func(p *private) { digits = p.view.Check })
	return digits
}

// Leave is Close that first hides, so that in the mode can wait nothing is lost
// with this page. It waits for that as long as ctx allows.
func (s *Session) Leave(ctx context.Context) {
	s.Hide(true)
	for ctx.Err() == nil && s.leaving() {
		select {
		case <-s.private.stepped:
		case <-ctx.Done():
		}
	}
	s.Close()
}

// leaving reports whether the page has something to do still.
func (s *Session) leaving() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &s.private.view
	return s.ended == nil && (v.Busy || v.Holder == blind.HolderMine && !v.Left && !v.Read &&
		!v.OtherPage && !s.private.openPagesOnly)
}

func (s *Session) mustBePrivate() {
	if s.private == nil {
		panic("client: call for private numbers on a session of a short number")
	}
}

// privately calls f with s.mu held.
func (s *Session) privately(f func(p *private)) {
	s.mustBePrivate()
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.private)
}

// wish hands a send or an edit to the page and waits for what becomes of it.
func (s *Session) wish(ctx context.Context, event blind.Event, edit bool, id wire.MessageID) (*want, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := &want{event: event, edit: edit, done: make(chan struct{})}
	if err := s.enqueueWant(w, id); err != nil {
		return nil, err
	}
	select {
	case <-w.done:
		return w, w.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-w.done:
		return w, w.err
	default:
	}
	if w.out {
		// The page goes on with it, and w keeps its place.
		return nil, fmt.Errorf("%w: %w", ErrUnanswered, ctx.Err())
	}
	s.private.wants = slices.DeleteFunc(s.private.wants, func(o *want) bool { return o == w })
	return nil, ctx.Err()
}

func (s *Session) enqueueWant(w *want, id wire.MessageID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.private
	switch {
	case s.ended != nil:
		return s.ended
	case w.edit && (p.view.ID != id || p.view.Holder != blind.HolderMine):
		return ErrNotFound
	case !w.edit && s.unseen():
		return ErrStale
	}
	if w.edit {
		p.wants = slices.DeleteFunc(p.wants, func(o *want) bool {
			if o.out || !o.edit {
				return false
			}
			o.err = ErrSuperseded
			close(o.done)
			return true
		})
	}
	w.slot, w.iv = p.view.ID, p.view.IV
	p.wants = append(p.wants, w)
	s.nextWant()
	return nil
}

// unseen reports whether the other's words wait for Next. Called with s.mu held.
func (s *Session) unseen() bool {
	return slices.ContainsFunc(s.events, func(event Event) bool {
		switch e := event.(type) {
		case State:
			return e.Message != nil && !e.Message.Mine
		case NewMessage:
			return !e.Message.Mine
		case MessageEdited:
			return !e.Message.Mine
		}
		return false
	})
}

// nextWant hands the page what is next, if it is still about what the slot
// holds. Called with s.mu held.
func (s *Session) nextWant() {
	p := s.private
	for len(p.wants) > 0 && !p.wants[0].out && p.page != nil && !p.page.Ended() {
		w, v := p.wants[0], p.page.View()
		w.out = true
		mine := v.Holder == blind.HolderMine
		switch {
		case w.edit && (!mine || v.ID != w.slot):
			s.settleWant(wire.MessageID{}, ErrNotFound)
		case !w.edit && mine:
			s.settleWant(wire.MessageID{}, ErrNotYourTurn)
		case !w.edit && (v.ID != w.slot || v.IV != w.iv):
			s.settleWant(wire.MessageID{}, ErrStale)
		default:
			s.step(w.event)
		}
	}
}

// settleWant ends what the page had. Called with s.mu held.
func (s *Session) settleWant(id wire.MessageID, err error) {
	p := s.private
	if len(p.wants) == 0 || !p.wants[0].out {
		return
	}
	w := p.wants[0]
	p.wants = p.wants[1:]
	w.id, w.err = id, err
	close(w.done)
}

func (s *Session) sendPrivate(ctx context.Context, text string) (id, replaced wire.MessageID, err error) {
	if !utf8.ValidString(text) {
		return id, replaced, ErrText
	}
	w, err := s.wish(ctx, blind.Send{Content: blind.Content{Kind: blind.KindText, Text: text}}, false, wire.MessageID{})
	if err != nil {
		return id, replaced, err
	}
	return w.id, w.replaced, nil
}

// SendVoice is Send of a voice note, on a private number. Beside the errors of
// Send it returns ErrTooLarge where the relay takes no voice notes, and a *Refusal
// that is ErrRateLimited while it has no memory for one: try again in a minute.
// ErrText is returned for a length or media type that does not fit [Voice]. It
// panics on a session of std-1.
func (s *Session) SendVoice(ctx context.Context, v *Voice) (wire.MessageID, error) {
	s.mustBePrivate()
	ms := v.Length.Milliseconds()
	if ms < 0 || ms > math.MaxUint32 {
		return wire.MessageID{}, fmt.Errorf("send voice note: %w", ErrText)
	}
	w, err := s.wish(ctx, blind.Send{Content: blind.Content{
		Kind: blind.KindVoice, Milliseconds: uint32(ms), MediaType: v.MediaType, Data: v.Data,
	}}, false, wire.MessageID{})
	if err != nil {
		return wire.MessageID{}, fmt.Errorf("send voice note: %w", err)
	}
	return w.id, nil
}

func (s *Session) editPrivate(ctx context.Context, id wire.MessageID, content blind.Content) error {
	if !utf8.ValidString(content.Text) {
		return ErrText
	}
	_, err := s.wish(ctx, blind.Edit{Content: content}, true, id)
	return err
}

// readPrivate marks as read what the caller has shown, again after a drop.
func (s *Session) readPrivate(id wire.MessageID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.private
	switch {
	case s.ended != nil:
		return s.ended
	case p.view.ID == id && p.view.Holder == blind.HolderMine:
		return ErrNotFound
	case p.view.ID == id:
		p.shown = id
		s.step(blind.Show{})
	}
	return nil
}

// show returns the message in the slot as the caller sees it; nil for none.
func (p *private) show(v *blind.View) *Message {
	if v.Holder == blind.HolderNone {
		return nil
	}
	m := &Message{
		ID: v.ID, Mine: v.Holder == blind.HolderMine, Text: v.Content.Text, SentAt: p.sentAt,
		Left: v.Left, OtherPage: v.OtherPage, AskAgain: v.AskAgain, Unseen: v.Unseen, Written: v.Written,
		Unreadable: v.Locked || v.OtherPage && v.Content.Kind == blind.KindEmpty || v.Content.Kind == blind.KindVoice,
	}
	if c := &v.Content; c.Kind == blind.KindVoice {
		m.Voice = &Voice{Length: time.Duration(c.Milliseconds) * time.Millisecond, MediaType: c.MediaType, Data: bytes.Clone(c.Data)}
	}
	m.Deleted = !m.Unreadable && v.Content.Kind == blind.KindEmpty
	if v.Read {
		m.ReadAt = p.readAt
	}
	return m
}

// tell tells what is another than before. Called with s.mu held.
func (s *Session) tell(v *blind.View) {
	p := s.private
	was := p.view
	p.view = *v
	m := p.show(v)
	s.state.Message, s.state.Reach = m, v.Reach
	if was.Reach != v.Reach {
		s.push(Reach{Reach: v.Reach})
	}
	switch {
	case v.Holder == blind.HolderNone:
		if was.Holder != blind.HolderNone {
			s.push(MessageDeleted{ID: was.ID})
		}
	case was.Holder == blind.HolderNone || was.ID != v.ID:
		s.push(NewMessage{Message: *m})
	case was.Content.Kind != v.Content.Kind || was.Content.Text != v.Content.Text ||
		!bytes.Equal(was.Content.Data, v.Content.Data) || was.Left != v.Left || was.Locked != v.Locked ||
		was.AskAgain != v.AskAgain || was.OtherPage != v.OtherPage || was.Unseen != v.Unseen:
		s.push(MessageEdited{Message: *m})
	case v.Read && !was.Read:
		s.push(MessageRead{ID: v.ID, ReadAt: p.readAt})
	}
}
