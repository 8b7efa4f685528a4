package blind

import "strings"

// pause stands between a number and its extension: a telephone that dials
// the number waits twice before it sends the digits behind.
const pause = ",,"

// Card is what a person saves as a contact: any telephone number, and the code
// as its extension. Nothing is derived from the number. It prints as
// "[redacted]".
type Card struct {
	secret
	Number string
	Code   Code
}

// Text returns the card as people read, copy and scan it, for instance
// "+44 7700 900123,,48219 93701 64227 85310 42912".
func (c Card) Text() string { return c.Number + pause + c.Code.Reveal() }

// Invitation returns the card behind a sentence, such as "My other number".
func (c Card) Invitation(lead string) string { return lead + ": " + c.Text() }

// dialled returns the card without groups, as machines take it.
func (c Card) dialled() string {
	var b strings.Builder
	if strings.HasPrefix(c.Number, "+") {
		b.WriteByte('+')
	}
	for i := range len(c.Number) {
		if isDigit(c.Number[i]) {
			b.WriteByte(c.Number[i])
		}
	}
	return b.String() + pause + c.Code.digits
}

// Tel returns the card as a tel: link.
func (c Card) Tel() string { return "tel:" + c.dialled() }

// VCard returns the card as a vCard 3.0 with no name but the number, which
// every contacts app takes.
func (c Card) VCard() string {
	name := c.Number
	for _, special := range []string{`\`, ",", ";"} {
		name = strings.ReplaceAll(name, special, `\`+special)
	}
	return strings.Join([]string{
		"BEGIN:VCARD", "VERSION:3.0", "N:;;;;", "FN:" + strings.NewReplacer("\r", " ", "\n", " ").Replace(name),
		"TEL:" + c.dialled(), "END:VCARD", "",
	}, "\r\n")
}
