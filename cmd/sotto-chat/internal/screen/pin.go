package screen

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"sotto/cmd/sotto-chat/internal/entry"
)

// pinScreen asks for the PIN, while the key is computed.
type pinScreen struct {
	how  entry.How
	pin  pin
	left int // tries, to open again what was open with this PIN
}

func newPINScreen(how entry.How) *pinScreen {
	return &pinScreen{how: how, pin: newPIN(), left: curtainTries}
}

func (p *pinScreen) update(m *Model, msg tea.Msg) tea.Cmd {
	switch pressed(msg) {
	case "enter":
		if p.pin.field.Value() == "" {
			return nil
		}
		return p.take(m)
	case "esc":
		m.restart("")
		return nil
	}
	return p.pin.update(msg)
}

// take opens with the PIN. What was open before is still here, behind a curtain
// as it were: another PIN does not lift it.
func (p *pinScreen) take(m *Model) tea.Cmd {
	typed := p.pin.take()
	if p.how != entry.Again || m.door.Knows(typed) {
		return m.open(typed, p.how)
	}
	if p.left--; p.left == 0 {
		m.restart(wordForgotten)
		return nil
	}
	m.status = fmt.Sprintf(wordWrong, p.left)
	return nil
}

func (p *pinScreen) body(m *Model, width, _ int) []string {
	lines := []string{bold.Render(wordPIN), "", p.pin.view(width), ""}
	if p.how == entry.Create {
		lines = append(append(lines, faded(wordPINNew, width)...), "")
	}
	return append(lines, m.attempt.progress(m.now, width))
}

func (p *pinScreen) keys(*Model) string { return keysPIN }
