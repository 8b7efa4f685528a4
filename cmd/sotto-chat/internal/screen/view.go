package screen

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// The least that can be drawn on, in cells.
const (
	leastWidth  = 20
	leastHeight = 6
)

// View draws the screen in front: its lines, one line of status, one of keys.
func (m *Model) View() tea.View {
	v := tea.NewView(strings.Join(m.lines(), "\n"))
	v.AltScreen = true
	v.ReportFocus = true
	return v
}

// lines returns exactly as many lines as there are, of at most the width.
func (m *Model) lines() []string {
	switch {
	case m.gone && m.last != nil:
		return m.last
	case m.gone, m.width == 0:
		return make([]string, m.height)
	}
	if m.width < leastWidth || m.height < leastHeight {
		return []string{fit(wordSmall, m.width)}
	}
	front := m.front()
	body := front.body(m, m.width, m.height-2)
	lines := make([]string, m.height)
	for i := range min(len(body), m.height-2) {
		lines[i] = fit(body[i], m.width)
	}
	lines[m.height-2] = fit(m.statusLine(), m.width)
	lines[m.height-1] = reverse.Render(fit(front.keys(m), m.width))
	return lines
}

// statusLine says the newest of what there is to say.
func (m *Model) statusLine() string {
	switch {
	case m.curtain != nil:
		return m.curtain.note
	case m.status != "":
		return m.status
	case m.chat != nil:
		return m.chat.note(m.now)
	}
	return ""
}
