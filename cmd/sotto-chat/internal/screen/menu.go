package screen

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"sotto/wire"
)

// menu is a sheet with what else can be done.
type menu struct{}

// item is a line of the menu.
type item struct {
	key, name string
	private   bool // of private numbers only
	do        func(m *Model) tea.Cmd
}

// items are in the order in which they are drawn.
func items() []item {
	return []item{
		{"e", "edit", false, editMessage},
		{"d", "delete", false, deleteMessage},
		{"i", "invitation, QR code", false, sheetOf(&invitation{})},
		{"c", "compare", true, sheetOf(&compare{})},
		{"s", "this sitting only", true, toggleSitting},
		{"t", "let it wait", true, letWait},
		{"n", "try the network now", false, tryNow},
		{"w", "wipe for both", false, sheetOf(&wipe{})},
		{"l", "leave", false, func(m *Model) tea.Cmd {
			session, door, private := m.letGo()
			m.restart(wordLeaving)
			return leave(session, door, private, false, false)
		}},
	}
}

func (*menu) update(m *Model, msg tea.Msg) tea.Cmd {
	name := pressed(msg)
	for _, i := range items() {
		if i.key == name && (m.chat.private || !i.private) {
			m.screen = m.chat
			return tea.Batch(i.do(m), m.seen())
		}
	}
	return m.back(name)
}

// back closes a sheet, on Esc or ^O.
func (m *Model) back(name string) tea.Cmd {
	if name == "esc" || name == "ctrl+o" {
		m.screen = m.chat
		return m.seen()
	}
	return nil
}

// sheetOf opens a sheet. What it keeps, it keeps from then on.
func sheetOf(s screen) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		m.screen = s
		return nil
	}
}

func (*menu) body(m *Model, width, height int) []string {
	var lines []string
	for _, i := range items() {
		if i.private && !m.chat.private {
			continue
		}
		line := bold.Render(i.key) + "  " + i.name
		if i.key == "s" {
			line += map[bool]string{true: ": on", false: ": off"}[m.chat.sittingOnly]
		}
		lines = append(lines, line)
	}
	if len(lines)+2 <= height {
		lines = append([]string{bold.Render(wordMenu), ""}, lines...)
	}
	return lines
}

func (*menu) keys(*Model) string { return keysSheet }

func editMessage(m *Model) tea.Cmd {
	c := m.chat
	s := c.changeable()
	if s == nil || c.sending {
		m.status = wordCantChange
		return nil
	}
	if c.editing == (wire.MessageID{}) {
		c.aside += c.composer.Value()
	}
	c.editing = s.ID
	c.composer.SetValue(s.Text)
	return nil
}

func deleteMessage(m *Model) tea.Cmd {
	c := m.chat
	s := c.changeable()
	if s == nil {
		m.status = wordCantChange
		return nil
	}
	return c.change(wordDoneDelete, func(ctx context.Context) error { return c.session.Delete(ctx, s.ID) })
}

func toggleSitting(m *Model) tea.Cmd {
	c := m.chat
	c.sittingOnly = !c.sittingOnly
	c.session.SetMode(c.sittingOnly)
	m.door.SittingOnly = c.sittingOnly // for a session that follows this one
	m.status = map[bool]string{true: wordSittingOn, false: wordSittingOff}[c.sittingOnly]
	return nil
}

func letWait(m *Model) tea.Cmd {
	m.chat.session.LetWait()
	return nil
}

func tryNow(m *Model) tea.Cmd {
	c := m.chat
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(c.ctx, patience)
		defer cancel()
		_ = c.session.Check(ctx) // what comes of it is an event
		return nil
	}
}
