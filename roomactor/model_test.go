package roomactor

import (
	"fmt"
	"slices"
	"time"

	"sotto/lockout"
	"sotto/wire"
)

// model is PROTOCOL.md once more, as short as it gets: it tells in the stage's
// lines what a room must do. It shares no code with state. Where the protocol
// leaves the order of frames open, it has the order of the sockets' joins.
type model struct {
	room       string
	born, ends time.Duration
	seats      []*seatModel
	gate       wire.Gate // not Valid when there is none
	fails      int
	failed     time.Duration // last
	lockEnds   time.Duration
	message    *messageModel
	lines      []string
}

type seatModel struct {
	access  bearer
	sender  string
	tokens  []lockout.Token // the most recently used last
	sockets []socketModel
	sends   []sentModel // the last four with a nonce
	hello   string      // "" when there is none
}

type sentModel struct {
	nonce nonceTag
	id    string
}

type socketModel struct {
	name  string
	ext   bool
	token lockout.Token
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

func newModel(room string, now time.Duration) *model {
	return &model{room: room, born: now, ends: now + modelUnpaired}
}

// step does what the command asks and returns what is told.
func (m *model) step(now time.Duration, c *command) []string {
	m.lines = nil
	switch {
	case c.kind == cmdStop:
		m.over(1012, "over shutdown")
	case now >= m.ends && len(m.seats) < 2:
		m.over(1000, "over unpaired_ttl")
	case now >= m.ends:
		m.over(1000, "over ttl")
	case c.kind == cmdLeave:
		m.leave(c.from.(*puppet).name)
	case c.kind == cmdJoin:
		m.join(now, c)
	case c.kind == cmdRequest:
		m.request(now, c)
	}
	return m.lines
}

func (m *model) say(who, format string, args ...any) {
	m.lines = append(m.lines, who+" "+fmt.Sprintf(format, args...))
}

// answer says what the command's sender is answered, if it asked with a ref.
func (m *model) answer(c *command, format string, args ...any) {
	if c.req.Ref.Set() {
		m.say(c.from.(*puppet).name, format, args...)
	}
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
func (s *seatModel) use(token lockout.Token) {
	if i := slices.Index(s.tokens, token); i >= 0 {
		s.tokens = append(slices.Delete(s.tokens, i, i+1), token)
	}
}

// admit keeps a new token; the least recently used that no socket has leaves.
func (s *seatModel) admit(token lockout.Token) {
	if len(s.tokens) == 8 {
		i := slices.IndexFunc(s.tokens, func(t lockout.Token) bool {
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

func (m *model) leave(who string) {
	if s := m.seatOf(who); s != nil {
		s.without(who)
		if o := m.other(s); o != nil && len(s.sockets) == 0 {
			o.optedIn(m, "", false)
		}
	}
}

func (m *model) join(now time.Duration, c *command) {
	j := &c.req.Join
	refused := func(reason, more string) {
		m.answer(c, "error %s%s", reason, more)
		m.outcome("refused %s", reason)
	}
	if j.Intent == wire.IntentReturn && nameOf(j.RoomID[:]) != m.room {
		refused("not_found", "")
		return
	}
	var seat *seatModel
	for _, s := range m.seats {
		if s.access == c.access {
			seat = s
		}
	}
	resumed := seat != nil && j.HasResume && slices.Contains(seat.tokens, c.resume)
	lock := ""
	if now < m.lockEnds {
		if !resumed && (seat == nil || m.seatOf(c.from.(*puppet).name) != seat) {
			m.answer(c, "error locked%s", retry(m.lockEnds-now))
			m.outcome("refused locked lock refused")
			return
		}
		lock = " lock resumed"
	}
	how := "entered"
	if seat == nil {
		if reason, more := m.whyNot(c); reason != "" {
			if now-m.failed >= modelLock || m.lockEnds > 0 {
				m.fails, m.lockEnds = 0, 0
			}
			m.fails, m.failed = m.fails+1, now
			if m.fails == 10 {
				m.lockEnds = now + modelLock
				m.answer(c, "error locked%s", retry(modelLock))
				m.outcome("refused locked lock began")
				return
			}
			if reason == "unauthorized" {
				more = fmt.Sprintf(" left %d", 10-m.fails)
			}
			refused(reason, more)
			return
		}
		seat = &seatModel{access: c.access, sender: nameOf(j.Sender[:])}
		m.seats = append(m.seats, seat)
		how, m.gate = "created", j.Gate
		if len(m.seats) == 2 {
			how, m.gate, m.ends = "claimed", wire.Gate{}, m.born+modelTTL
		}
	}
	m.enter(c, seat, resumed, how)
	m.outcome("%s%s", how, lock)
}

// whyNot says why an unknown access hash may not take a seat, or "".
func (m *model) whyNot(c *command) (reason, more string) {
	j := &c.req.Join
	switch {
	case len(m.seats) == 0:
		return "", ""
	case len(m.seats) == 2, j.Intent == wire.IntentReturn:
		return "unauthorized", ""
	case m.gate.Valid && !j.Gate.Present:
		return "otp_required", ""
	case m.gate.Valid && j.Gate != m.gate:
		return "otp_invalid", ""
	case nameOf(j.Sender[:]) == m.seats[0].sender:
		return "invalid_sender", ""
	case c.claimWait > 0:
		return "rate_limited", retry(c.claimWait)
	}
	return "", ""
}

func (m *model) enter(c *command, seat *seatModel, resumed bool, how string) {
	j, who := &c.req.Join, c.from.(*puppet).name
	token, name := c.resume, nameOf(j.Resume[:])
	if !resumed {
		token, name = c.fresh, nameOf(c.random[:])
	}
	from := m.seatOf(who)
	if from != nil && from != seat {
		from.without(who)
	}
	first := len(seat.sockets) == 0
	at := slices.IndexFunc(seat.sockets, func(k socketModel) bool { return k.name == who })
	if at >= 0 {
		seat.sockets[at] = socketModel{who, j.Ext, token}
	} else {
		if len(seat.sockets) == 8 {
			m.say(seat.sockets[0].name, "closed 4501")
			seat.sockets = seat.sockets[1:]
		}
		seat.sockets = append(slices.Clip(seat.sockets), socketModel{who, j.Ext, token})
	}
	if !resumed {
		seat.admit(token)
	}

	other := m.other(seat)
	told := fmt.Sprintf("joined %s until %s token %s", m.room, life(micro(m.ends)), name)
	if j.Ext {
		told += " as " + seat.sender
	}
	if other == nil {
		told += " awaiting"
	}
	if m.message != nil {
		told += " with " + m.message.String()
	}
	m.answer(c, "%s", told)
	if j.Ext {
		m.say(who, "presence %v", other != nil && len(other.sockets) > 0)
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
		seat.optedIn(m, who, false)
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
