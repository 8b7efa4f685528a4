package relay_test

import (
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"sotto/relay"
)

// guesser is someone who knows a number and tries everything else, as fast as
// a lock allows: ten tries whose decisions fall just behind its end, from as
// many addresses as there are, and then some more while it is locked.
type guesser struct {
	*world
	room      string
	addresses int
	// guess is the data of the nth try, beginning with 0.
	guess func(n int) object

	sockets int
	// tried counts the tries that found the room unlocked, all of them.
	tried int
	// lockEnds is when the lock ends that is on.
	lockEnds time.Time
	// found: a try got in.
	found bool
}

const (
	tries = 10
	// early is how long before the end of a lock a try is sent: less than a join
	// is held, so that it is decided behind it.
	early = 450 * time.Millisecond
)

// from is the next address of the guesser.
func (g *guesser) from() netip.Addr {
	g.sockets++
	n := uint32(g.sockets % g.addresses)
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24+n)))
}

// round tries ten times at once, and once more while the room is locked.
func (g *guesser) round() {
	g.t.Helper()
	answers := g.tryAll(g.tried, tries)
	g.tried += tries
	locked := 0
	for _, m := range answers {
		f := decode(g.t, m.text)
		if f["ok"] != nil {
			g.found = true
			continue
		}
		fault, _ := f["error"].(object)
		if fault["reason"] == any("locked") {
			locked++
			want(g.t, "retry_after", fault["retry_after"], any(1800.0))
			g.lockEnds = m.at.Add(30 * time.Minute)
		}
	}
	if g.found {
		return
	}
	want(g.t, "locked by the last of ten", locked, 1)
	for _, m := range g.tryAll(0, 1) {
		fault, _ := decode(g.t, m.text)["error"].(object)
		want(g.t, "while locked", fault["reason"], any("locked"))
	}
}

// tryAll sends n tries at once, each on a socket of its own, and returns the
// answers.
func (g *guesser) tryAll(first, n int) []arrival {
	g.t.Helper()
	var clients []*client
	for i := range n {
		join, err := json.Marshal(object{"event": "join", "ref": "1", "data": g.guess(first + i)})
		if err != nil {
			g.t.Fatal(err)
		}
		clients = append(clients, g.dialWith(g.room, dialOptions{from: g.from(), first: textFrame(string(join)), inbox: 2}))
	}
	var answers []arrival
	for _, c := range clients {
		answers = append(answers, c.next(within))
		_ = c.conn.Close()
	}
	return answers
}

// until tries until a moment comes or one try gets in. Between the locks it
// calls meanwhile.
func (g *guesser) until(end time.Time, meanwhile func(rounds int)) {
	g.t.Helper()
	for rounds := 0; !g.found; rounds++ {
		// A try that is decided at the end or later meets another room.
		if time.Now().Add(early + 200*time.Millisecond).After(end) {
			return
		}
		g.round()
		if g.found {
			return
		}
		meanwhile(rounds)
		time.Sleep(time.Until(g.lockEnds.Add(-early)))
	}
}

