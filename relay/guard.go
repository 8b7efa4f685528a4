package relay

import (
	"runtime"
	"strconv"
	"strings"
)

// guard runs read. A panic in it, which is where what strangers sent is taken
// apart, ends this socket alone, as one in a room ends that room alone.
func (c *conn) guard(read func() error) (err error) {
	defer func() {
		if recover() != nil { // its value may quote what was sent
			c.relay.cfg.Logger.Error().Uint32("conn", c.mark).Str("at", panicSite()).Msg("socket failed")
			err = errFailed
		}
	}()
	return read()
}

// panicSite names the line that panicked, for use while recovering.
func panicSite() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	panicked := false
	for {
		f, more := frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if panicked && !inRuntime || !more {
			return f.Function + ":" + strconv.Itoa(f.Line)
		}
		panicked = panicked || f.Function == "runtime.gopanic"
	}
}
