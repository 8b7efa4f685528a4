package relay

import "errors"

var (
	// ErrConfig is wrapped by every fault New finds in a Config. Final.
	ErrConfig = errors.New("relay: unfit configuration")
	// ErrClosed reports that the relay was shut down before. Final.
	ErrClosed = errors.New("relay: closed")
	// ErrInconsistent is wrapped by what Check finds. It is a bug of this
	// package.
	ErrInconsistent = errors.New("relay: counters disagree")
)
