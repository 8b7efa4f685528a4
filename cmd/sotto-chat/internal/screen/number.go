package screen

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"sotto/cmd/sotto-chat/internal/entry"
)

// number asks for a number or an invitation.
type number struct {
	field  textinput.Model
	pasted *entry.Card // in place of what is typed; it is not shown
}

func newNumber() *number { return &number{field: newField()} }

func (n *number) update(m *Model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.PasteMsg:
		card, err := entry.Find(oneLine(msg.Content))
		n.field.Reset()
		n.pasted = nil
		if err != nil {
			m.status = entry.Explain(err, "", false).Text
			return nil
		}
		n.pasted, m.status = &card, ""
		return nil
	case tea.KeyPressMsg:
		switch name := msg.String(); {
		case name == "enter":
			return n.goOn(m)
		case name == "ctrl+n":
			m.screen = &made{card: entry.NewPrivate()}
			return nil
		case name == "ctrl+t":
			m.screen = &made{card: entry.NewShort()}
			return nil
		case name == "?" && n.field.Value() == "":
			m.screen = &helpSheet{back: n}
			return nil
		case n.pasted != nil && name != "backspace" && msg.Text == "":
			return nil
		case n.pasted != nil: // typing begins anew
			n.pasted = nil
		}
	}
	var cmd tea.Cmd
	n.field, cmd = n.field.Update(msg)
	return cmd
}

func (n *number) goOn(m *Model) tea.Cmd {
	card := n.pasted
	if card == nil {
		found, err := entry.Find(n.field.Value())
		if err != nil {
			m.status = entry.Explain(err, "", false).Text
			return nil
		}
		card = &found
	}
	how := entry.Enter
	if card.Invited {
		how = entry.Invited
	}
	return m.ask(*card, how)
}

func (n *number) body(_ *Model, width, _ int) []string {
	lines := append([]string{bold.Render(fit(wordNumber, width))}, "")
	if n.pasted != nil {
		what := wordAPrivate
		switch {
		case n.pasted.Private():
		case n.pasted.Ref.Set():
			what = wordAShortRef
		default:
			what = wordAShort
		}
		lines = append(lines, wrap(wordPasted+what, width)...)
	} else {
		n.field.SetWidth(width - 4)
		lines = append(lines, n.field.View())
	}
	return append(append(lines, ""), faded(wordMotto, width)...)
}

func (n *number) keys(*Model) string { return keysNumber }
