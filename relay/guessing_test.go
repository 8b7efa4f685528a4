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

// round tries ten times at once, and then more in vain.
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

// A week of guessing at the PIN of one of two: exactly as many tries count as
// PROTOCOL.md allows, ten in half an hour, whether they come from one address
// or a thousand; the two go on talking, and come back with their tokens.
func TestGuessing_AWeekAtThePIN(t *testing.T) {
	const inAWeek = 7 * 48 * tries
	for name, tt := range map[string]struct {
		addresses int
		right     int // which try has the right PIN
		found     bool
	}{
		"one address, right one too late":              {1, inAWeek, false},
		"a thousand addresses, right one just in time": {1000, inAWeek - 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, relay.Config{}, func(t *testing.T, w *world) {
				pin := func(n int) person { return person{hash("PIN " + strconv.Itoa(n)), hash("sender " + strconv.Itoa(n))} }
				a, b := w.dial("room"), w.dial("room")
				a.join(ann)
				end := time.Now().Add(7 * 24 * time.Hour)
				victim := pin(tt.right)
				token := b.join(victim)["resume"]
				a.paired()

				g := &guesser{world: w, room: "room", addresses: tt.addresses, guess: func(n int) object { return pin(n).joining() }}
				g.until(end, func(rounds int) {
					a.sends(b)
					b.sends(a)
					if rounds%48 == 0 { // once a day the phone of one goes to sleep
						b.leave()
						stranger := w.dial("room")
						fault := stranger.refused(stranger.post("join", victim.joining()))
						want(t, "without a token", fault["reason"], any("locked"))
						left := time.Until(g.lockEnds)
						want(t, "told to wait", fault["retry_after"], any(float64((left+time.Second-1)/time.Second)))
						stranger.leave()
						b = w.dial("room")
						want(t, "token", b.join(victim, "resume", token)["resume"], token)
					}
				})
				want(t, "found", g.found, tt.found)
				want(t, "tries that counted", g.tried, inAWeek)
				refused := w.metric("sotto_joins_total", "unauthorized") + w.metric("sotto_lockouts_total", "began")
				if tt.found {
					refused++ // of ten at once, one got in; there was no tenth to lock
				}
				want(t, "tries that the relay says it looked at", refused, float64(inAWeek))
			})
		})
	}
}

// A day of guessing before the second one came, which is all there is: at the
// code, at the PIN of the first one, or at both in turn. One count holds for
// all.
func TestGuessing_ADayBeforePairing(t *testing.T) {
	const inADay = 48 * tries
	code := func(n int) object { return mole.joining("otp_hash", hash("code "+strconv.Itoa(n))) }
	pin := func(n int) object {
		return person{hash("PIN " + strconv.Itoa(n)), hash("sender")}.joining()
	}
	both := func(n int) object {
		if n%2 == 0 {
			return pin(n)
		}
		return code(n)
	}
	for name, tt := range map[string]struct {
		addresses int
		guess     func(n int) object
		// right are the tries that have the right PIN and the right code.
		rightPIN, rightCode int
		found               bool
	}{
		"the code, too late":     {1, code, -1, inADay, false},
		"the code, just in time": {1000, code, -1, inADay - 1, true},
		"the PIN, too late":      {1000, pin, inADay, -1, false},
		"both, just in time":     {1, both, -1, inADay - 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, relay.Config{}, func(t *testing.T, w *world) {
				a := w.dial("room")
				first := person{hash("PIN " + strconv.Itoa(tt.rightPIN)), hash("first")}
				a.join(first, "otp_hash", hash("code "+strconv.Itoa(tt.rightCode)))
				end := time.Now().Add(24 * time.Hour)
				g := &guesser{world: w, room: "room", addresses: tt.addresses, guess: tt.guess}
				g.until(end, func(int) { a.silent() })
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
