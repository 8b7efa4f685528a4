package roomactor

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sotto/wire"
)

// machine drives a state and the model with the same drawn commands and
// compares all they tell.
type machine struct {
	*stage
	model *model
	gate  func() opt     // of the next room
	told  map[string]int // how often each kind of line was told
	// old is the array that held the message before the step.
	old []byte
}

func newMachine(tb failer, told map[string]int, gate func() opt) *machine {
	m := &machine{stage: newStage(tb), told: told, gate: gate}
	m.watch = m.compare
	m.enter()
	return m
}

// enter begins the model of the stage's room. A room's first command is always
// its creator's join.
func (m *machine) enter() {
	m.model, m.old = newModel(fmt.Sprint("r", m.rooms), m.now), nil
	join("s0", "alice", m.gate())(m.stage)
}

// TestAgainstModel checks random histories of a room against the model, in
// virtual time.
func TestAgainstModel(t *testing.T) {
	told := make(map[string]int)
	var missing []string
	for range 5 { // the rarest comes nine times a round on average, so it may come never
		rapid.Check(t, history(told))
		missing = slices.DeleteFunc(slices.Clone(deepest), func(what string) bool { return told[what] > 0 })
		if len(missing) == 0 || testing.Short() { // a fifth of the histories then
			return
		}
	}
	t.Errorf("no history had %q: the draws do not get there", missing)
}

// FuzzHistory does the same with histories that the fuzzer draws, which looks
// for those that get further into the code.
func FuzzHistory(f *testing.F) { f.Fuzz(rapid.MakeFuzz(history(make(map[string]int)))) }

// history counts in told what a drawn history made rooms tell.
func history(told map[string]int) func(*rapid.T) {
	return func(t *rapid.T) {
		m := newMachine(t, told, func() opt { return drawGate(t) })
		actions := make(map[string]func(*rapid.T))
		for what, a := range map[string]struct {
			weight int
			do     func(*rapid.T)
		}{
			"join":          {4, m.drawJoin},
			"crowd":         {1, m.drawCrowd},
			"guess":         {1, m.drawGuesses},
			"leave":         {1, m.drawLeave},
			"wait":          {1, m.drawWait},
			"timer":         {1, m.drawTimer},
			"end":           {1, m.drawEnd},
			"send":          {5, m.drawSend},
			"read":          {4, m.drawRequest(wire.EventRead)},
			"edit":          {2, m.drawRequest(wire.EventEdit)},
			"delete":        {1, m.drawRequest(wire.EventDelete)},
			"reset_pairing": {1, m.drawRequest(wire.EventResetPairing)},
			"typing":        {1, m.drawRequest(wire.EventTyping)},
			"redeem":        {1, m.drawRequest(wire.EventRedeemExtension)},
			"hello":         {1, m.drawRequest(wire.EventHello)},
		} {
			for i := range a.weight {
				actions[fmt.Sprint(what, i)] = a.do
			}
		}
		t.Repeat(actions)
	}
}

var (
	drawMember  = rapid.Custom(func(t *rapid.T) string { return fmt.Sprint("s", rapid.IntRange(0, 19).Draw(t, "member")) })
	drawAccess  = rapid.SampledFrom([]string{"alice", "bob", "bob", "eve"})
	drawText    = rapid.StringOfN(rapid.RuneFrom([]rune("abcdef")), 0, 40, -1)
	drawSeconds = rapid.Int64Range(int64(tick), int64(3*time.Hour))
)

// drawMessage is a text or, rarely, a large message.
func drawMessage(t *rapid.T) string {
	text := drawText.Draw(t, "text")
	if rarely(t, 4, "large") {
		text += strings.Repeat("l", wire.StdCiphertext)
	}
	return text
}

func drawGate(t *rapid.T) opt {
	switch code := rapid.SampledFrom([]string{"", "code", "code", "other", "bad"}).Draw(t, "gate"); code {
	case "":
		return func(*command) {}
	case "bad":
		return badGate
	default:
		return gate(code)
	}
}

// rarely is true in one of n cases.
func rarely(t *rapid.T, n int, what string) bool {
	return rapid.IntRange(1, n).Draw(t, what) == n
}

