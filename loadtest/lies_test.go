package loadtest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// swallows has frames of an event answered with yes, and not done.
func swallows(event string) lie {
	return lie{up: func(_ *liedConn, f frame) ([]frame, time.Duration) {
		if f.event() == event {
			return nil, 0
		}
		return []frame{f}, 0
	}}
}

// answers is swallows with a yes.
func answers(event string, when func(c *liedConn) bool) lie {
	return lie{up: func(c *liedConn, f frame) ([]frame, time.Duration) {
		if f.event() != event || !when(c) {
			return []frame{f}, 0
		}
		yes := f.ok(map[string]any{"message_id": invented(c.room.index)})
		go send(c.phone, yes)
		return nil, 0
	}}
}

func always(*liedConn) bool { return true }

// thirdSend is one of one room.
func thirdSend(c *liedConn) bool { return c.room.index == 0 && c.room.sends == 3 }

// tells changes what one room is told as it is told of its n-th message.
func tells(n int, change func(c *liedConn, f frame) []frame) lie {
	return lie{down: func(c *liedConn, f frame) ([]frame, time.Duration) {
		if f.event() == "new_message" && c.room.index == 0 && c.told == n {
			return change(c, f), 0
		}
		return []frame{f}, 0
	}}
}

// Every lie is found and called what it is, whatever the seed.
func TestLies(t *testing.T) {
	const foreign = "does not belong there"
	brisk := Config{Profile: "fast-4g", Pairs: 5, Duration: time.Minute, Ramp: 2 * time.Second, Think: time.Second}
	for name, c := range map[string]struct {
		lie lie
		cfg func(cfg *Config)
		// What the reasons must match, by protocol. Empty: the client is not fooled.
		private, short string
	}{
		"none":                       {lie{}, nil, "^$", "^$"},
		"hangs after 20 s":           {lie{hangs: 20 * time.Second}, nil, "not in their rooms", "not in their rooms"},
		"503 to most rooms":          {lie{refuses: func(r *liedRoom) int { return 503 * min(1, r.index) }}, nil, "8 of 10 phones were not in their rooms", "8 of 10 phones were not in their rooms"},
		"403 to first joins":         {lie{refuses: func(r *liedRoom) int { return 403 * max(0, 2-r.dials) }}, nil, "HTTP 403", "HTTP 403"},
		"nobody is said to be there": {lie{down: alone}, nil, "5 conversations stalled", "5 conversations stalled"},
		"receipts swallowed":         {lie{down: withoutReceipts}, nil, "wrong receipt", "wrong receipt"},
		"marks swallowed":            {swallows("read_receipt"), nil, "wrong receipt", "wrong receipt"},
		"edits not done":             {answers("edit_message", always), nil, "not done", "not done"},
		"deletions not done":         {answers("delete_message", always), nil, "", "not done"},
		"lost":                       {answers("send_message", thirdSend), nil, "1 lost", "1 lost"},
		"told twice":                 {tells(3, twice), nil, "", "1 duplicated"},
		"told to another room":       {tells(3, astray), nil, foreign, "misdelivered"},
		"answered one told again":    {tells(4, oldAfterwards), nil, "rolled back|" + foreign, "rolled back|duplicated"},
		"found answered on joining":  {lie{cuts: 20 * time.Second, down: oldJoins}, nil, "rolled back|" + foreign, "rolled back"},
		"strangers let in": {lie{up: strangersIn}, func(cfg *Config) {
			cfg.Scenario, cfg.Duration = ScenarioFaults, 5*time.Minute
		}, "strangers were let", "strangers were let"},
		"sends 600 ms late": {late("send_message", 600*ms), func(cfg *Config) { cfg.Think = 300 * ms }, "relay-added p99 is 6", "relay-added p99 is 6"},
		"1 % of messages 300 ms late": {lie{down: lateMessages}, func(cfg *Config) {
			cfg.Pairs, cfg.Think, cfg.Duration = 20, 300*ms, 4*time.Minute
		}, "relay-added above 50 ms", "relay-added above 50 ms"},
	} {
		if raced && c.cfg != nil {
			continue // with many phones, or for long
		}
		for protocol, want := range map[Protocol]string{ProtocolSotto2: c.private, ProtocolStd1: c.short} {
			t.Run(fmt.Sprint(name, " ", protocol), func(t *testing.T) {
				t.Parallel()
				for _, seed := range few(1, seeds[:2]) {
					cfg := brisk
					cfg.Protocol, cfg.Seed, cfg.Targets = protocol, seed, &Targets{HotP50: time.Minute, RelayAddedP99: general[RelayAddedP99]}
					if c.cfg != nil {
						c.cfg(&cfg)
					}
					r := runLied(t, cfg, c.lie)
					reasons := strings.Join(r.Reasons, "\n")
					if want == "" {
						want = "^$"
					}
					if !regexp.MustCompile(want).MatchString(reasons) || (want == "^$") != (r.Verdict == Passed) || r.Verdict == Invalid {
						t.Errorf("seed %d: %s because of\n%s", cfg.Seed, r.Verdict, reasons)
					}
				}
			})
		}
	}
}

