package blind

import "errors"

// What people type. The text is theirs to mend.
var (
	// ErrNoCode: the text holds no code, nor what is left of one. It may hold
	// a number of std-1.
	ErrNoCode = errors.New("no code in the text")
	// ErrMistyped: the text holds a number too long for a telephone, in which
	// no code is found: a digit is wrong or missing. Nothing may be sent, nor
	// derived from it.
	ErrMistyped = errors.New("a digit of the code is wrong or missing")
	// ErrPIN: a PIN has 6 to 12 digits 0 to 9.
	ErrPIN = errors.New("a PIN has 6 to 12 digits")
)

// ErrTooLong is returned for a text or a voice note that does not fit into a
// message.
var ErrTooLong = errors.New("too long for a message")

// What comes from the relay. Each is a fault: something that does not belong
// there, after which a page shows nothing more and ends.
var (
	// ErrFormat: bytes that are no hello, message or body.
	ErrFormat = errors.New("not of this protocol")
	// ErrForged: made, or changed, by somebody without the key.
	ErrForged = errors.New("forged")
	// ErrKey: a public key or an encapsulation that is none, or one that would
	// make a secret everybody knows.
	ErrKey = errors.New("no usable key")
)
