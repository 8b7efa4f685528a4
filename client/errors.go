package client

import "errors"

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
)
