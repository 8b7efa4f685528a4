package roomactor

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzHistory reads a history of a room from bytes and holds it against the
// model, as TestAgainstModel does with histories it draws: here the fuzzer
// looks for the bytes that get further into the code.
func FuzzHistory(f *testing.F) {
	f.Fuzz(func(t *testing.T, history []byte) {
		playHistory(t, make(map[string]int), history)
	})
}

// playHistory counts in told what the history made rooms tell.
func playHistory(tb failer, told map[string]int, history []byte) {
	const longest = 2 << 10 // bytes; what takes more is no better
	d := &dealer{bytes: history[:min(len(history), longest)]}
	m := newMachine(tb, told, d.gate)
	for len(d.bytes) > 0 {
		d.act(m)
	}
}

// dealer deals out the bytes of a history, and zeros behind its end.
type dealer struct{ bytes []byte }

func (d *dealer) next() byte {
	if len(d.bytes) == 0 {
		return 0
	}
	b := d.bytes[0]
	d.bytes = d.bytes[1:]
	return b
}

// below deals a number from 0 to n-1.
func (d *dealer) below(n int) int { return int(d.next()) % n }

func deal[T any](d *dealer, of ...T) T { return of[d.below(len(of))] }

func (d *dealer) gate() string { return deal(d, "", "code", "other", "bad") }

func (d *dealer) access() string { return deal(d, "alice", "bob", "eve") }

func (d *dealer) wait() time.Duration { return tick + time.Duration(d.next())*time.Minute }

// act does one thing with the room.
func (d *dealer) act(m *machine) {
	switch d.below(16) {
	case 0, 1:
		d.join(m)
	case 2: // a crowd
		access := d.access()
		for i := range 1 + d.below(10) {
			m.join(joinDraw{who: fmt.Sprint("s", i), access: access, sender: access, gate: m.model.gate, ext: i%2 == 0})
		}
	case 3: // guesses
		j := joinDraw{who: "x", access: "trudy", sender: "trudy", room: m.model.room}
		j.intent, j.gate = deal(d, "", "return"), d.gate()
		for range 1 + d.below(11) {
			m.join(j)
		}
	case 4:
		who := d.who(m)
		m.compare(leave(who), func() { m.model.leave(m.now, who) })
	case 5:
		d.pass(m)
	case 6:
		m.compare(timer, func() { m.model.timeIsUp(m.now) })
	case 7:
		m.compare(stop, func() { m.model.over(1012, "over shutdown") })
	default:
		d.request(m)
	}
}

// pass lets time pass: some, or to about an instant at which a rule changes.
func (d *dealer) pass(m *machine) {
	to := m.now + d.wait()
	if at := deal(d, to, m.model.ends, m.model.lockEnds, m.model.failed+modelLock); at != to {
		to = at + tick*time.Duration(d.below(3)-1)
	}
	m.now = max(m.now, to)
}

// who is mostly a member of the room.
func (d *dealer) who(m *machine) string {
	for _, s := range m.model.seats {
		if len(s.sockets) > 0 && d.below(2) == 0 {
			return s.sockets[d.below(len(s.sockets))].name
		}
	}
	return fmt.Sprint("s", d.below(20))
}

func (d *dealer) join(m *machine) {
	j := joinDraw{who: d.who(m), access: d.access(), gate: d.gate()}
	j.sender = j.access
	how := d.next()
	j.ext, j.noRef = how&1 != 0, how&2 != 0
	if how&4 != 0 {
		j.sender = d.access()
	}
	if how&8 != 0 {
		j.wait = d.wait()
	}
	if how&16 != 0 {
		j.token = fmt.Sprint("t", max(0, m.joins+1-d.below(25)))
	}
	switch how >> 6 {
	case 1:
		j.intent = "enter"
	case 2:
		j.intent, j.room = "return", m.model.room
	case 3:
		j.intent, j.room = "return", "r0"
	}
	m.join(j)
}

func (d *dealer) request(m *machine) {
	r := requestDraw{what: deal(d,
		"send_message", "send_message", "read_receipt", "edit_message", "delete_message", "typing",
		"reset_pairing", "expire_room", "redeem_extension")}
	r.who = d.who(m)
	how := d.next()
	r.noRef = how&1 != 0
	if r.what == "redeem_extension" && how&2 != 0 {
		r.what, r.text = "hello", "hello "+d.text()
	}
	switch r.what {
	case "send_message":
		r.text, r.nonce = d.text(), int(how>>1)%4
		if how&8 != 0 {
			r.replaces = deal(d, "null", d.id(m))
		}
		if r.replacesIV = how&16 != 0; r.replacesIV && m.model.message != nil {
			r.iv = m.model.message.text
		}
	case "edit_message":
		r.text, r.id = d.text(), d.id(m)
	case "delete_message", "read_receipt":
		r.id = d.id(m)
	case "reset_pairing":
		r.gate = d.gate()
	}
	if how>>5 == 0 && (r.what == "send_message" || r.what == "edit_message") {
		r.fault = deal(d, "invalid_encoding", "message_too_large")
	}
	m.request(r)
}

func (d *dealer) text() string { return strings.Repeat(string(rune('a'+d.below(26))), d.below(41)) }

// id is mostly the message's that is there, else of one before or of none.
func (d *dealer) id(m *machine) string {
	if back := d.below(5); back > 0 {
		return fmt.Sprint("m", max(0, m.sends+2-back))
	}
	if m.model.message != nil {
		return m.model.message.id
	}
	return "m0"
}

// The seeds get everywhere; without them the fuzzer would have to find its way
// there anew, and would rarely in half a minute.
func TestFuzzSeedsGetEverywhere(t *testing.T) {
	told := make(map[string]int)
	for name, history := range seeds(t, "FuzzHistory") {
		t.Run(name, func(t *testing.T) { playHistory(t, told, history) })
	}
	for _, what := range deepest {
		if told[what] == 0 {
			t.Errorf("no seed has %q", what)
		}
	}
	t.Logf("told: %v", slices.Sorted(maps.Keys(told)))
}

// seeds reads a target's seeds, which are of one argument.
func seeds(t *testing.T, target string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]byte)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text, isSeed := strings.CutPrefix(string(content), "go test fuzz v1\n[]byte(")
		text, err = strconv.Unquote(strings.TrimSuffix(text, ")\n"))
		if !isSeed || err != nil {
			t.Errorf("%s is no seed", file)
		}
		found[filepath.Base(file)] = []byte(text)
	}
	return found
}