// deepest are the kinds of lines that only a varied history has.
var deepest = []string{
	"claimed", "closed", "edit_message", "entered lock resumed", "error invalid_sender", "error not_deletable",
	"error not_editable", "error not_your_turn", "error rate_limited retry", "error stale",
	"expire_room over expire_room", "hello", "ok hello", "over shutdown", "over ttl", "over unpaired_ttl", "presence false",
	"read_receipt", "refused locked lock began", "refused locked lock refused", "refused not_found",
	"refused otp_invalid", "refused otp_required", "reset_pairing", "slots full", "typing",
}

func (m *machine) drawJoin(t *rapid.T) {
	who, access := drawMember.Draw(t, "who"), drawAccess.Draw(t, "access")
	opts := []opt{drawGate(t)}
	switch rapid.SampledFrom([]string{"", "", "enter", "return"}).Draw(t, "intent") {
	case "enter":
		opts = append(opts, enter)
	case "return":
		opts = append(opts, returning(rapid.SampledFrom([]string{m.model.room, m.model.room, m.model.room, "r0"}).Draw(t, "room")))
	}
	if rapid.Bool().Draw(t, "ext") {
		opts = append(opts, ext)
	}
	if rarely(t, 8, "no ref") {
		opts = append(opts, noRef)
	}
	if rapid.Bool().Draw(t, "another's sender") {
		opts = append(opts, sender(drawAccess.Draw(t, "sender")))
	}
	if rarely(t, 3, "over the allowance") {
		opts = append(opts, mustWait(time.Duration(drawSeconds.Draw(t, "wait"))))
	}
	if rapid.Bool().Draw(t, "resume") {
		opts = append(opts, token(m.drawToken(t)))
	}
	join(who, access, opts...)(m.stage)
}

// drawToken is one that was given out, to whomever, or never.
func (m *machine) drawToken(t *rapid.T) string {
	return fmt.Sprint("t", max(0, m.joins-rapid.IntRange(-1, 25).Draw(t, "token, from the newest")))
}

// drawCrowd has many sockets join one seat.
func (m *machine) drawCrowd(t *rapid.T) {
	access := drawAccess.Draw(t, "access")
	for i := range rapid.IntRange(1, 10).Draw(t, "sockets") {
		join(fmt.Sprint("s", i), access, func(c *command) {
			c.req.Join.Gate, c.req.Join.Ext = m.model.gate, i%2 == 0
		})(m.stage)
	}
}

// drawGuesses has a stranger try again and again.
func (m *machine) drawGuesses(t *rapid.T) {
	opts := []opt{drawGate(t)}
	if rapid.Bool().Draw(t, "return") {
		opts = append(opts, returning(m.model.room))
	}
	for range rapid.IntRange(1, 11).Draw(t, "guesses") {
		join("x", "trudy", opts...)(m.stage)
	}
}

// drawWho is mostly a member of the room.
func (m *machine) drawWho(t *rapid.T) string {
	var members []string
	for _, s := range m.model.seats {
		for _, k := range s.sockets {
			members = append(members, k.name)
		}
	}
	if len(members) == 0 || rarely(t, 8, "anyone") {
		return drawMember.Draw(t, "who")
	}
	return rapid.SampledFrom(members).Draw(t, "who")
}

func (m *machine) drawLeave(t *rapid.T) { leave(m.drawWho(t))(m.stage) }

// drawWait lets time pass: some, or to about an instant at which a rule changes.
func (m *machine) drawWait(t *rapid.T) {
	to := m.now + time.Duration(drawSeconds.Draw(t, "for"))
	instants := []time.Duration{to, to, m.model.ends, m.model.lockEnds, m.model.failed + modelLock}
	if at := rapid.SampledFrom(instants).Draw(t, "until"); at != to {
		to = at + time.Duration(rapid.IntRange(-1, 1).Draw(t, "ticks off"))*tick
	}
	m.now = max(m.now, to)
}

func (m *machine) drawTimer(*rapid.T) { timer(m.stage) }

// drawEnd now and then ends the room.
func (m *machine) drawEnd(t *rapid.T) {
	switch rapid.IntRange(0, 5).Draw(t, "how") {
	case 4:
		stop(m.stage)
	case 5:
		expire(m.drawWho(t), drawOpts(t, wire.EventExpire)...)(m.stage)
	}
}

// drawOpts are what may go wrong with any request.
func drawOpts(t *rapid.T, event wire.Event) (opts []opt) {
	if rarely(t, 8, "no ref") {
		opts = append(opts, noRef)
	}
	if rarely(t, 8, "slots are full") {
		opts = append(opts, slotsFull)
	}
	if (event == wire.EventSend || event == wire.EventEdit || event == wire.EventHello) && rarely(t, 8, "faulty") {
		opts = append(opts, fault(wire.Reason(rapid.SampledFrom([]string{"invalid_encoding", "message_too_large"}).Draw(t, "fault"))))
	}
	return opts
}

