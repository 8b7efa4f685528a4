// Package screen is a conversation in a terminal.
//
// [Model] is pure: what it does follows from the messages that it is handed and
// the time that it is told. All that waits is in its commands. Each screen is a
// file, and so is each sheet that can lie over the chat.
package screen

import (
	"context"
	"net/http"
	"os"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"sotto/client"
	"sotto/cmd/sotto-chat/internal/entry"
)

// Config says where to talk, and what surrounds it.
type Config struct {
	// URL of the relay.
	URL string
	// HTTP makes the connections.
	HTTP *http.Client
	// Idle is how long nothing may be typed before the curtain is drawn.
	Idle time.Duration
	// Missing is what the sandbox lacks, in words; "" if nothing.
	Missing string
	// Endings are the signals that end it.
	Endings []os.Signal
}

// panicTime is how soon the second Esc has to follow to be an alarm.
const panicTime = time.Second

// pressed is the name of the key that a message is about; "" if it is of none.
func pressed(msg tea.Msg) string {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return ""
	}
	return press.String()
}

// screen is what is shown.
type screen interface {
	// update deals with a message that is for this screen.
	update(m *Model, msg tea.Msg) tea.Cmd
	// body returns lines of at most width cells, and at most height of them.
	body(m *Model, width, height int) []string
	// keys is the line that says what can be pressed.
	keys(m *Model) string
}

// Model is all that is shown and known. It belongs to one goroutine, its
// program's.
type Model struct {
	cfg   Config
	clock func() time.Time
	now   time.Time // as last told
	// write writes to the terminal, past what is drawn.
	write func(string)
	// stops reports whether the process can be stopped.
	stops func() bool

	width, height int
	blurred       bool // the terminal says that somebody looks elsewhere
	tellsApart    bool // Ctrl-H from Backspace

	screen  screen
	curtain *curtain // over it; nil: none
	chat    *chat    // nil: nobody is in a room
	door    *entry.Door
	attempt attempt
	draft   string // for the next chat
	status  string

	touched   time.Time // when something was last typed
	escaped   time.Time // when Esc was last pressed, with nothing since
	suspendBy time.Time // when to stop at the latest; zero: not asked to
	gone      bool      // it ends
	// left leaves once, whoever calls it first, and then returns: a terminal that
	// goes away can end the program before its own turn comes. Set with gone.
	left func() tea.Msg
	last []string // what is shown until the terminal is empty, then nil
}

// New returns what is shown first.
func New(cfg Config, clock func() time.Time) *Model {
	now := clock()
	m := &Model{cfg: cfg, clock: clock, now: now, touched: now, write: func(string) {}, stops: func() bool { return false }}
	m.screen = newNumber()
	return m
}

// tickMsg comes every second, with the time.
type tickMsg time.Time

func tick() tea.Cmd { return tea.Tick(time.Second, func(t time.Time) tea.Msg { return tickMsg(t) }) }

// Init begins the ticks.
func (m *Model) Init() tea.Cmd { return tick() }

// suspendMsg asks to be stopped, endMsg to end.
type (
	suspendMsg struct{}
	endMsg     struct{}
)

// Update deals with what concerns every screen, and hands on the rest.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if m.gone {
		return m, m.late(msg)
	}
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyboardEnhancementsMsg:
		m.tellsApart = msg.SupportsKeyDisambiguation()
	case tea.FocusMsg:
		m.blurred = false
		return m, m.seen()
	case tea.BlurMsg:
		m.blurred = true
	case tickMsg:
		m.now = time.Time(msg)
		return m, tea.Batch(tick(), m.second())
	case endMsg:
		return m, m.quit()
	case suspendMsg:
		return m, m.suspend()
	case derivedMsg, openedMsg:
		return m, m.arrived(msg)
	case happenedMsg:
		return m, tea.Batch(m.happened(msg), m.suspendIfSettled())
	case sentMsg, shownMsg, leftMsg:
		return m, m.done(msg)
	case tea.PasteMsg:
		m.touched, m.escaped = m.now, time.Time{}
		return m, m.front().update(m, msg)
	case tea.KeyPressMsg:
		return m, m.key(msg)
	}
	return m, nil
}

