package lockout

import (
	"crypto/subtle"
	"fmt"
	"io"
)

// MaxTokens is how many resume tokens a seat keeps; the oldest leaves.
const MaxTokens = 8

// Token is 32 random bytes. It prints as "[redacted]" through every verb.
type Token [32]byte

func (Token) String() string               { return "[redacted]" }
func (Token) GoString() string             { return "[redacted]" }
func (Token) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }
func (Token) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, "[redacted]") }

// Tokens are the resume tokens of one seat, oldest first. The zero value is
// ready.
type Tokens struct {
	list []Token
}

// Add keeps t; when there are MaxTokens already, the oldest leaves. What it
// leaves behind is overwritten.
func (s *Tokens) Add(t *Token) {
	switch len(s.list) {
	case MaxTokens:
		copy(s.list, s.list[1:])
		s.list[MaxTokens-1] = *t
		return
	case cap(s.list):
		old := s.list
		s.list = append(make([]Token, 0, min(max(1, 2*len(old)), MaxTokens)), old...)
		clear(old)
	}
	s.list = append(s.list, *t)
}

// Forget overwrites all tokens.
func (s *Tokens) Forget() {
	clear(s.list[:cap(s.list)])
	s.list = nil
}

// Has reports whether t is kept. The time it takes depends on how many tokens
// there are, never on their values or on which one matched.
func (s *Tokens) Has(t *Token) bool {
	found := 0
	for i := range s.list {
		found |= subtle.ConstantTimeCompare(s.list[i][:], t[:])
	}
	return found == 1
}
