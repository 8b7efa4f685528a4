package screen

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"rsc.io/qr"

	"sotto/cmd/sotto-chat/internal/entry"
)

// invitation is a sheet with what to hand on, while the other has not come.
type invitation struct{}

// canInvite reports whether the other's place is free and the number is still
// known: it is let go of once they have come.
func (m *Model) canInvite() bool { return m.chat.awaiting && m.door.Card != (entry.Card{}) }

func (*invitation) update(m *Model, msg tea.Msg) tea.Cmd {
	if pressed(msg) == "c" && m.canInvite() {
		m.status = wordCopied
		return tea.SetClipboard(m.door.Card.Invitation())
	}
	return m.escape(msg)
}

func (*invitation) body(m *Model, width, height int) []string {
	if !m.canInvite() {
		return append([]string{bold.Render(wordInvitation), ""}, wrap(wordNoInvite, width)...)
	}
	card := m.door.Card
	sentence := wrap(card.Invitation(), width)
	var least []string
	for _, text := range card.Scans() {
		code := halfBlocks(text)
		if len(code) <= height && cells(code) <= width {
			if len(code)+len(sentence)+1 <= height {
				code = append(append(sentence, ""), code...)
			}
			return code
		}
		least = code
	}
	lines := append([]string{bold.Render(wordInvitation), ""}, sentence...)
	lines = append(lines, "")
	return append(lines, wrap(fmt.Sprintf(wordNoQR, cells(least), len(least)+2), width)...)
}

func (*invitation) keys(m *Model) string {
	if m.canInvite() {
		return keysInvitation
	}
	return keysSheet
}

// cells is how wide a code is, which has one rune a cell.
func cells(code []string) int {
	if len(code) == 0 {
		return 0
	}
	return len([]rune(code[0]))
}

// halfBlocks draws a QR code, two of its rows in each line. It is drawn light
// on dark or dark on light as the terminal is, with the quiet zone that both
// need: readers take either.
func halfBlocks(text string) []string {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil // too long for any code
	}
	const quiet = 2
	var lines []string
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var b strings.Builder
		for x := -quiet; x < code.Size+quiet; x++ {
			top, bottom := code.Black(x, y), code.Black(x, y+1)
			switch {
			case top && bottom:
				b.WriteRune(' ')
			case top:
				b.WriteRune('▄')
			case bottom:
				b.WriteRune('▀')
			default:
				b.WriteRune('█')
			}
		}
		lines = append(lines, b.String())
	}
	return lines
}
