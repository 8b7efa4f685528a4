package screen

import (
	"context"
	"errors"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"sotto/client"
	"sotto/cmd/sotto-chat/internal/entry"
)

// attempt is one way in: first the key is computed, then the relay is asked.
type attempt struct {
	number   int // what belongs to an earlier one is dropped
	began    time.Time
	estimate time.Duration // of the derivation; 0: not known yet
	derived  bool
	busy     bool // a command has the door
	pin      string
	how      entry.How
	opening  bool // the PIN is there
	cancel   context.CancelFunc
}

// The steps. Each names the attempt that it is of.
type (
	derivedMsg struct {
		number   int
		door     *entry.Door
		estimate time.Duration // set: the derivation begins only now
	}
	openedMsg struct {
		number  int
		door    *entry.Door
		session *client.Session
		first   client.Event
		err     error
	}
)

// ask asks for the PIN of a number, and computes its key meanwhile.
func (m *Model) ask(card entry.Card, how entry.How) tea.Cmd {
	m.attempt.stop(m.door)
	m.door = &entry.Door{URL: m.cfg.URL, HTTP: m.cfg.HTTP, Card: card}
	m.screen, m.status = newPINScreen(how), ""
	m.attempt = attempt{number: m.attempt.number + 1, began: m.now, busy: true}
	number, door := m.attempt.number, m.door
	return func() tea.Msg { return derivedMsg{number: number, door: door, estimate: entry.Estimate()} }
}

// stop gives an attempt up. What it has under way comes to nothing.
func (a *attempt) stop(door *entry.Door) {
	if a.cancel != nil {
		a.cancel()
	}
	if door != nil && !a.busy {
		door.Forget()
	}
	*a = attempt{number: a.number + 1}
}

// open joins, as soon as the key is there.
func (m *Model) open(pin string, how entry.How) tea.Cmd {
	a := &m.attempt
	a.pin, a.how, a.opening, a.began = pin, how, true, m.now
	m.screen = &openingScreen{}
	if a.busy {
		return nil
	}
	return m.join()
}

func (m *Model) join() tea.Cmd {
	a := &m.attempt
	var ctx context.Context
	ctx, a.cancel = context.WithCancel(context.Background())
	a.busy = true
	number, door, pin, how := a.number, m.door, a.pin, a.how
	return func() tea.Msg {
		session, first, err := door.Open(ctx, pin, how)
		return openedMsg{number: number, door: door, session: session, first: first, err: err}
	}
}

// arrived takes in a step of the attempt.
func (m *Model) arrived(msg tea.Msg) tea.Cmd {
	a := &m.attempt
	switch msg := msg.(type) {
	case derivedMsg:
		switch {
		case msg.number != a.number:
			msg.door.Forget()
		case msg.estimate != 0:
			a.estimate, a.began = msg.estimate, m.clock()
			return func() tea.Msg {
				msg.door.Derive()
				return derivedMsg{number: msg.number, door: msg.door}
			}
		default:
			a.derived, a.busy = true, false
			if a.opening {
				return m.join()
			}
		}
	case openedMsg:
		if msg.number != a.number {
			return leave(msg.session, msg.door, false, true, false)
		}
		a.busy = false
		if msg.err != nil {
			return m.refused(msg.err)
		}
		return m.enter(msg)
	}
	return nil
}

// enter shows the room.
func (m *Model) enter(msg openedMsg) tea.Cmd {
	m.attempt = attempt{number: m.attempt.number}
	m.status = ""
	m.chat = newChat(msg.session, m.door.Private())
	m.chat.sittingOnly = m.door.SittingOnly
	m.chat.composer.SetValue(m.draft)
	m.draft = ""
	m.screen = m.chat
	return m.happened(happenedMsg{session: msg.session, event: msg.first})
}

// refused says why not, where something can be done about it.
func (m *Model) refused(err error) tea.Cmd {
	a := &m.attempt
	private := m.door.Private()
	said := entry.Explain(err, a.how, private)
	switch said.Code {
	case "place_free":
		m.screen = &question{text: said.Text, keyLine: keysTake, yes: func() tea.Cmd { return m.open(a.pin, entry.Invited) }}
	case "pin_taken":
		m.screen = &question{
			text: said.Text + " " + wordIsMine, keyLine: keysMine,
			mine: func() tea.Cmd { return m.open(a.pin, entry.Enter) },
		}
	case "not_found", "taken":
		m.restart(said.Text)
	case "wrong_pin", "bad_pin", "locked", "rate_limited", "faster", "ref_required", "wrong_ref":
		m.screen, m.status = newPINScreen(a.how), said.Text
	default:
		if !errors.Is(err, context.Canceled) {
			m.ended(said.Text)
		}
	}
	return nil
}

// progress draws how far the derivation is, by the estimate.
func (a *attempt) progress(now time.Time, width int) string {
	if a.derived || a.number == 0 {
		return ""
	}
	label := wordDeriving + " "
	room := max(width-len(label)-2, 4)
	done := 0
	if a.estimate > 0 {
		done = min(int(int64(room)*int64(now.Sub(a.began))/int64(a.estimate)), room-1)
	}
	return label + "[" + strings.Repeat("#", max(done, 0)) + strings.Repeat(" ", room-max(done, 0)) + "]"
}
