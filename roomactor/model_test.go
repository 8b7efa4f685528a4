package roomactor

import (
	"fmt"
	"slices"
	"time"
)

// model is PROTOCOL.md once more, as short as it gets: it tells in the stage's
// lines what a room must do. It shares no code with state. Where the protocol
// leaves the order of frames open, it has the order of the sockets' joins.
type model struct {
	room       string
	born, ends time.Duration
	seats      []*seatModel
	gate       string // "" when there is none
	fails      int
	failed     time.Duration // last
	lockEnds   time.Duration
	message    *messageModel
	lines      []string
}

type seatModel struct {
	access, sender string
	tokens         []string // the most recently used last
	sockets        []socketModel
	sends          []sentModel // the last four with a nonce
	hello          string      // "" when there is none
}

type sentModel struct {
	nonce int
	id    string
}

type socketModel struct {
	name  string
	ext   bool
	token string
}

type messageModel struct {
	id, text       string
	author         *seatModel
	inserted, read time.Duration // read is -1 until it is
}

const (
	modelTTL      = 7 * 24 * time.Hour
	modelUnpaired = 24 * time.Hour
	modelLock     = 30 * time.Minute
)

// joinDraw is a join, requestDraw any other request.
type joinDraw struct {
	who, access, sender, gate, intent, room, token string
	ext, noRef                                     bool
	wait                                           time.Duration
}

type requestDraw struct {
	who, what, id, text, replaces, gate, fault string
	replacesIV                                 bool // of text iv
	iv                                         string
	nonce                                      int
	noRef, full                                bool
}

func newModel(room string, now time.Duration) *model {
	return &model{room: room, born: now, ends: now + modelUnpaired}
}

func (m *model) say(who, format string, args ...any) {
	m.lines = append(m.lines, who+" "+fmt.Sprintf(format, args...))
}

// outcome is the line that ends a step.
func (m *model) outcome(format string, args ...any) { m.say("=", format, args...) }

func (m *model) everyone(format string, args ...any) {
	for _, s := range m.seats {
		s.everyone(m, format, args...)
	}
}

func (s *seatModel) everyone(m *model, format string, args ...any) {
	for _, k := range s.sockets {
		m.say(k.name, format, args...)
	}
}

// optedIn tells those sockets of the seat that opted in, but one.
func (s *seatModel) optedIn(m *model, but string, here bool) {
	for _, k := range s.sockets {
		if k.ext && k.name != but {
			m.say(k.name, "presence %v", here)
		}
	}
}

// other is the other seat, nil while it is open.
func (m *model) other(s *seatModel) *seatModel {
	for _, o := range m.seats {
		if o != s {
			return o
		}
	}
	return nil
}

func (m *model) seatOf(who string) *seatModel {
	for _, s := range m.seats {
		if slices.ContainsFunc(s.sockets, func(k socketModel) bool { return k.name == who }) {
			return s
		}
	}
	return nil
}

// use makes a token the most recently used.
func (s *seatModel) use(token string) {
	if i := slices.Index(s.tokens, token); i >= 0 {
		s.tokens = append(slices.Delete(s.tokens, i, i+1), token)
	}
}

// admit keeps a new token; the least recently used that no socket has leaves.
func (s *seatModel) admit(token string) {
	if len(s.tokens) == 8 {
		i := slices.IndexFunc(s.tokens, func(t string) bool {
			return !slices.ContainsFunc(s.sockets, func(k socketModel) bool { return k.token == t })
		})
		s.tokens = slices.Delete(s.tokens, i, i+1)
	}
	s.tokens = append(s.tokens, token)
}

func (s *seatModel) without(who string) {
	for _, k := range s.sockets {
		if k.name == who {
			s.use(k.token)
		}
	}
	s.sockets = slices.DeleteFunc(s.sockets, func(k socketModel) bool { return k.name == who })
}

// over ends the room and says so.
func (m *model) over(code int, outcome string) {
	if code == 1000 {
		m.everyone("room_expired")
	}
	m.everyone("closed %d", code)
	m.outcome("%s", outcome)
	m.seats = nil
	m.message = nil
}

// timeIsUp ends the room if its time has come.
func (m *model) timeIsUp(now time.Duration) bool {
	switch {
	case now < m.ends:
		return false
	case len(m.seats) < 2:
		m.over(1000, "over unpaired_ttl")
	default:
		m.over(1000, "over ttl")
	}
	return true
}

func (m *model) leave(now time.Duration, who string) {
	if m.timeIsUp(now) {
		return
	}
	if s := m.seatOf(who); s != nil {
		s.without(who)
		if o := m.other(s); o != nil && len(s.sockets) == 0 {
			o.optedIn(m, "", false)
		}
	}
}

