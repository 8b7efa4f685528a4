package wire_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"sotto/wire"
)

const maxCiphertext = 64 << 10

// Wire forms of identifiers, all different.
var (
	senderHex  = strings.Repeat("5e", 32)
	accessHex  = strings.Repeat("ac", 32)
	otpHex     = strings.Repeat("07", 32)
	resumeHex  = strings.Repeat("4e", 32)
	messageHex = "0e55a6e0-1111-4111-8111-0123456789ab"
	roomIDHex  = "400151d0-2222-4222-9222-fedcba987654"
)

func newBuffers() *wire.Buffers { return wire.NewBuffers(4 * maxCiphertext) }

func hash[H ~[32]byte](t testing.TB, s string) H {
	t.Helper()
	h, ok := wire.ParseHash[H](s)
	if !ok {
		t.Fatal("not a hash")
	}
	return h
}

func uuid[U ~[16]byte](t testing.TB, s string) U {
	t.Helper()
	u, ok := wire.ParseUUID[U](s)
	if !ok {
		t.Fatal("not a UUID")
	}
	return u
}

func nonce(t testing.TB, s string) wire.Nonce {
	t.Helper()
	n, ok := wire.ParseNonce(s)
	if !ok {
		t.Fatal("not a nonce")
	}
	return n
}

// read decodes a frame and copies the request, so that the buffer is back when
// it returns.
func read(t testing.TB, frame string) (wire.Request, error) {
	t.Helper()
	b := newBuffers()
	req, err := b.ReadRequest(strings.NewReader(frame), maxCiphertext)
	var got wire.Request
	if err == nil {
		got = owned(req)
		req.Release()
	}
	if n := b.Live(); n != 0 {
		t.Fatalf("%d buffers are still out", n)
	}
	return got, err
}

// owned returns a copy of req that outlives its buffer.
func owned(req *wire.Request) wire.Request {
	return wire.Request{
		Event:      req.Event,
		Ref:        req.Ref,
		Fault:      req.Fault,
		Join:       req.Join,
		Gate:       req.Gate,
		MessageID:  req.MessageID,
		Ciphertext: bytes.Clone(req.Ciphertext),
		IV:         req.IV,
		Nonce:      req.Nonce,
		Replaces:   req.Replaces,
		Hello:      bytes.Clone(req.Hello),
	}
}

// different names the fields in which two requests, or two responses, differ.
func different[T any](a, b *T) (fields []string) {
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range x.NumField() {
		if f := x.Type().Field(i); f.IsExported() && !same(x.Field(i).Interface(), y.Field(i).Interface()) {
			fields = append(fields, f.Name)
		}
	}
	return fields
}

func same(a, b any) bool {
	switch x := a.(type) {
	case []byte:
		return bytes.Equal(x, b.([]byte))
	case time.Time:
		return x.Equal(b.(time.Time))
	case *wire.Message:
		y := b.(*wire.Message)
		return x == y || x != nil && y != nil && different(x, y) == nil
	case *wire.Joined:
		y := b.(*wire.Joined)
		return x == y || x != nil && y != nil && different(x, y) == nil
	}
	return a == b
}
