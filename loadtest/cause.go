package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/coder/websocket"

	"sotto/client"
)

// Causes that mean something to a run.
const (
	causeFiles     = "too many open files"
	causeLimited   = "limited by the relay (429 or rate_limited)"
	causeAddresses = "no local address left"
)

// causeOf sorts an error into one of few words. It never repeats what a peer
// sent.
func causeOf(err error) string {
	if status, ok := errors.AsType[*client.StatusError](err); ok {
		if status.Code == 429 {
			return causeLimited
		}
		return fmt.Sprintf("HTTP %d", status.Code)
	}
	if no, ok := errors.AsType[*client.Refusal](err); ok {
		if errors.Is(no, client.ErrRateLimited) {
			return causeLimited
		}
		return no.Error()
	}
	if closed, ok := errors.AsType[*client.CloseError](err); ok {
		return fmt.Sprintf("closed by the relay: %d", closed.Code)
	}
	if closed, ok := errors.AsType[websocket.CloseError](err); ok {
		return fmt.Sprintf("closed by the relay: %d", closed.Code)
	}
	for _, known := range []struct {
		err  error
		text string
	}{
		{syscall.EMFILE, causeFiles},
		{syscall.ENFILE, causeFiles},
		{syscall.EADDRNOTAVAIL, causeAddresses},
		{syscall.ECONNREFUSED, "connection refused"},
		{syscall.ECONNRESET, "connection reset"},
		{syscall.ECONNABORTED, "network changed"},
		{syscall.EPIPE, "connection reset"},
		{client.ErrRoomLost, "room lost"},
		{client.ErrRoomExpired, "room expired"},
		{client.ErrFault, "something that does not belong there came from the relay"},
		{client.ErrNoPrivate, "no answer to a hello"},
		{client.ErrTaken, "somebody is in the room already"},
		{context.DeadlineExceeded, "time-out"},
		{os.ErrDeadlineExceeded, "time-out"},
		{io.EOF, "connection ended"},
		{io.ErrUnexpectedEOF, "connection ended"},
		{net.ErrClosed, "connection ended"},
	} {
		if errors.Is(err, known.err) {
			return known.text
		}
	}
	return "no answer"
}
