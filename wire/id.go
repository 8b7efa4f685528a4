package wire

import (
	"bytes"
	"crypto/subtle"
	"encoding/hex"
)

// Hash is a SHA-256 that stands for something secret. K only keeps the kinds
// apart. On the wire it is 64 lower-case hex digits. It prints as
// "[redacted]" through every marshaller and every verb that package fmt lets a
// type answer: not %p, not a %w (which is for errors), and not from within an
// unexported field. So a struct that keeps identifiers in unexported fields
// needs a Format method of its own, or is never printed. Stack dumps print the
// arguments of functions, so in the relay hashes and UUIDs are passed by pointer.
type Hash[K any] [32]byte

// UUID is a version-4 UUID; K keeps the kinds apart. On the wire it is the
// 8-4-4-4-12 form, which is read in either case and written in lower case. It
// prints as a [Hash] does.
type UUID[K any] [16]byte

type (
	roomKind    struct{}
	accessKind  struct{}
	senderKind  struct{}
	gateKind    struct{}
	tokenKind   struct{}
	roomIDKind  struct{}
	messageKind struct{}
)

// The identifiers of std-1.
type (
	// RoomHash names a room: in std-1 it is derived from the number alone, in
	// sotto-2 from the code.
	RoomHash = Hash[roomKind]
	// AccessHash is what a seat is known by; it is derived from number or code,
	// and PIN.
	AccessHash = Hash[accessKind]
	// SenderHash marks the author of a message.
	SenderHash = Hash[senderKind]
	// GateHash is the hash of a pairing code (otp_hash).
	GateHash = Hash[gateKind]
	// ResumeToken lets a seat's holder back in while the room is locked. It is
	// random, not a hash, but has the same size and form.
	ResumeToken = Hash[tokenKind]
	// RoomID is the random id of one life of a room.
	RoomID = UUID[roomIDKind]
	// MessageID is the random id of one message.
	MessageID = UUID[messageKind]
)

// ParseHash reads 64 lower-case hex digits: ParseHash[RoomHash](s).
func ParseHash[H ~[32]byte](s string) (h H, ok bool) {
	ok = parseHash(&h, []byte(s))
	return h, ok
}

// parseHash writes to h, which is zero and stays so if it fails.
func parseHash[H ~[32]byte](h *H, s []byte) bool {
	b := (*h)[:]
	if len(s) != 2*len(b) || bytes.ContainsAny(s, "ABCDEF") {
		return false
	}
	if _, err := hex.Decode(b, s); err != nil {
		clear(b)
		return false
	}
	return true
}

// Append adds the wire form to dst.
func (h *Hash[K]) Append(dst []byte) []byte { return hex.AppendEncode(dst, h[:]) }

// Reveal returns the wire form as a string. It is for clients, which own what
// they reveal; the relay never calls it.
func (h Hash[K]) Reveal() string { return hex.EncodeToString(h[:]) }

// Equal compares in constant time.
func (h *Hash[K]) Equal(o *Hash[K]) bool { return subtle.ConstantTimeCompare(h[:], o[:]) == 1 }

// NewUUID makes a version-4 UUID of 16 random bytes: NewUUID[MessageID](random).
func NewUUID[U ~[16]byte](random *[16]byte) U {
	u := U(*random)
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

// uuidDigits is where the digits of each byte stand.
var uuidDigits = [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// ParseUUID reads the 8-4-4-4-12 form, its digits in either case:
// ParseUUID[RoomID](s). The version is not looked at.
func ParseUUID[U ~[16]byte](s string) (U, bool) { return parseUUID[U]([]byte(s)) }

func parseUUID[U ~[16]byte](s []byte) (u U, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	for i, at := range uuidDigits {
		hi, lo := hexDigit(s[at]), hexDigit(s[at+1])
		if hi > 15 || lo > 15 {
			return U{}, false
		}
		u[i] = hi<<4 | lo
	}
	return u, true
}

// Append adds the wire form to dst.
func (u *UUID[K]) Append(dst []byte) []byte {
	dst = hex.AppendEncode(dst, u[0:4])
	dst = append(dst, '-')
	dst = hex.AppendEncode(dst, u[4:6])
	dst = append(dst, '-')
	dst = hex.AppendEncode(dst, u[6:8])
	dst = append(dst, '-')
	dst = hex.AppendEncode(dst, u[8:10])
	dst = append(dst, '-')
	return hex.AppendEncode(dst, u[10:16])
}

// Reveal returns the wire form as a string, for clients.
func (u UUID[K]) Reveal() string { return string(u.Append(make([]byte, 0, 36))) }

// hexDigit returns the value of a hex digit in either case, or 255.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
