package relay

import (
	"net/http"
	"runtime"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
)

// guard keeps a panic in a goroutine that serves one socket from ending the
// process, and with it every room.
type guard struct {
	log *zerolog.Logger
	// mark is a random number that tells the log lines of one socket from those of
	// others. It means nothing outside this process.
	mark uint32
}

// run runs f and reports whether it panicked.
func (g *guard) run(f func()) (panicked bool) {
	defer func() {
		if recover() != nil { // its value may quote what was sent
			g.log.Error().Uint32("conn", g.mark).Str("at", panicSite()).Msg("socket failed")
			panicked = true
		}
	}()
	f()
	return false
}

// recoverUpgrade is deferred around an upgrade, which calls what an embedder has
// wrapped around the ResponseWriter. It counts and logs a panic, which goes on as
// ErrAbortHandler: else net/http would log its value and the client's address.
func (rl *Relay) recoverUpgrade() {
	switch p := recover(); p {
	case nil:
		return
	case http.ErrAbortHandler:
	default:
		rl.metrics.count(httpFailed)
		rl.cfg.Logger.WithLevel(httpFailed.level).Str("at", panicSite()).Msg("upgrade failed")
	}
	panic(http.ErrAbortHandler)
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
