package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sotto/wire"
)

// Errors of derivation and sealing. None is worth a retry with the same input.
var (
	// ErrNumber: the number has no digit.
	ErrNumber = errors.New("client: number without digits")
	// ErrPIN: the PIN is empty.
	ErrPIN = errors.New("client: empty PIN")
	// ErrCode: what should be a pairing code has not exactly eight characters
	// of its alphabet.
	ErrCode = errors.New("client: not a pairing code")
	// ErrSealed: a message does not open with this key.
	ErrSealed = errors.New("client: message does not open with this key")
	// ErrText: a text is not valid UTF-8.
	ErrText = errors.New("client: text is not UTF-8")
)

// Why a session ended. It never comes back; the caller may open another.
var (
	// ErrClosed: Close was called.
	ErrClosed = errors.New("client: session closed")
	// ErrRoomExpired: the room's time was over, or one of the two ended it.
	ErrRoomExpired = errors.New("client: room expired")
	// ErrRoomLost: the relay restarted or lost the room. What was on it is gone.
	ErrRoomLost = errors.New("client: room lost")
	// ErrTooManyDevices: the room is open on too many devices with this PIN, and
	// this session was the oldest. One that came back by itself would push out
	// the next. It is a *CloseError, to be compared with errors.Is.
	ErrTooManyDevices error = closeCode(wire.CloseTooManyDevices)
)

// ErrUnanswered is in the error of a call whose context or session ended after
// its request went out and before the answer came, or came too late to tell: it
// may or may not have been done. Events that follow, if the session goes on, tell.
var ErrUnanswered = errors.New("client: request unanswered")

// ErrSuperseded is what an edit returns when a later one of the same message
// took its place before it was answered. The later one tells how that went.
var ErrSuperseded = errors.New("client: superseded by a later edit")

// What a relay answers when it refuses, to be compared with errors.Is. From
// [Open] they are about the join, from other calls about that call. Unless it
// says otherwise the same request would be refused again.
var (
	// ErrStale: the slot does not hold what the caller has last seen. Take
	// events from Next, then decide anew.
	ErrStale error = reasonError(wire.ReasonStale)
	// ErrNotYourTurn: one's own message waits for its answer.
	ErrNotYourTurn error = reasonError(wire.ReasonNotYourTurn)
	// ErrTooLarge: the message is longer than the relay takes.
	ErrTooLarge error = reasonError(wire.ReasonTooLarge)
	// ErrNotFound: from Open, nobody has opened this number and the intent was
	// to enter; from calls about a message, the slot does not hold it or it is
	// not one's own to change; from ResetPairing, no seat is open.
	ErrNotFound error = reasonError(wire.ReasonNotFound)
	// ErrNotEditable: the message was read.
	ErrNotEditable error = reasonError(wire.ReasonNotEditable)
	// ErrNotDeletable: the message was read.
	ErrNotDeletable error = reasonError(wire.ReasonNotDeletable)
	// ErrUnauthorized: both seats are taken and the PIN is of neither. The
	// Refusal says how many tries are left.
	ErrUnauthorized error = reasonError(wire.ReasonUnauthorized)
	// ErrLocked: too many wrong PINs. The Refusal says when to try again.
	ErrLocked error = reasonError(wire.ReasonLocked)
	// ErrCodeRequired: a seat is open, behind a pairing code.
	ErrCodeRequired error = reasonError(wire.ReasonOTPRequired)
	// ErrCodeWrong: a seat is open, behind another pairing code.
	ErrCodeWrong error = reasonError(wire.ReasonOTPInvalid)
	// ErrRateLimited: too many new rooms from this address. The Refusal says
	// when to try again.
	ErrRateLimited error = reasonError(wire.ReasonRateLimited)
	// ErrRestarting: the relay restarts soon, and the room is not there. The
	// Refusal says when to try again.
	ErrRestarting error = reasonError(wire.ReasonRestarting)
)

type reasonError wire.Reason

func (e reasonError) Error() string { return "client: refused: " + string(e) }

// Refusal is a relay's no. It is one of the errors above, by errors.Is, where
// there is one for its Reason.
type Refusal struct {
	Reason wire.Reason
	// AttemptsRemaining comes with ErrUnauthorized.
	AttemptsRemaining int
	// RetryAfter comes with ErrLocked, ErrRateLimited and ErrRestarting; 0 when the relay does
	// not say.
	RetryAfter time.Duration
}

// Error repeats the reason only if it looks like one: a relay could send
// anything, a hash too.
func (r *Refusal) Error() string {
	const longest = 32
	if len(r.Reason) > longest || strings.Trim(string(r.Reason), "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "client: refused for a strange reason"
	}
	return reasonError(r.Reason).Error()
}

// Is makes errors.Is compare by reason.
func (r *Refusal) Is(target error) bool {
	reason, ok := target.(reasonError)
	return ok && wire.Reason(reason) == r.Reason
}

// CloseError is the code a relay closed the connection with. A session ends
// with those after which a client must not dial again; others it only tells of,
// in Disconnected.
type CloseError struct {
	Code wire.CloseCode
}

// closeCode is a code that there is a sentinel for.
type closeCode wire.CloseCode

func (c closeCode) Error() string { return (&CloseError{Code: wire.CloseCode(c)}).Error() }

// Is makes errors.Is compare by code.
func (e *CloseError) Is(target error) bool {
	code, ok := target.(closeCode)
	return ok && wire.CloseCode(code) == e.Code
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("client: relay closed the connection: %d %s", e.Code, e.Code.Reason())
}

// StatusError is an HTTP answer in place of the WebSocket handshake. 429 and
// 5xx are tried again; with any other the session ends.
type StatusError struct {
	Code int
	// RetryAfter is the header of that name in seconds; 0 without one.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("client: relay answered %d %s", e.Code, http.StatusText(e.Code))
}
