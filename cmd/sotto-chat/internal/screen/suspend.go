package screen

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// suspendWait is how long being stopped waits until what can wait was left.
const suspendWait = 2 * time.Second

// suspend hides everything, and then has the process stopped.
func (m *Model) suspend() tea.Cmd {
	if m.suspendBy.IsZero() {
		m.hide()
		m.suspendBy = m.clock().Add(suspendWait)
	}
	return m.suspendIfSettled()
}

// suspendIfSettled stops the process once nothing is under way any more.
func (m *Model) suspendIfSettled() tea.Cmd {
	if m.suspendBy.IsZero() || m.chat != nil && m.chat.leaving() && m.clock().Before(m.suspendBy) {
		return nil
	}
	m.suspendBy = time.Time{}
	if !m.stops() {
		return nil // the curtain has to do
	}
	return tea.Sequence(m.erase(), tea.Exec(stop{}, func(error) tea.Msg { return tea.ClearScreen() }))
}

// erase empties the terminal line by line: where there is no alternate screen,
// what is cleared at once can be scrolled back to.
func (m *Model) erase() tea.Cmd {
	var all strings.Builder
	for line := range m.height {
		fmt.Fprintf(&all, "\x1b[%d;1H\x1b[2K", line+1)
	}
	write := m.write
	return func() tea.Msg {
		write(all.String())
		return erasedMsg{}
	}
}

// erasedMsg: the terminal shows nothing, and no more is to be drawn.
type erasedMsg struct{}