// A day of guessing: exactly as many tries count as PROTOCOL.md allows, ten in half
// an hour, whether they come from one address or a thousand, and whatever is
// guessed: one count holds for all. Who is in the room goes on, and comes back by
// token.
func TestGuessing_ADay(t *testing.T) {
	const inADay = 48 * tries
	pin := func(n int) person { return person{hash("PIN " + strconv.Itoa(n)), hash("sender " + strconv.Itoa(n))} }
	pins := func(n int) object { return pin(n).joining() }
	codes := func(n int) object { return mole.joining("otp_hash", hash("code "+strconv.Itoa(n))) }
	both := func(n int) object { return []func(int) object{pins, codes}[n%2](n) }
	for name, tt := range map[string]struct {
		addresses int
		guess     func(n int) object
		paired    bool // both seats are taken
		// right are the tries that have the right PIN and the right code.
		rightPIN, rightCode int
		found               bool
	}{
		"the PIN of one of two, too late":     {1, pins, true, inADay, -1, false},
		"the PIN of one of two, just in time": {1000, pins, true, inADay - 1, -1, true},
		"the code, too late":                  {1000, codes, false, -1, inADay, false},
		"the PIN or the code, just in time":   {1, both, false, -1, inADay - 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, relay.Config{}, func(t *testing.T, w *world) {
				a, b := w.dial("room"), w.dial("room")
				a.join(pin(tt.rightPIN), "otp_hash", hash("code "+strconv.Itoa(tt.rightCode)))
				end := time.Now().Add(24 * time.Hour)
				var token any
				if tt.paired {
					token = b.join(ben, "otp_hash", hash("code "+strconv.Itoa(tt.rightCode)))["resume"]
					a.paired()
				}
				g := &guesser{world: w, room: "room", addresses: tt.addresses, guess: tt.guess}
				g.until(end, func(rounds int) {
					switch {
					case !tt.paired:
						a.silent()
					case rounds == 24: // the phone of one was asleep
						b.leave()
						b = w.dial("room")
						want(t, "token", b.join(ben, "resume", token)["resume"], token)
					default:
						a.sends(b)
						b.sends(a)
					}
				})
				want(t, "found", g.found, tt.found)
				want(t, "tries that counted", g.tried, inADay)
			})
		})
	}
}

// A locked room answers the same, byte for byte, whatever the credentials, and
// so does every refusal that counts nothing.
func TestGuessing_NoOracle(t *testing.T) {
	right, wrong := hash("ref"), hash("guess")
	for state, paired := range map[string]bool{"before pairing": false, "after": true} {
		t.Run(state, func(t *testing.T) {
			cfg := unlimited
			cfg.JoinFloor = -1 // so that all are asked at one instant
			inWorld(t, cfg, func(t *testing.T, w *world) {
				a := w.dial("room")
				id := a.join(ann, "otp_hash", right)["room_id"]
				if paired {
					w.dial("room").join(ben, "otp_hash", right)
					a.paired()
				}
				ask := func(more ...any) (answers []string) {
					for _, p := range []person{ann, ben, mole, {mole.access, ann.sender}, {ann.access, mole.sender}} {
						for _, gate := range [][]any{nil, {"otp_hash", right}, {"otp_hash", wrong}, {"otp_hash", "x"}, {"otp_hash", nil}} {
							for _, token := range [][]any{nil, {"resume", wrong}, {"resume", "x"}} {
								c := w.dialWith("room", dialOptions{inbox: 2})
								c.post("join", p.joining(append(append(append([]any{}, more...), gate...), token...)...))
								answers = append(answers, c.next(within).text)
								c.leave()
							}
						}
					}
					return answers
				}
				exists := func() string {
					_, body := w.request("GET", "/api/room/"+hash("room")+"/exists", nil)
					return body
				}
				before := exists()
				for range 10 {
					c := w.dial("room")
					c.post("join", mole.joining())
					c.next(within)
					c.leave()
				}
				for name, tt := range map[string]struct {
					more   []any
					answer string
				}{
					"locked":                        {nil, `{"ref":"r1","error":{"reason":"locked","retry_after":1800}}`},
					"locked, enter":                 {[]any{"intent", "enter"}, `{"ref":"r1","error":{"reason":"locked","retry_after":1800}}`},
					"locked, return":                {[]any{"intent", "return", "room_id", id}, `{"ref":"r1","error":{"reason":"locked","retry_after":1800}}`},
					"return to another life of it":  {[]any{"intent", "return", "room_id", "00000000-0000-4000-8000-000000000000"}, `{"ref":"r1","error":{"reason":"not_found"}}`},
					"return without saying to what": {[]any{"intent", "return"}, `{"ref":"r1","error":{"reason":"not_found"}}`},
				} {
					for _, answer := range ask(tt.more...) {
						want(t, name, answer, tt.answer)
					}
				}
				want(t, "exists", exists(), before)
				a.silent()
			})
		})
	}
}
