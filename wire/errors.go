package wire

import "errors"

var (
	// ErrFrame reports a frame that is not what the package comment demands of
	// every frame. It never says what was in the frame. Not final: the relay
	// answers with [FrameRef] and [ReasonInvalidEncoding] and reads on.
	ErrFrame = errors.New("wire: malformed frame")

	// ErrTooBig reports a frame over the limit of its [Buffers]. Final for the
	// socket: it is closed with [CloseTooBig].
	ErrTooBig = errors.New("wire: frame over the size limit")
)
