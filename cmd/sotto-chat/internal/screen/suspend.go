package screen

import (
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

// suspendIfSettled stops the process once nothing is under way any more. The
// screen was drawn anew before: that is what a message to oneself is for.
func (m *Model) suspendIfSettled() tea.Cmd {
	if m.suspendBy.IsZero() || m.chat != nil && m.chat.leaving() && m.clock().Before(m.suspendBy) {
		return nil
	}
	m.suspendBy = time.Time{}
	stopping := m.stopping
	return func() tea.Msg {
		stopping()
		return tea.SuspendMsg{}
	}
}
