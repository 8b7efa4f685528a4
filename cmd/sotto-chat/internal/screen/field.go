package screen

import (
	"strings"
	"unicode"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"sotto/client"
)

// newField returns a field of one line. It knows no clipboard but the terminal's
// own paste: another would run a program.
func newField() textinput.Model {
	f := textinput.New()
	f.Prompt = "> "
	f.KeyMap.Paste = key.NewBinding()
	f.ShowSuggestions = false
	styles := textinput.Styles{Cursor: f.Styles().Cursor}
	styles.Cursor.Blink = false
	styles.Cursor.Color = nil
	f.SetStyles(styles)
	f.Focus()
	return f
}

// pin is a field for a PIN: masked, unless somebody peeks.
type pin struct {
	field textinput.Model
}

func newPIN() pin {
	f := newField()
	f.EchoMode, f.EchoCharacter = textinput.EchoPassword, '•'
	f.CharLimit = 64
	return pin{f}
}

func (p *pin) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.PasteMsg:
		p.field.SetValue(p.field.Value() + client.Digits(msg.Content))
		p.mask()
		return nil
	case tea.KeyPressMsg:
		if msg.String() == "ctrl+r" {
			if p.field.EchoMode == textinput.EchoNormal {
				p.mask()
			} else {
				p.field.EchoMode = textinput.EchoNormal
			}
			return nil
		}
		if msg.Text != "" && client.Digits(msg.Text) == "" {
			return nil
		}
	}
	var cmd tea.Cmd
	p.field, cmd = p.field.Update(msg)
	return cmd
}

func (p *pin) mask() { p.field.EchoMode = textinput.EchoPassword }

// take returns what was typed, and empties the field.
func (p *pin) take() string {
	text := p.field.Value()
	p.field.Reset()
	p.mask()
	return text
}

func (p *pin) view(width int) string {
	p.field.SetWidth(max(width-4, 4))
	return p.field.View()
}

// oneLine makes text fit a field of one line.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
