package entry

import (
	"context"
	"errors"
	"strconv"
	"time"

	"sotto/blind"
	"sotto/client"
)

// Said is an error as people and programs are told of it.
type Said struct {
	// Code is for programs; it stays the same.
	Code string
	// Text is a sentence for people.
	Text string
	// Retry: the same request may do better, later. Otherwise something else has
	// to be done first.
	Retry bool
}

// saying is what is said of an error.
type saying struct {
	err error
	Said
}

// sayings is every error that can come of a room, the more special first.
var sayings = []saying{
	{ErrRequest, Said{"bad_request", "This is not a request.", false}},
	{ErrNoNumber, Said{"no_number", "There is no number in this.", false}},
	{blind.ErrMistyped, Said{"mistyped", "A digit of the long number is wrong or missing.", false}},
	{blind.ErrPIN, Said{"bad_pin", "The PIN needs 6 to 12 digits.", false}},
	{client.ErrPIN, Said{"bad_pin", "Enter your PIN.", false}},
	{client.ErrTaken, Said{"taken", "This number is in use. Make another.", false}},
	{client.ErrPINTaken, Said{"pin_taken", "That PIN is already the other's. Choose another.", false}},
	{client.ErrNoPrivate, Said{"no_private", "This relay can't do private numbers.", false}},
	{client.ErrFault, Said{"fault", "Something that does not belong here came from the relay. Nothing of it is shown. Leave, and tell each other another way.", false}},
	{client.ErrMoved, Said{"moved", "Opened on another page. This one has been emptied.", false}},
	{client.ErrTooManyDevices, Said{"too_many_devices", "Open on too many devices. This one stopped.", false}},
	{client.ErrRoomLost, Said{"restarted", "The relay restarted, or no longer has this. What was on it is gone.", false}},
	{client.ErrRoomExpired, Said{"ended", "This has ended. Nothing is left of it.", false}},
	{client.ErrClosed, Said{"closed", "You have left.", false}},
	{client.ErrUnanswered, Said{"unanswered", "They wrote in the meantime. Whether yours reached them, or still will, is not known.", false}},
	{client.ErrStale, Said{"stale", "A message came in just before. Your text is still here.", true}},
	{client.ErrNotYourTurn, Said{"not_your_turn", "Your message waits for its answer.", true}},
	{client.ErrAway, Said{"away", "They are not here. Your text waits here.", true}},
	{client.ErrTooLarge, Said{"too_large", "Too long for this relay. Your text is still here.", false}},
	{client.ErrText, Said{"bad_text", "This is not a text.", false}},
	{client.ErrNotEditable, Said{"already_read", "It was read already and can't be changed.", false}},
	{client.ErrNotDeletable, Said{"already_read", "It was read already and can't be changed.", false}},
	{client.ErrSuperseded, Said{"superseded", "A later change took its place.", false}},
	{client.ErrLocked, Said{"locked", "Locked", true}},
	{client.ErrRateLimited, Said{"rate_limited", "Too many tries from this network. Wait a minute.", true}},
	{client.ErrUnauthorized, Said{"wrong_pin", "Wrong PIN", false}},
	{client.ErrCodeRequired, Said{"place_free", "Nobody is here with this PIN; one place is free.", false}},
	{client.ErrCodeWrong, Said{"wrong_ref", "This ref is wrong or no longer valid.", false}},
	{client.ErrNotFound, Said{"not_found", "Nobody has opened this number. Check it, or make a new one.", false}},
	{context.Canceled, Said{"cancelled", "Cancelled.", true}},
}

// Explain says what err means to somebody who tried to get in by how, or, with
// "", is in already. It repeats nothing that a relay sent.
func Explain(err error, how How, private bool) Said {
	for _, s := range sayings {
		if errors.Is(err, s.err) {
			return s.explain(err, how, private)
		}
	}
	if closed, ok := errors.AsType[*client.CloseError](err); ok {
		return Said{"closed_" + strconv.Itoa(int(closed.Code)), "The relay ended the connection.", false}
	}
	if status, ok := errors.AsType[*client.StatusError](err); ok {
		return Said{"status_" + strconv.Itoa(status.Code), "There is no relay at this address: it answered " + strconv.Itoa(status.Code) + ".", false}
	}
	return Said{"failed", "That did not work. Try again.", true}
}

// explain says the rest of what depends on the way in, or on figures.
func (s Said) explain(err error, how How, private bool) Said {
	refusal, ok := errors.AsType[*client.Refusal](err)
	if !ok {
		refusal = new(client.Refusal)
	}
	switch s.Code {
	case "wrong_pin":
		switch {
		case how == Create && !private:
			return Explain(client.ErrTaken, how, private)
		case how == Invited && private:
			return Said{"faster", "Two people use this number already. If you were just invited, somebody was faster: tell them some other way, and use a new number.", false}
		case refusal.AttemptsRemaining == 1:
			s.Text += ", one try left"
		default:
			s.Text += ", " + strconv.Itoa(refusal.AttemptsRemaining) + " tries left"
		}
		s.Text += "."
	case "place_free", "wrong_ref":
		switch {
		case how == Create && !private:
			return Explain(client.ErrTaken, how, private)
		case s.Code == "place_free" && !private:
			return Said{"ref_required", "This PIN is not known there. Enter number and ref as you were sent them, or check your PIN.", false}
		}
	case "locked":
		if refusal.RetryAfter > 0 {
			s.Text += " until " + time.Now().Add(refusal.RetryAfter).Format("15:04")
		}
		s.Text += "."
	case "not_found":
		if how == "" {
			s.Text = "That message is gone. Your text is still here."
		}
	}
	return s
}
