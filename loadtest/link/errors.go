package link

import (
	"errors"
	"fmt"
	"syscall"
)

// ErrNetworkChanged is what a phone's connection ends with when its network
// changes. It wraps ECONNABORTED, as phones say it.
var ErrNetworkChanged = fmt.Errorf("network changed: %w", syscall.ECONNABORTED)

var (
	errUnreachable = errors.New("network is unreachable: no answer to six attempts")
	errForgotten   = fmt.Errorf("connection forgotten on the way: %w", syscall.ECONNRESET)
)