// On top of what the network takes, here nothing, a relay may take 50 ms for a
// join and 10 ms for a message, and no more.
func TestBoundsLeaveTheRelayItsShare(t *testing.T) {
	bounds := withSlack(Targets{HotP50: 1, HotP95: 1, HotP99: 1, JoinP95: 1})
	for _, c := range []struct {
		event string
		by    time.Duration
		want  string // bounds that are not met
	}{
		{"join", 49 * ms, ""},
		{"join", 51 * ms, "join p95"},
		{"send_message", 9 * ms, ""},
		{"send_message", 11 * ms, "hot p50, hot p95, hot p99, relay-added p99"},
	} {
		t.Run(fmt.Sprint(c.event, " ", c.by, " late"), func(t *testing.T) {
			t.Parallel()
			cfg := Config{Profile: "loopback", Pairs: 10, Duration: time.Minute, Think: time.Second, Seed: 1, Targets: &bounds}
			var not []string
			l := late(c.event, c.by)
			l.floor = -1
			for _, s := range runLied(t, cfg, l).SLOs {
				if s.State != Met {
					not = append(not, s.Name)
				}
			}
			if got := strings.Join(not, ", "); got != c.want {
				t.Errorf("not met are %q, want %q", got, c.want)
			}
		})
	}
}

func withoutReceipts(_ *liedConn, f frame) ([]frame, time.Duration) {
	if f.event() == "message_read" {
		return nil, 0
	}
	return []frame{f}, 0
}

// alone keeps from everybody that the other has come.
func alone(_ *liedConn, f frame) ([]frame, time.Duration) {
	if f.event() == "party_paired" {
		return nil, 0
	}
	if ok, joined := f["ok"].(map[string]any); joined && ok["room_id"] != nil {
		ok["awaiting_party"] = true
	}
	return []frame{f}, 0
}

func twice(_ *liedConn, f frame) []frame { return []frame{f, f} }

// astray tells every other room, too.
func astray(c *liedConn, f frame) []frame {
	for _, r := range c.room.liar.rooms {
		for _, other := range r.conns {
			if r != c.room {
				go send(other.phone, f)
			}
		}
	}
	return []frame{f}
}

// oldAfterwards tells of the message before again.
func oldAfterwards(c *liedConn, f frame) []frame {
	return []frame{f, {"event": "new_message", "data": c.room.slots[len(c.room.slots)-2]}}
}

// oldJoins has whoever comes back find the message before the one that is there.
func oldJoins(c *liedConn, f frame) ([]frame, time.Duration) {
	ok, _ := f["ok"].(map[string]any)
	if _, full := ok["current_message"]; full && len(c.room.slots) >= 2 {
		ok["current_message"] = c.room.slots[len(c.room.slots)-2]
	}
	return []frame{f}, 0
}

// strangersIn has everybody join as one of the two who came first.
func strangersIn(c *liedConn, f frame) ([]frame, time.Duration) {
	if f.event() != "join" {
		return []frame{f}, 0
	}
	access, _ := f.data()["access_hash"].(string)
	r := c.room
	switch {
	case len(r.seats) == 0 || len(r.seats) == 1 && r.seats[0] != access:
		r.seats = append(r.seats, access)
	case access != r.seats[0]:
		f.data()["access_hash"] = r.seats[1]
	}
	return []frame{f}, 0
}

// late holds frames of an event back on their way to the relay.
func late(event string, by time.Duration) lie {
	return lie{up: func(_ *liedConn, f frame) ([]frame, time.Duration) {
		if f.event() == event {
			return []frame{f}, by
		}
		return []frame{f}, 0
	}}
}

// lateMessages holds one of a hundred back from who did not write it.
func lateMessages(c *liedConn, f frame) ([]frame, time.Duration) {
	if f.event() != "new_message" {
		return []frame{f}, 0
	}
	if (c.told+5*c.room.index)%100 == 0 { // in some rooms sooner than in others
		return []frame{f}, 300 * ms
	}
	return []frame{f}, 0
}
