package wire

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"
)

// value is one scanned JSON value. Text is the unescaped content of a string,
// or a number or boolean as written; it points into the frame. Of arrays and
// objects only the kind is kept.
type value struct {
	kind kind
	text []byte
}

// kind is the type of a JSON value.
type kind uint8

const (
	kindAbsent kind = iota
	kindNull
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// none reports whether v is absent or null, which is the same but for replaces.
func (v value) none() bool { return v.kind == kindAbsent || v.kind == kindNull }

// noneOr reports whether v is absent, null or of kind k.
func (v value) noneOr(k kind) bool { return v.none() || v.kind == k }

// strict takes no bits behind the end.
var strict = base64.StdEncoding.Strict()

// base64 decodes a string where it stands. It takes the one spelling an encoder
// writes and no other: line breaks even strict skips.
func (v value) base64() ([]byte, bool) {
	if v.kind != kindString || bytes.IndexByte(v.text, '\n') >= 0 || bytes.IndexByte(v.text, '\r') >= 0 {
		return nil, false
	}
	n, err := strict.Decode(v.text, v.text)
	return v.text[:n:n], err == nil
}

// hashValue writes to h, which it clears first: a copy that is returned would
// stay on the stack.
func hashValue[H ~[32]byte](h *H, v value) bool {
	*h = H{}
	return v.kind == kindString && parseHash(h, v.text)
}

func uuidValue[U ~[16]byte](v value) (U, bool) {
	if v.kind != kindString {
		return U{}, false
	}
	return parseUUID[U](v.text)
}

// messageIDValue returns the zero id for anything but a UUID.
func messageIDValue(v value) MessageID {
	id, _ := uuidValue[MessageID](v)
	return id
}

// ivValue decodes in place.
func ivValue(v value) (iv [IVSize]byte, ok bool) {
	decoded, ok := v.base64()
	if !ok || len(decoded) != IVSize {
		return iv, false
	}
	return [IVSize]byte(decoded), true
}

// helloValue decodes in place.
func helloValue(v value) ([]byte, Reason) {
	hello, ok := v.base64()
	switch {
	case !ok || len(hello) == 0:
		return nil, ReasonInvalidEncoding
	case len(hello) > MaxHello:
		return nil, ReasonTooLarge
	}
	return hello, ""
}

func nonceValue(v value) (Nonce, bool) {
	if v.kind != kindString {
		return Nonce{}, false
	}
	return parseNonce(v.text)
}

func gateValue(v value) Gate {
	if v.none() {
		return Gate{}
	}
	g := Gate{Present: true}
	g.Valid = hashValue(&g.Hash, v)
	return g
}

// isOne reports whether a JSON number is 1 as a double, in whatever spelling
// of up to 32 bytes: more would have to be copied to the heap.
func isOne(number []byte) bool {
	if len(number) > 32 {
		return false
	}
	f, err := strconv.ParseFloat(string(number), 64)
	return err == nil && f == 1
}

// timeValue reads an RFC 3339 time of any zone and precision, as UTC, where it
// must still have a year of four digits.
func timeValue(v value) (t time.Time, ok bool) {
	if v.kind != kindString || t.UnmarshalText(v.text) != nil {
		return time.Time{}, false
	}
	t = t.UTC()
	return t, 0 <= t.Year() && t.Year() <= 9999
}

func boolValue(v value) (is, ok bool) {
	return string(v.text) == "true", v.kind == kindBool
}

// countValue reads a whole number from 0 to 1<<31-1; an absent one is 0.
func countValue(v value) (n int, ok bool) {
	if v.none() {
		return 0, true
	}
	if v.kind != kindNumber {
		return 0, false
	}
	wide, err := strconv.ParseUint(string(v.text), 10, 31)
	return int(wide), err == nil
}