func (m *machine) drawSend(t *rapid.T) {
	who, text := m.drawWho(t), drawMessage(t)
	var opts []opt
	if n := rapid.IntRange(0, 7).Draw(t, "nonce"); n > 0 {
		opts = append(opts, nonce(n))
	}
	switch id := rapid.SampledFrom([]string{"", "", "null", m.drawID(t)}).Draw(t, "replaces"); id {
	case "":
	case "null":
		opts = append(opts, replacesNothing)
	default:
		opts = append(opts, replaces(id))
	}
	if rarely(t, 3, "replaces_iv") {
		of := ""
		if m.model.message != nil && !rarely(t, 4, "another iv") {
			of = m.model.message.text
		}
		opts = append(opts, replacesIV(of))
	}
	send(who, text, append(opts, drawOpts(t, wire.EventSend)...)...)(m.stage)
}

func (m *machine) drawRequest(event wire.Event) func(*rapid.T) {
	return func(t *rapid.T) {
		who := m.drawWho(t)
		var opts []opt
		switch event {
		case wire.EventHello:
			text := "hello " + drawText.Draw(t, "text")
			opts = append(opts, func(c *command) { c.req.Hello = []byte(text) })
		case wire.EventEdit:
			opts = append(opts, message(m.drawID(t)), sealed(drawMessage(t)))
		case wire.EventDelete, wire.EventRead:
			opts = append(opts, message(m.drawID(t)))
		case wire.EventResetPairing:
			opts = append(opts, drawGate(t))
		}
		ask(who, event, append(opts, drawOpts(t, event)...)...)(m.stage)
	}
}

// drawID is mostly the message's that is there, else of one before or of none.
func (m *machine) drawID(t *rapid.T) string {
	if m.model.message != nil && rapid.IntRange(0, 4).Draw(t, "id") > 0 {
		return m.model.message.id
	}
	return fmt.Sprint("m", max(0, m.sends-rapid.IntRange(-1, 3).Draw(t, "id, from the newest")))
}

// compare does in the model what was done on the stage. After the end of a room
// both begin a new one.
func (m *machine) compare(c *command, lines []string) {
	m.tb.Helper()
	m.count(lines)
	got := strings.Join(lines, "\n")
	if want := strings.Join(m.model.step(m.now, c), "\n"); got != want {
		m.tb.Fatalf("at %v the room told:\n%s\nthe model:\n%s", m.now, got, want)
	}
	over := strings.Contains(got, " over ")
	if over {
		m.state.forget()
	}
	m.checkSlot()
	m.old = m.array()
	if over {
		m.room()
		m.enter()
	}
}

// count counts the kinds of lines, which are their words of lower-case letters.
func (m *machine) count(lines []string) {
	for _, line := range lines {
		words := strings.Fields(line)[1:]
		for i, w := range words {
			if strings.ContainsFunc(w, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
				words = words[:i]
				break
			}
		}
		m.told[strings.Join(words, " ")]++
	}
}

// array is all of the memory in which the slot's ciphertext lies.
func (m *machine) array() []byte {
	c := m.state.slot.msg.Ciphertext
	return c[:cap(c)]
}

// checkSlot checks that the slot holds the model's message and nothing of the
// one before, nor does the memory that one was in.
func (m *machine) checkSlot() {
	m.tb.Helper()
	text := ""
	if m.model.message != nil {
		text = m.model.message.text
	}
	if got := string(m.state.slot.msg.Ciphertext); got != text {
		m.tb.Fatalf("the slot holds %q; want %q", got, text)
	}
	array := m.array()
	if len(array) > max(len(text), wire.StdCiphertext) {
		m.tb.Fatalf("%d bytes are kept for a message of %d", len(array), len(text))
	}
	if rest := array[len(text):]; len(bytes.Trim(rest, "\x00")) > 0 {
		m.tb.Fatalf("behind the message is something of an older one: %q", rest)
	}
	moved := len(m.old) > 0 && (len(array) == 0 || &m.old[0] != &array[0])
	if moved && len(bytes.Trim(m.old, "\x00")) > 0 {
		m.tb.Fatalf("the memory of the message before is not overwritten: %q", m.old)
	}
}
