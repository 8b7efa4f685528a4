package screen

import (
	"context"
	"regexp"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// compare shows the digits that are the same on both sides, if nobody sits in
// between.
type compare struct{}

func (*compare) update(m *Model, msg tea.Msg) tea.Cmd { return m.escape(msg) }

// escape closes a sheet that takes no other key.
func (m *Model) escape(msg tea.Msg) tea.Cmd {
	return m.back(pressed(msg))
}

var fours = regexp.MustCompile(`.{4}`)

func (*compare) body(m *Model, width, _ int) []string {
	lines := []string{bold.Render(wordCompare), ""}
	found := m.chat.session.Compare()
	if found == "" {
		return append(lines, wrap(wordNoCompare, width)...)
	}
	lines = append(lines, wrap(fours.ReplaceAllString(found, "$0 "), width)...)
	return append(append(lines, ""), wrap(wordCompareHow, width)...)
}

func (*compare) keys(*Model) string { return keysSheet }

// wipe asks for a word: what it does can't be taken back, and terminals do not
// tell how long a key is held.
type wipe struct{ field *textinput.Model }

const wipeWord = "wipe"

func (w *wipe) update(m *Model, msg tea.Msg) tea.Cmd {
	switch name := pressed(msg); {
	case name == "esc":
		return m.back(name)
	case name == "enter" && w.field.Value() == wipeWord:
		c := m.chat
		c.wiping = true
		m.screen = c
		return c.change("", func(ctx context.Context) error { return c.session.Expire(ctx) })
	}
	field, cmd := w.field.Update(msg)
	w.field = &field
	return cmd
}

func (w *wipe) body(_ *Model, width, _ int) []string {
	if w.field == nil {
		field := newField()
		w.field = &field
	}
	lines := append([]string{bold.Render(wordWipe), ""}, wrap(wordWipeHow, width)...)
	w.field.SetWidth(width - 4)
	return append(lines, "", w.field.View())
}

func (*wipe) keys(*Model) string { return keysWipe }

// helpSheet says what there is to know.
type helpSheet struct {
	back screen
	top  int
}

func (h *helpSheet) update(m *Model, msg tea.Msg) tea.Cmd {
	switch pressed(msg) {
	case "esc":
		m.screen = h.back
		return m.seen()
	case "?":
		m.screen = h.back
		if c, ok := h.back.(*chat); ok {
			c.composer.SetValue("?")
		}
		return m.seen()
	case "pgdown", "down", "space", "j":
		h.top++
	case "pgup", "up", "k":
		h.top--
	}
	return nil
}

func (h *helpSheet) body(m *Model, width, height int) []string {
	lines := []string{bold.Render(wordHelp), ""}
	if m.cfg.Missing != "" {
		lines = append(lines, wrap(wordMissing+m.cfg.Missing+".", width)...)
	}
	for _, text := range help {
		lines = append(lines, wrap(text, width)...)
		lines = append(lines, "")
	}
	const overlap = 2
	step := max(height-overlap, 1)
	h.top = max(0, min(h.top, (len(lines)-1)/step))
	return lines[h.top*step:]
}

func (*helpSheet) keys(*Model) string { return keysHelp }
