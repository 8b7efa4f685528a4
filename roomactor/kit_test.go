package roomactor

import (
	"fmt"
	"strings"
	"time"

	"sotto/wire"
)

// The kit for tests of step: a stage with a virtual clock and counted
// randomness, on which members do acts. What a step did is told in lines, one
// for each frame or close in order, and one for the outcome:
//
//	b new_message m1 alice "hi" 5s
//	a ok m1
//	= send_message
//
// The n-th send draws the message id mn, the n-th join the token tn.

// epoch is when every stage's virtual time begins, by its clock.
var epoch = time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC)

const (
	tick = time.Nanosecond
	day  = 24 * time.Hour
)

// failer is a test of testing or of rapid.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

type stage struct {
	tb      failer
	cfg     Config
	buffers *wire.Buffers
	now     time.Duration
	// clockOff is by how much the clock was set.
	clockOff time.Duration
	state    *state
	members  map[string]*puppet
	sends    int
	joins    int
	rooms    int
	// watch, when set, is told of every step.
	watch func(c *command, lines []string)
}

// puppet is a member of which a step sees only the identity.
type puppet struct{ name string }

func (*puppet) Deliver(wire.Event, *wire.Buffer) bool { panic("a step delivers nothing itself") }
func (*puppet) Flush()                                { panic("a step sends nothing itself") }
func (*puppet) Close(wire.CloseCode)                  { panic("a step closes nothing itself") }

// act is something that happens on a stage. It tells what the step did.
type act func(*stage) []string

func newStage(tb failer) *stage {
	s := &stage{tb: tb, buffers: wire.NewBuffers(64 << 10), members: make(map[string]*puppet)}
	s.cfg = Config{Buffers: s.buffers}.withDefaults()
	s.room()
	return s
}

// room begins a new room.
func (s *stage) room() {
	s.rooms++
	s.state = newState(&s.cfg, s.now, new(uuid[wire.RoomID](fmt.Sprint("r", s.rooms))))
}

func (s *stage) member(name string) *puppet {
	if s.members[name] == nil {
		s.members[name] = &puppet{name}
	}
	return s.members[name]
}

// step applies the command and tells what it did.
func (s *stage) step(c *command) []string {
	if s.state.scratch == nil {
		s.state.scratch = new(scratch)
	}
	out := s.state.step(moment{s.now, epoch.Add(s.now + s.clockOff)}, c)
	var lines []string
	for i := range s.state.scratch.effects {
		e := &s.state.scratch.effects[i]
		switch e.kind {
		case effReply:
			lines = append(lines, s.frame(e.member, &e.frame))
		case effBroadcast:
			for m := range s.state.recipients(e) {
				lines = append(lines, s.frame(m, &e.frame))
			}
		case effClose:
			lines = append(lines, fmt.Sprintf("%s closed %d", e.member.(*puppet).name, e.code))
		}
	}
	if told := showOutcome(out); told != "" {
		lines = append(lines, told)
	}
	if s.watch != nil {
		s.watch(c, lines)
	}
	return lines
}

// frame tells of a frame as its receiver decodes it.
func (s *stage) frame(to Member, r *wire.Response) string {
	s.tb.Helper()
	buf := s.buffers.Encode(r)
	defer buf.Release()
	var got wire.Response
	if err := wire.DecodeResponse(buf.Bytes(), &got); err != nil {
		s.tb.Fatalf("a client can't decode %s", buf.Bytes())
	}
	return to.(*puppet).name + " " + showFrame(&got)
}

func showOutcome(o outcome) string {
	var b strings.Builder
	for _, part := range []string{string(o.join), string(o.reason), o.accepted.String()} {
		if part != "" {
			b.WriteString(" " + part)
		}
	}
	if o.lock != "" {
		b.WriteString(" lock " + string(o.lock))
	}
	if o.slotsFull {
		b.WriteString(" slots full")
	}
	if o.ended != "" {
		b.WriteString(" over " + string(o.ended))
	}
	if b.Len() == 0 {
		return ""
	}
	return "=" + b.String()
}