// front is the screen that keys are for.
func (m *Model) front() screen {
	if m.curtain != nil {
		return m.curtain
	}
	return m.screen
}

// key deals with the keys that mean the same everywhere.
func (m *Model) key(msg tea.KeyPressMsg) tea.Cmd {
	m.now = m.clock()
	m.touched = m.now
	name := msg.String()
	if name == "ctrl+h" && !m.tellsApart {
		// What Backspace sends in many terminals.
		msg = tea.KeyPressMsg{Code: tea.KeyBackspace}
		name = msg.String()
	}
	if name == "alt+esc" || name == "esc" && m.now.Sub(m.escaped) < panicTime {
		return m.panic()
	}
	m.escaped = time.Time{}
	switch name {
	case "esc":
		m.escaped = m.now
	case "ctrl+c":
		return m.quit()
	case "ctrl+z":
		return m.suspend()
	case "ctrl+l", "ctrl+h":
		m.hide()
		return nil
	}
	m.status = ""
	return m.front().update(m, msg)
}

// second is what time brings.
func (m *Model) second() tea.Cmd {
	if m.now.Sub(m.touched) >= m.cfg.Idle && m.curtain == nil {
		m.touched = m.now
		m.hide()
	}
	if m.curtain != nil && m.curtain.over(m) {
		return m.forget(wordForgotten)
	}
	return m.suspendIfSettled()
}

// hide draws the curtain over a chat; what was typed on the way to one is
// dropped.
func (m *Model) hide() {
	if m.chat == nil {
		m.restart("")
		return
	}
	if m.curtain == nil {
		m.curtain = newCurtain(m.now)
		m.chat.hide(true)
	}
}

// restart goes back to the first screen, and lets go of the way in.
func (m *Model) restart(status string) {
	m.attempt.stop(m.door)
	m.door, m.chat, m.curtain, m.draft, m.status = nil, nil, nil, "", status
	m.screen = newNumber()
}

// forget drops all keys at once, and shows the first screen.
func (m *Model) forget(status string) tea.Cmd {
	session, door, private := m.letGo()
	m.screen, m.status = newNumber(), status
	return leave(session, door, private, true, false)
}

// letGo takes everything of a conversation out of the model.
func (m *Model) letGo() (s *client.Session, door *entry.Door, private bool) {
	if m.chat != nil {
		s, private = m.chat.session, m.chat.private
		m.chat.cancel()
		door = m.door
	} else {
		m.attempt.stop(m.door)
	}
	m.chat, m.curtain, m.door = nil, nil, nil
	return s, door, private
}

// leave closes the session and overwrites the key: at once, or after what is to
// wait was left.
func leave(s *client.Session, door *entry.Door, private, now, quit bool) tea.Cmd {
	return func() tea.Msg {
		switch {
		case s == nil:
		case now:
			s.Close()
		default:
			entry.Leave(context.Background(), s, private)
		}
		if door != nil {
			door.Forget()
		}
		return leftMsg{quit: quit}
	}
}

// leftMsg: what leave does is done.
type leftMsg struct{ quit bool }

// quit leaves the room and ends; panic ends at once. Nothing is to be seen from
// here on.
func (m *Model) quit() tea.Cmd { return m.end(false) }

func (m *Model) panic() tea.Cmd { return m.end(true) }

func (m *Model) end(now bool) tea.Cmd {
	m.last = m.lines()
	session, door, private := m.letGo()
	m.gone = true
	m.left = sync.OnceValue(leave(session, door, private, now, true))
	return tea.Sequence(m.erase(), func() tea.Msg { return m.left() })
}

// late deals with what comes when all is over.
func (m *Model) late(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case leftMsg:
		if msg.quit {
			return tea.Quit
		}
	case erasedMsg:
		m.last = nil
	case derivedMsg, openedMsg:
		return m.arrived(msg)
	case endMsg: // asked twice
		return tea.Quit
	case tea.KeyPressMsg:
		if msg.String() == "ctrl+c" {
			return tea.Quit
		}
	}
	return nil
}
