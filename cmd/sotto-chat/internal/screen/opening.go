package screen

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// patience is how long the relay may take before people are asked to look.
const patience = 8 * time.Second

// openingScreen waits for the key, then for the relay.
type openingScreen struct{}

func (*openingScreen) update(m *Model, msg tea.Msg) tea.Cmd {
	if pressed(msg) == "esc" {
		m.restart("")
	}
	return nil
}

func (*openingScreen) body(m *Model, width, _ int) []string {
	if !m.attempt.derived {
		return []string{m.attempt.progress(m.now, width)}
	}
	lines := []string{wordOpening + "…"}
	if m.now.Sub(m.attempt.began) > patience {
		lines = append(lines, "")
		lines = append(lines, wrap(wordLong, width)...)
	}
	return lines
}

func (*openingScreen) keys(*Model) string { return keysOpening }

// question asks how to go on.
type question struct {
	text, keyLine string
	yes           func() tea.Cmd // on Enter; nil: the PIN again
	mine          func() tea.Cmd // on y
}

func (q *question) update(m *Model, msg tea.Msg) tea.Cmd {
	switch name := pressed(msg); {
	case name == "enter" && q.yes != nil:
		return q.yes()
	case name == "y" && q.mine != nil:
		return q.mine()
	case name == "enter" || name == "esc":
		m.attempt.pin = ""
		m.screen = newPINScreen(m.attempt.how)
	}
	return nil
}

func (q *question) body(_ *Model, width, _ int) []string { return wrap(q.text, width) }

func (q *question) keys(*Model) string { return q.keyLine }

// endedScreen says why it is over.
type endedScreen struct{ text string }

// ended lets go of everything and says why.
func (m *Model) ended(text string) {
	m.restart("")
	m.screen = &endedScreen{text: text}
}

func (e *endedScreen) update(m *Model, msg tea.Msg) tea.Cmd {
	if pressed(msg) == "enter" {
		m.restart("")
	}
	return nil
}

func (e *endedScreen) body(_ *Model, width, _ int) []string { return wrap(e.text, width) }

func (e *endedScreen) keys(*Model) string { return keysEnded }
