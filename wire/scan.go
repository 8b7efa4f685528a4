package wire

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads one frame once, from front to back, and unescapes its strings
// in place: they only ever get shorter. encoding/json would copy ciphertext
// into Go strings and quote input in its errors.
//
// After the first violation failed is set, nothing is left to read, and what
// the methods return means nothing.
type scanner struct {
	data   []byte
	pos    int
	depth  int
	failed bool
	// keys are those of the objects being read, innermost last.
	keys []span
}

// span is a part of the frame.
type span struct{ from, to int }

// reset begins a new frame. One that is not valid UTF-8 has failed already.
func (s *scanner) reset(frame []byte) {
	*s = scanner{data: frame, keys: s.keys[:0]}
	if !utf8.Valid(frame) {
		s.fail()
	}
}

func (s *scanner) fail() {
	s.failed = true
	s.pos = len(s.data)
}

// end reports whether the frame was good and is read to its end.
func (s *scanner) end() bool {
	s.space()
	return !s.failed && s.pos == len(s.data)
}

// peek returns the first byte of what is next, or 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.data) {
		return 0
	}
	return s.data[s.pos]
}

// object reads a value. Of an object read gets each key, unescaped, and reads its
// value.
func (s *scanner) object(read func(key []byte)) kind {
	if s.peek() != '{' {
		return s.value().kind
	}
	s.deeper('{')
	first := len(s.keys)
	for count := 0; !s.failed; count++ {
		switch s.space(); {
		case s.eat('}'):
			s.keys = s.keys[:first]
			s.depth--
			return kindObject
		case count == MaxKeys, count > 0 && !s.eat(','):
			s.fail()
		default:
			if key := s.key(first); !s.failed {
				read(key)
			}
		}
	}
	return kindObject
}

// key reads a key and the colon behind it. Those of the same object begin at first
// in scanner.keys.
func (s *scanner) key(first int) []byte {
	s.space()
	from := s.pos + len(`"`)
	key := s.text()
	// At most MaxKeys comparisons a key: linear in the frame.
	for _, k := range s.keys[first:] {
		if bytes.Equal(s.data[k.from:k.to], key) {
			s.fail()
		}
	}
	s.space()
	if s.failed || !s.eat(':') {
		s.fail()
		return nil
	}
	s.keys = append(s.keys, span{from: from, to: from + len(key)})
	return key
}

// value reads one value of any type.
func (s *scanner) value() value {
	switch s.peek() {
	case '"':
		return value{kind: kindString, text: s.text()}
	case '{':
		return value{kind: s.object(func([]byte) { s.value() })}
	case '[':
		s.array()
		return value{kind: kindArray}
	case 'n':
		return s.literal(kindNull, "null")
	case 't':
		return s.literal(kindBool, "true")
	case 'f':
		return s.literal(kindBool, "false")
	}
	return s.number()
}

func (s *scanner) array() {
	s.deeper('[')
	s.space()
	if s.eat(']') {
		s.depth--
		return
	}
	for !s.failed {
		s.value()
		switch s.space(); {
		case s.eat(']'):
			s.depth--
			return
		case !s.eat(','):
			s.fail()
		}
	}
}

// deeper reads the bracket that opens an object or array.
func (s *scanner) deeper(bracket byte) {
	s.space()
	if s.depth == MaxDepth || !s.eat(bracket) {
		s.fail()
		return
	}
	s.depth++
}

func (s *scanner) literal(k kind, word string) value {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
		s.fail()
		return value{}
	}
	from := s.pos
	s.pos += len(word)
	return value{kind: k, text: s.data[from:s.pos]}
}

func (s *scanner) number() value {
	from := s.pos
	s.eat('-')
	if !s.eat('0') && !s.digits() {
		s.fail()
	}
	if s.eat('.') && !s.digits() {
		s.fail()
	}
	if s.eat('e') || s.eat('E') {
		if !s.eat('+') {
			s.eat('-')
		}
		if !s.digits() {
			s.fail()
		}
	}
	return value{kind: kindNumber, text: s.data[from:s.pos]}
}

func (s *scanner) digits() bool {
	from := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > from
}

// text reads a string and unescapes it where it stands.
func (s *scanner) text() []byte {
	if !s.eat('"') {
		s.fail()
		return nil
	}
	from := s.pos
	s.pos += plain(s.data[s.pos:])
	to := s.pos
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case '"':
			s.pos++
			return s.data[from:to:to]
		case '\\':
			to += s.escape(s.data[to:])
		default: // a bare control character
			s.fail()
		}
		n := plain(s.data[s.pos:])
		copy(s.data[to:], s.data[s.pos:s.pos+n])
		to += n
		s.pos += n
	}
	s.fail()
	return nil
}

// escape reads one escape sequence, writes what it stands for to dst, which
// may overlap it, and returns how many bytes that is.
func (s *scanner) escape(dst []byte) int {
	s.pos++
	if s.pos == len(s.data) {
		s.fail()
		return 0
	}
	c := s.data[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r := s.hex4()
		if utf16.IsSurrogate(r) {
			if !s.eat('\\') || !s.eat('u') {
				s.fail()
				return 0
			}
			if r = utf16.DecodeRune(r, s.hex4()); r == utf8.RuneError {
				s.fail() // a lone surrogate, or two in the wrong order
			}
		}
		if s.failed {
			return 0
		}
		return utf8.EncodeRune(dst, r)
	default:
		s.fail()
		return 0
	}
	dst[0] = c
	return 1
}

func (s *scanner) hex4() (r rune) {
	if len(s.data)-s.pos < 4 {
		s.fail()
		return 0
	}
	for _, c := range s.data[s.pos : s.pos+4] {
		digit := hexDigit(c)
		if digit > 15 {
			s.fail()
			return 0
		}
		r = r<<4 | rune(digit)
	}
	s.pos += 4
	return r
}

// eat reads c if it is next.
func (s *scanner) eat(c byte) bool {
	if s.pos == len(s.data) || s.data[s.pos] != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// plain returns how many bytes b begins with that stand for themselves in a
// string: no quote, backslash or control character. Ciphertext is most of a
// frame, so it looks at eight bytes at once.
func plain(b []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		// The lowest high bit that is left marks the first byte that is below
		// 0x20, a quote, or a backslash; bits above it may be wrong.
		w := binary.LittleEndian.Uint64(b[n:])
		quote, slash := w^'"'*ones, w^'\\'*ones
		stop := ((w-' '*ones)&^w | (quote-ones)&^quote | (slash-ones)&^slash) & highs
		if stop != 0 {
			return n + bits.TrailingZeros64(stop)/8
		}
	}
	for n < len(b) && b[n] >= ' ' && b[n] != '"' && b[n] != '\\' {
		n++
	}
	return n
}
