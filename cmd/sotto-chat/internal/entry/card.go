package entry

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strings"
	"unicode"

	"sotto/blind"
	"sotto/client"
)

// ErrNoNumber means that there is neither a private nor a short number in the text.
var ErrNoNumber = errors.New("no number in the text")

// lead stands before the number in an invitation, which is to look like
// anything that people write.
const lead = "My other number"

// Card is what two people share: a private number, which has a code, or a short
// one. It prints as "[redacted]".
type Card struct {
	// Number is a telephone number; beside a code it is cover.
	Number string
	// Code makes the number a private one.
	Code blind.Code
	// Ref is a short number's pairing code; the zero value is none.
	Ref client.PairingCode
	// Invited: the number stood in a text with words around it.
	Invited bool
}

// Format prints no card.
func (Card) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// Private reports whether it is a private number's.
func (c Card) Private() bool { return c.Code.Set() }

// Text is the number as it is saved and scanned.
func (c Card) Text() string {
	if c.Private() {
		return blind.Card{Number: c.Number, Code: c.Code}.Text()
	}
	return c.Number
}

// Invitation is the sentence to hand on.
func (c Card) Invitation() string {
	text := lead + ": " + c.Text()
	if c.Ref.Set() {
		text += ", ref " + c.Ref.Reveal()
	}
	return text
}

// Scans returns what a QR code can hold, the best first: what a telephone makes a
// contact of, and what it can dial, which is shorter.
func (c Card) Scans() []string {
	if c.Private() {
		card := blind.Card{Number: c.Number, Code: c.Code}
		return []string{card.VCard(), card.Tel()}
	}
	plus := ""
	if strings.HasPrefix(c.Number, "+") {
		plus = "+"
	}
	return []string{"tel:" + plus + client.Digits(c.Number)}
}

// NewPrivate makes up a private number. Its cover is one that Britain keeps for
// films and books, which belongs to nobody.
func NewPrivate() Card {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	return Card{Number: fmt.Sprintf("+44 7700 900%03d", below(1_000)), Code: blind.NewCode(random)}
}

// NewShort makes up a short number with its ref. The number is a British mobile,
// since its digits have to be hard to guess, and so may be somebody's.
func NewShort() Card {
	n := below(500_000_000) // 074 to 078
	return Card{
		Number: fmt.Sprintf("+44 7%03d %06d", 400+n/1_000_000, n%1_000_000),
		Ref:    client.NewPairingCode(),
	}
}

func below(limit int64) int64 {
	n, err := rand.Int(rand.Reader, big.NewInt(limit))
	if err != nil {
		panic("entry: " + err.Error()) // crypto/rand never fails
	}
	return n.Int64()
}

var (
	// numberRun is digits and what people put between them. A full stop counts
	// between two digits only: elsewhere it ends a sentence.
	numberRun = regexp.MustCompile(`\+?\(?[0-9](?:(?:[ ()-]{0,3}|\.)[0-9])*`)
	refRun    = regexp.MustCompile(`(?i)\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b`)
)

// Digits of a short number.
const (
	shortest = 6
	longest  = 15
)

// Find finds a number in what was typed or pasted. It returns ErrNoNumber when
// there is none, and blind.ErrMistyped when a digit of a private one is wrong or
// missing: then nothing may be sent.
func Find(text string) (Card, error) {
	invited := strings.ContainsFunc(text, unicode.IsLetter)
	code, err := blind.FindCode(text)
	switch {
	case err == nil:
		return Card{Code: code, Invited: invited}, nil
	case !errors.Is(err, blind.ErrNoCode):
		return Card{}, fmt.Errorf("find number: %w", err)
	}
	text = blind.Fold(text)
	ref := ""
	for _, run := range refRun.FindAllString(text, -1) {
		// Without a letter it is a part of a number; without a digit mostly a
		// word, unless in capitals.
		letters, digits := strings.ContainsFunc(run, unicode.IsLetter), strings.ContainsAny(run, "0123456789")
		if letters && (digits || run == strings.ToUpper(run)) {
			ref = run
		}
	}
	number, rest := "", text
	if ref != "" {
		rest = strings.Replace(text, ref, "/", 1)
	}
	for _, run := range numberRun.FindAllString(rest, -1) {
		if n := len(client.Digits(run)); n >= shortest && n <= longest && n > len(client.Digits(number)) {
			number = run
		}
	}
	if number == "" {
		return Card{}, fmt.Errorf("find number: %w", ErrNoNumber)
	}
	card := Card{Number: number, Invited: invited}
	if ref != "" {
		if card.Ref, err = client.ParsePairingCode(ref); err != nil {
			return Card{}, fmt.Errorf("find number: %w", err)
		}
	}
	return card, nil
}
