package link

import (
	"errors"
	"fmt"
	"syscall"
)

// What a phone's connection ends with.
var (
	errUnreachable    = errors.New("network is unreachable: no answer to six attempts")
	errNetworkChanged = fmt.Errorf("network changed: %w", syscall.ECONNABORTED)
	errForgotten      = fmt.Errorf("connection forgotten on the way: %w", syscall.ECONNRESET)
)
