package tun

import "errors"

// ErrUnavailable is in every error about what this system lacks for tun, or does
// not allow. The same call would fail again.
var ErrUnavailable = errors.New("emulating with TUN devices is not possible here")
