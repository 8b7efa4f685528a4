package screen

import (
	tea "charm.land/bubbletea/v2"

	"sotto/cmd/sotto-chat/internal/entry"
)

// made shows a number that was made up, for the other to use.
type made struct{ card entry.Card }

func (n *made) update(m *Model, msg tea.Msg) tea.Cmd {
	switch pressed(msg) {
	case "enter":
		return m.ask(n.card, entry.Create)
	case "ctrl+n":
		n.card = entry.NewPrivate()
	case "ctrl+t":
		n.card = entry.NewShort()
	case "esc":
		m.screen = newNumber()
	}
	return nil
}

func (n *made) body(_ *Model, width, _ int) []string {
	lines := []string{bold.Render(fit(wordNew, width)), "", n.card.Number}
	hint := wordNewHint
	if n.card.Private() {
		lines = append(lines, wrap(n.card.Code.Reveal(), width)...)
	} else {
		lines = append(lines, "ref "+n.card.Ref.Reveal())
		hint = wordShortHint
	}
	return append(append(lines, ""), faded(hint, width)...)
}

func (n *made) keys(*Model) string { return keysNew }
