package relay_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sotto/relay"
)

// logged returns a logger of the level, and what it has logged.
func logged(level zerolog.Level) (zerolog.Logger, func(t *testing.T) []object) {
	lines := new(logLines)
	return zerolog.New(lines).Level(level), func(t *testing.T) (all []object) {
		t.Helper()
		for line := range strings.Lines(lines.String()) {
			var o object
			if err := json.Unmarshal([]byte(line), &o); err != nil {
				t.Fatal(err)
			}
			all = append(all, o)
		}
		return all
	}
}

// Each limit is logged once a minute, however often it is hit, and hides no
// other.
func TestLogs_Limits(t *testing.T) {
	logger, lines := logged(zerolog.InfoLevel)
	cfg := relay.Config{Logger: logger, UpgradeRate: 1, MaxConns: 1}
	inWorld(t, cfg, func(t *testing.T, w *world) {
		exists := "/api/room/" + hash("room") + "/exists"
		line := func(limit string) object {
			return object{"level": "warn", "limit": limit, "message": "refusing newcomers at a limit"}
		}
		for range 20 {
			w.request("GET", exists, nil)
		}
		want(t, "log", lines(t), []object{line("upgrade")})
		time.Sleep(time.Minute)
		w.dial("room").join(ann)
		for range 20 {
			w.request("GET", exists, nil)
		}
		want(t, "log", lines(t), []object{line("upgrade"), line("upgrade")})
		time.Sleep(time.Minute)
		w.request("GET", roomPath("room"), upgradeHeader())
		want(t, "log", lines(t), []object{line("upgrade"), line("upgrade"), line("conns")})
	})
}

// What goes well is not worth a line; the lives of sockets are for debugging,
// by a number that is nobody's.
func TestLogs_Levels(t *testing.T) {
	for _, level := range []zerolog.Level{zerolog.InfoLevel, zerolog.DebugLevel} {
		t.Run(level.String(), func(t *testing.T) {
			logger, lines := logged(level)
			cfg := unlimited
			cfg.Logger = logger
			inWorld(t, cfg, func(t *testing.T, w *world) {
				a, b := w.couple("room")
				a.sends(b)
				b.leave()
				w.lock("room")
				a.ok(a.post("expire_room", nil))
				time.Sleep(time.Second)
				if level > zerolog.DebugLevel {
					want(t, "log", lines(t), []object(nil))
					return
				}
				opened := make(map[any]bool)
				closed := make(map[any]int)
				for _, line := range lines(t) {
					switch line["message"] {
					case "socket opened":
						wantKeys(t, line, "level", "conn", "message")
						opened[line["conn"]] = true
					case "socket closed":
						wantKeys(t, line, "level", "conn", "code", "message")
						if !opened[line["conn"]] {
							t.Errorf("a socket closed that was not opened: %v", line)
						}
						closed[line["code"]]++
					default:
						t.Errorf("unknown line %v", line)
					}
				}
				want(t, "closed", closed, map[any]int{"peer": 2, "1000": 1})
				want(t, "opened", len(opened), 3)
			})
		})
	}
}
