package screen

import (
	tea "charm.land/bubbletea/v2"

	"sotto/cmd/sotto-chat/internal/entry"
)

// pinScreen asks for the PIN, while the key is computed.
type pinScreen struct {
	how entry.How
	pin pin
}

func (p *pinScreen) update(m *Model, msg tea.Msg) tea.Cmd {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch press.String() {
		case "enter":
			if p.pin.field.Value() == "" {
				return nil
			}
			return m.open(p.pin.take(), p.how)
		case "esc":
			m.restart("")
			return nil
		}
	}
	return p.pin.update(msg)
}

func (p *pinScreen) body(m *Model, width, _ int) []string {
	lines := []string{bold.Render(wordPIN), "", p.pin.view(width), ""}
	if p.how == entry.Create {
		for _, line := range wrap(wordPINNew, width) {
			lines = append(lines, faint.Render(line))
		}
		lines = append(lines, "")
	}
	return append(lines, m.attempt.progress(m.now, width))
}

func (p *pinScreen) keys(*Model) string { return keysPIN }
