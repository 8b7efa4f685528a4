package lockout

import (
	"crypto/subtle"
	"fmt"
	"io"
)

// MaxTokens is how many resume tokens a seat keeps.
const MaxTokens = 8

// Token is a resume token as it is kept: the SHA-256 of the 32 random bytes
// that its holder has. It prints as "[redacted]" through every verb.
type Token [32]byte

func (Token) String() string               { return "[redacted]" }
func (Token) GoString() string             { return "[redacted]" }
func (Token) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }
func (Token) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, "[redacted]") }

// Tokens are the resume tokens of one seat, the least recently used first. The
// zero value is ready.
type Tokens struct {
	list []Token
}

// Add keeps t as the most recently used. When there are MaxTokens already, the
// least recently used leaves of those that are not held; Add panics when all
// are. What leaves is overwritten.
func (s *Tokens) Add(t *Token, held func(*Token) bool) {
	switch len(s.list) {
	case MaxTokens:
		for i := range s.list {
			if !held(&s.list[i]) {
				s.list[i] = *t
				s.newest(i)
				return
			}
		}
		panic("lockout: every token is held")
	case cap(s.list):
		old := s.list
		s.list = append(make([]Token, 0, min(max(1, 2*len(old)), MaxTokens)), old...)
		clear(old)
	}
	s.list = append(s.list, *t)
}

// Use makes t the most recently used, if it is kept.
func (s *Tokens) Use(t *Token) {
	for i := range s.list {
		if s.list[i] == *t {
			s.newest(i)
			return
		}
	}
}

// newest moves a token to the end.
func (s *Tokens) newest(i int) {
	t := s.list[i]
	copy(s.list[i:], s.list[i+1:])
	s.list[len(s.list)-1] = t
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