func (m *model) join(now time.Duration, j joinDraw, drawn string) {
	if m.timeIsUp(now) {
		return
	}
	refused := func(reason, more string) {
		if !j.noRef {
			m.say(j.who, "error %s%s", reason, more)
		}
	}
	if j.intent == "return" && j.room != m.room {
		refused("not_found", "")
		m.outcome("refused not_found")
		return
	}
	var seat *seatModel
	for _, s := range m.seats {
		if s.access == j.access {
			seat = s
		}
	}
	resumed := seat != nil && slices.Contains(seat.tokens, j.token)
	lock := ""
	if now < m.lockEnds {
		if !resumed && (seat == nil || m.seatOf(j.who) != seat) {
			refused("locked", retry(m.lockEnds-now))
			m.outcome("refused locked lock refused")
			return
		}
		lock = " lock resumed"
	}
	how := "entered"
	if seat == nil {
		if reason, more := m.whyNot(j); reason != "" {
			if now-m.failed >= modelLock || m.lockEnds > 0 {
				m.fails, m.lockEnds = 0, 0
			}
			m.fails, m.failed = m.fails+1, now
			if m.fails == 10 {
				m.lockEnds = now + modelLock
				refused("locked", retry(modelLock))
				m.outcome("refused locked lock began")
				return
			}
			if reason == "unauthorized" {
				more = fmt.Sprintf(" left %d", 10-m.fails)
			}
			refused(reason, more)
			m.outcome("refused %s", reason)
			return
		}
		seat = &seatModel{access: j.access, sender: j.sender}
		m.seats = append(m.seats, seat)
		how, m.gate = "created", j.gate
		if m.gate == "bad" {
			m.gate = ""
		}
		if len(m.seats) == 2 {
			how, m.gate, m.ends = "claimed", "", m.born+modelTTL
		}
	}
	m.enter(j, seat, resumed, how, drawn)
	m.outcome("%s%s", how, lock)
}

// whyNot says why an unknown access hash may not take a seat, or "".
func (m *model) whyNot(j joinDraw) (reason, more string) {
	switch {
	case len(m.seats) == 0:
		return "", ""
	case len(m.seats) == 2, j.intent == "return":
		return "unauthorized", ""
	case m.gate != "" && j.gate == "":
		return "otp_required", ""
	case m.gate != "" && j.gate != m.gate:
		return "otp_invalid", ""
	case j.sender == m.seats[0].sender:
		return "invalid_sender", ""
	case j.wait > 0:
		return "rate_limited", retry(j.wait)
	}
	return "", ""
}

func (m *model) enter(j joinDraw, seat *seatModel, resumed bool, how, drawn string) {
	token := j.token
	if !resumed {
		token = drawn
	}
	from := m.seatOf(j.who)
	if from != nil && from != seat {
		from.without(j.who)
	}
	first := len(seat.sockets) == 0
	at := slices.IndexFunc(seat.sockets, func(k socketModel) bool { return k.name == j.who })
	if at >= 0 {
		seat.sockets[at] = socketModel{j.who, j.ext, token}
	} else {
		if len(seat.sockets) == 8 {
			m.say(seat.sockets[0].name, "closed 4501")
			seat.sockets = seat.sockets[1:]
		}
		seat.sockets = append(slices.Clip(seat.sockets), socketModel{j.who, j.ext, token})
	}
	if !resumed {
		seat.admit(token)
	}

	other := m.other(seat)
	if !j.noRef {
		told := fmt.Sprintf("joined %s until %s token %s", m.room, life(micro(m.ends)), token)
		if j.ext {
			told += " as " + seat.sender
		}
		if other == nil {
			told += " awaiting"
		}
		if m.message != nil {
			told += " with " + m.message.String()
		}
		m.say(j.who, "%s", told)
	}
	if j.ext {
		m.say(j.who, "presence %v", other != nil && len(other.sockets) > 0)
	}
	if other == nil {
		return
	}
	if how == "claimed" {
		other.everyone(m, "party_paired %s", life(micro(m.ends)))
		other.everyone(m, "ttl_extended %s", life(micro(m.ends)))
	}
	if first {
		other.optedIn(m, "", true)
	}
	if from == other && len(other.sockets) == 0 {
		seat.optedIn(m, j.who, false)
	}
}

func (msg *messageModel) String() string {
	told := fmt.Sprintf("%s %s %q %v", msg.id, msg.author.sender, msg.text, micro(msg.inserted))
	if msg.read >= 0 {
		told += fmt.Sprintf(" read %v", micro(msg.read))
	}
	return told
}

// micro and retry are how the wire writes times and waits.
func micro(d time.Duration) time.Duration { return d.Truncate(time.Microsecond) }

func retry(d time.Duration) string {
	return fmt.Sprintf(" retry %v", (d + time.Second - 1).Truncate(time.Second))
}