// testRef is the ref of every request that has one.
const testRef = "q"

func showFrame(r *wire.Response) string {
	switch r.Event {
	case wire.EventNone:
		if r.Ref.Text() != testRef {
			return "reply with a ref of its own"
		}
		return showReply(r)
	case wire.EventNewMessage:
		return "new_message " + showMessage(r.Message)
	case wire.EventMessageRead:
		return fmt.Sprintf("message_read %s %v", nameOf(r.MessageID[:]), since(r.Message.ReadAt))
	case wire.EventMessageEdited:
		return fmt.Sprintf("message_edited %s %s", nameOf(r.MessageID[:]), showSealed(r.Message))
	case wire.EventMessageDeleted:
		return "message_deleted " + nameOf(r.MessageID[:])
	case wire.EventPartyPaired:
		return "party_paired " + life(since(r.TTLExpiresAt))
	case wire.EventTTLExtended:
		return "ttl_extended " + life(since(r.TTLExpiresAt))
	case wire.EventHello:
		return fmt.Sprintf("hello %q", r.Hello)
	case wire.EventRestarting:
		return fmt.Sprintf("restarting in %v", r.RetryAfter)
	case wire.EventPresence:
		return fmt.Sprintf("presence %v", r.Connected)
	}
	return r.Event.String()
}

func showReply(r *wire.Response) string {
	switch {
	case r.Reason != "":
		told := "error " + string(r.Reason)
		if r.AttemptsRemaining != 0 {
			told += fmt.Sprintf(" left %d", r.AttemptsRemaining)
		}
		if r.RetryAfter != 0 {
			told += fmt.Sprintf(" retry %v", r.RetryAfter)
		}
		return told
	case r.Joined != nil:
		j := r.Joined
		told := fmt.Sprintf("joined %s until %s token %s", nameOf(j.RoomID[:]), life(since(j.TTLExpiresAt)), nameOf(j.Resume[:]))
		if j.HasSender {
			told += " as " + nameOf(j.Sender[:])
		}
		if j.AwaitingParty {
			told += " awaiting"
		}
		if j.Message != nil {
			told += " with " + showMessage(j.Message)
		}
		return told
	case r.MessageID != wire.MessageID{}:
		return "ok " + nameOf(r.MessageID[:])
	case r.Hello != nil:
		return fmt.Sprintf("ok hello %q", r.Hello)
	}
	return "ok"
}

func showMessage(m *wire.Message) string {
	told := fmt.Sprintf("%s %s %s %v", nameOf(m.ID[:]), nameOf(m.Sender[:]), showSealed(m), since(m.InsertedAt))
	if !m.ReadAt.IsZero() {
		told += fmt.Sprintf(" read %v", since(m.ReadAt))
	}
	return told
}

// showSealed tells of a ciphertext, and of its iv if it is another message's.
func showSealed(m *wire.Message) string {
	told := fmt.Sprintf("%q", m.Ciphertext)
	if m.IV != ivOf(string(m.Ciphertext)) {
		told += " with a foreign iv"
	}
	return told
}

// ivOf is the iv that goes with a text: its last bytes.
func ivOf(text string) (iv [wire.IVSize]byte) {
	copy(iv[:], text[max(0, len(text)-len(iv)):])
	return iv
}

func since(t time.Time) time.Duration { return t.Sub(epoch) }

// life shows when a room ends, in days if they are whole.
func life(d time.Duration) string {
	if d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}

// hashed is what a stage has for SHA-256: no name is its own hash.
func hashed[H ~[32]byte](name string) H { return hash[H]("#" + name) }

// hash and uuid make identifiers of names; a UUID has room for 6 bytes before
// its version.

func hash[H ~[32]byte](name string) H {
	var h H
	copy(h[:], name)
	return h
}

func uuid[U ~[16]byte](name string) U {
	var random [16]byte
	copy(random[:6], name)
	return wire.NewUUID[U](&random)
}

func nameOf(id []byte) string { return strings.TrimRight(string(id[:6]), "\x00") }
