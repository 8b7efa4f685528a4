package relay

import (
	"errors"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"

	"sotto/wire"
)

// ending is a row of the table of how sockets end: the code on the wire, the
// label of sotto_connections_closed_total and the level it is logged at.
type ending struct {
	code  wire.CloseCode
	label string
	level zerolog.Level
}

// endings is the one table of close codes. Rows with code 0 are ends the relay
// did not choose.
var endings = []ending{
	{wire.CloseRoomExpired, "1000", zerolog.DebugLevel},
	{wire.CloseTooBig, "1009", zerolog.DebugLevel},
	{wire.CloseRestart, "1012", zerolog.DebugLevel},
	{wire.CloseSlowConsumer, "4000", zerolog.DebugLevel},
	{wire.CloseNoPong, "4002", zerolog.DebugLevel},
	{wire.CloseNotJoined, "4003", zerolog.DebugLevel},
	{wire.CloseRoomFailed, "4004", zerolog.ErrorLevel},
	{wire.CloseMoved, "4500", zerolog.DebugLevel},
	{wire.CloseTooManyDevices, "4501", zerolog.DebugLevel},
	endedByPeer,
	endedLost,
	endedFailed,
}

var (
	// endedByPeer: the peer sent a close frame first.
	endedByPeer = ending{0, "peer", zerolog.DebugLevel}
	// endedLost: the connection broke, or broke the WebSocket protocol.
	endedLost = ending{0, "lost", zerolog.DebugLevel}
	// endedFailed: a bug of the relay, which has broken the connection.
	endedFailed = ending{0, "failed", zerolog.ErrorLevel}
)

// endingOf picks the row: the relay's own code if it chose one, else what the
// read loop met.
func endingOf(code wire.CloseCode, readErr error) ending {
	if code != wire.CloseNone {
		for _, e := range endings {
			if e.code == code {
				return e
			}
		}
		panic("relay: close code without a row")
	}
	switch {
	case errors.Is(readErr, errFailed):
		return endedFailed
	case websocket.CloseStatus(readErr) != -1:
		return endedByPeer
	}
	return endedLost
}
