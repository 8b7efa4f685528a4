package ledger

import (
	"fmt"
	"strings"
)

// Stamp says which message a text is.
type Stamp struct {
	// Pair is the two phones, and Life which of their rooms.
	Pair, Life int
	// Seat is the author's: 0 or 1.
	Seat int
	// Seq counts an author's messages in a life, from 1.
	Seq int
	// Edit counts the texts that a message was given after its first.
	Edit int
}

// String is the first word of the text.
func (s Stamp) String() string {
	return fmt.Sprintf("%d.%d.%d.%d.%d", s.Pair, s.Life, s.Seat, s.Seq, s.Edit)
}

// Text returns a text of about size bytes, never less than the stamp takes.
func (s Stamp) Text(size int) string {
	const words = " and then some words as people write them to each other,"
	text := s.String()
	for len(text) < size {
		text += words[:min(len(words), size-len(text))]
	}
	return text
}

// parse reads the stamp of a text.
func parse(text string) (Stamp, bool) {
	word, _, _ := strings.Cut(text, " ")
	var s Stamp
	if _, err := fmt.Sscanf(word, "%d.%d.%d.%d.%d", &s.Pair, &s.Life, &s.Seat, &s.Seq, &s.Edit); err != nil {
		return Stamp{}, false
	}
	return s, s.String() == word && (s.Seat == 0 || s.Seat == 1) && s.Seq > 0 && s.Edit >= 0
}
