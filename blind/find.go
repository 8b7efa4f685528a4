package blind

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

const (
	// mostText is how much of a text is looked at, in UTF-16 code units, which
	// is what a browser counts. No invitation is longer.
	mostText = 4000
	// mostPhoneDigits is E.164's limit.
	mostPhoneDigits = 15
)

// longRun is a run of digits with what people, telephones and address books
// put between them.
var longRun = regexp.MustCompile(`[0-9](?:[ .\-()/,;#*~+pwxPWX]{0,4}[0-9])*`)

// FindCode finds the code in what was typed, pasted, scanned or shared: a card
// in any of its forms, or somebody's sentence around one. It looks at the
// first 4,000 characters.
//
// It returns ErrMistyped when there is a number that can only be a code with a
// mistake in it, and ErrNoCode when there is none: only then may the text be
// read as a number of std-1.
func FindCode(text string) (Code, error) {
	text = Fold(text)
	if digits := findGrouped(text); digits != "" {
		return Code{digits: digits}, nil
	}
	longest := ""
	for _, run := range longRun.FindAllString(text, -1) {
		if digits := onlyDigits(run); len(digits) > len(longest) {
			longest = digits
		}
	}
	if len(longest) >= codeDigits {
		if last := longest[len(longest)-codeDigits:]; luhn(last) == 0 {
			return Code{digits: last}, nil
		}
	}
	if len(longest) > mostPhoneDigits {
		return Code{}, fmt.Errorf("find code: %w", ErrMistyped)
	}
	return Code{}, fmt.Errorf("find code: %w", ErrNoCode)
}

// findGrouped returns the first 25 digits with a right sum that stand alone,
// in five groups with at most one space or dash between them.
func findGrouped(text string) string {
	for at := range len(text) {
		if !isDigit(text[at]) || at > 0 && isDigit(text[at-1]) {
			continue
		}
		if digits := groupedAt(text[at:]); digits != "" && luhn(digits) == 0 {
			return digits
		}
	}
	return ""
}

// groupedAt returns the 25 digits that text begins with, or nothing.
func groupedAt(text string) string {
	digits := make([]byte, 0, codeDigits)
	for i := 0; i < len(text); i++ {
		between := len(digits) > 0 && len(digits)%groupDigits == 0 && isDigit(text[i-1])
		switch c := text[i]; {
		case isDigit(c):
			if len(digits) == codeDigits {
				return "" // a 26th
			}
			digits = append(digits, c)
		case (c == ' ' || c == '-') && between && len(digits) < codeDigits:
		default:
			i = len(text)
		}
	}
	if len(digits) < codeDigits {
		return ""
	}
	return string(digits)
}

// Fold writes the digits of every script as 0 to 9, each dash as "-" and each
// space as " ", and drops marks that nobody sees, before a number is looked for.
// It returns no more than the first 4,000 characters.
func Fold(text string) string {
	var b strings.Builder
	units := 0
	for _, r := range text {
		if units += utf16.RuneLen(r); units > mostText {
			break
		}
		switch {
		case unicode.Is(unicode.Nd, r):
			b.WriteByte(asciiDigit(r))
		case unicode.Is(unicode.Cf, r):
		case unicode.Is(unicode.Pd, r):
			b.WriteByte('-')
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// asciiDigit returns the digit 0 to 9 of a decimal digit's value. Unicode keeps the ten of a
// script together and in order, and where scripts touch they are whole: so the
// value is the distance from the start of the run.
func asciiDigit(r rune) byte {
	start := r
	for unicode.Is(unicode.Nd, start-1) {
		start--
	}
	return "0123456789"[(r-start)%10]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// onlyDigits drops every byte that is not 0 to 9.
func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}
