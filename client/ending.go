package client

import (
	"errors"
	"net/http"
	"time"

	"sotto/wire"
)

// final returns why the session ends when an attempt ends with err, or nil when
// there is to be another.
func (s *Session) final(err error) error {
	if s.ctx.Err() != nil {
		return ErrClosed
	}
	s.mu.Lock()
	joined := s.joined
	var fatal error
	if s.private != nil {
		fatal = s.private.fatal
	}
	s.mu.Unlock()
	if fatal != nil {
		return fatal
	}

	if errors.Is(err, errExpired) {
		return ErrRoomExpired
	}
	if errors.Is(err, errOtherRoom) {
		return ErrRoomLost
	}
	if no, ok := errors.AsType[*Refusal](err); ok {
		if s.elsewhere { // PROTOCOL.md, another relay
			return nil
		}
		return finalRefusal(no, joined)
	}
	if status, ok := errors.AsType[*StatusError](err); ok {
		if status.Code == http.StatusTooManyRequests || status.Code >= 500 {
			return nil
		}
		return status
	}
	if closed, ok := errors.AsType[*CloseError](err); ok {
		return finalClose(closed, joined)
	}
	return nil
}

func finalRefusal(no *Refusal, joined bool) error {
	switch {
	case no.Reason == wire.ReasonInternalError:
		return nil
	case !joined:
		return no
	case no.Reason == wire.ReasonNotFound, no.Reason == wire.ReasonRestarting:
		return ErrRoomLost
	case no.Reason == wire.ReasonLocked, no.Reason == wire.ReasonRateLimited:
		return nil // the seat is still there, only later
	}
	return no
}

func finalClose(closed *CloseError, joined bool) error {
	switch {
	case closed.Code == wire.CloseRoomExpired:
		return ErrRoomExpired
	case closed.Code == wire.CloseRestart && joined:
		return ErrRoomLost
	case closed.Code.Retry():
		return nil
	}
	return closed
}

// retryAfter returns the wait a relay asks for, or 0.
func retryAfter(err error) time.Duration {
	if no, ok := errors.AsType[*Refusal](err); ok {
		return no.RetryAfter
	}
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.RetryAfter
	}
	return 0
}

// end ends the session, and every call with it.
func (s *Session) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = err
	if s.private != nil {
		s.endPrivate(err)
	}
	gone := errors.Is(err, ErrRoomExpired) || errors.Is(err, ErrRoomLost)
	for len(s.calls) > 0 {
		c := s.calls[0]
		if c.req.Event == wire.EventExpire && gone {
			s.settle(c, wire.MessageID{}, nil) // which is what was asked for
		} else {
			s.settle(c, wire.MessageID{}, c.unanswered(err))
		}
	}
	if !s.entered {
		close(s.opened)
	}
	notify(s.ready)
}
