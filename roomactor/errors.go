package roomactor

import "errors"

var (
	// ErrRoomClosed reports that the room ended before it took the command, and
	// that nothing was changed. Retry: the next join finds or spawns another
	// room. Supervisor.Join retries by itself.
	ErrRoomClosed = errors.New("roomactor: room closed")
	// ErrRoomFailed reports that the room failed while it worked on the
	// command. The room is gone; the command is not replayed. Final.
	ErrRoomFailed = errors.New("roomactor: room failed")
	// ErrShutdown reports that the supervisor takes no more joins. Final for
	// this process.
	ErrShutdown = errors.New("roomactor: supervisor is shut down")
)
