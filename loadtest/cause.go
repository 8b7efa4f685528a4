package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"syscall"

	"github.com/coder/websocket"

	"sotto/client"
	"sotto/wire"
)

// Causes that mean something to a run.
const (
	causeFiles     = "too many open files"
	causeLimited   = "limited by the relay (429 or rate_limited)"
	causeAddresses = "no local address left"
)

// causeOf sorts an error into one of few words, which never repeat what a peer
// sent, and reports whether it is the relay's no, which no network explains.
func causeOf(err error) (cause string, refused bool) {
	if status, ok := errors.AsType[*client.StatusError](err); ok {
		if status.Code == http.StatusTooManyRequests {
			return causeLimited, false
		}
		return fmt.Sprintf("HTTP %d", status.Code), true
	}
	if no, ok := errors.AsType[*client.Refusal](err); ok {
		if errors.Is(no, client.ErrRateLimited) {
			return causeLimited, false
		}
		return no.Error(), true
	}
	if closed, ok := errors.AsType[*client.CloseError](err); ok {
		// A bad network can look like these to a relay.
		excused := []wire.CloseCode{wire.CloseSlowConsumer, wire.CloseNoPong, wire.CloseNotJoined}
		return fmt.Sprintf("closed by the relay: %d", closed.Code), !slices.Contains(excused, closed.Code)
	}
	if closed, ok := errors.AsType[websocket.CloseError](err); ok {
		return fmt.Sprintf("closed by the relay: %d", closed.Code), false
	}
	for _, known := range []struct {
		err     error
		text    string
		refused bool
	}{
		{syscall.EMFILE, causeFiles, false},
		{syscall.ENFILE, causeFiles, false},
		{syscall.EADDRNOTAVAIL, causeAddresses, false},
		{syscall.ECONNREFUSED, "connection refused", false},
		{syscall.ECONNRESET, "connection reset", false},
		{syscall.ECONNABORTED, "network changed", false},
		{syscall.EPIPE, "connection reset", false},
		{client.ErrRoomLost, "room lost", false},
		{client.ErrRoomExpired, "room expired", false},
		{client.ErrFault, "something that does not belong there came from the relay", true},
		{client.ErrNoPrivate, "no answer to a hello", false},
		{client.ErrTaken, "somebody is in the room already", true},
		{client.ErrPINTaken, "the PIN is another's", true},
		{context.DeadlineExceeded, "time-out", false},
		{os.ErrDeadlineExceeded, "time-out", false},
		{io.EOF, "connection ended", true},
		{io.ErrUnexpectedEOF, "connection ended", true},
		{net.ErrClosed, "connection ended", false},
	} {
		if errors.Is(err, known.err) {
			return known.text, known.refused
		}
	}
	return "no answer", false
}
