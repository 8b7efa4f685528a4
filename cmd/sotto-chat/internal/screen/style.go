package screen

import (
	"strings"
	"unicode"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// No colours: what stands out does so in every terminal, and with NO_COLOR.
var (
	bold    = lipgloss.NewStyle().Bold(true)
	faint   = lipgloss.NewStyle().Faint(true)
	reverse = lipgloss.NewStyle().Reverse(true)
)

// clean makes text that others wrote fit to be shown: control characters could
// command the terminal, and marks for the direction of writing could show other
// words than were written. Lines stay.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == '\u200c' || r == '\u200d': // join letters and emoji
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// wrap breaks text into lines of at most width cells.
func wrap(text string, width int) []string {
	return strings.Split(ansi.Wrap(text, max(width, 1), ""), "\n")
}

// faded is wrap for what is beside the matter.
func faded(text string, width int) []string {
	lines := wrap(text, width)
	for i, line := range lines {
		lines[i] = faint.Render(line)
	}
	return lines
}

// fit cuts a line at width cells.
func fit(line string, width int) string { return ansi.Truncate(line, width, "…") }
