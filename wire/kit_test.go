package wire_test

import (
	"bytes"
	"strings"
	"testing"

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

// different names the fields in which two requests differ.
func different(a, b *wire.Request) (fields []string) {
	for name, same := range map[string]bool{
		"Event":      a.Event == b.Event,
		"Ref":        a.Ref == b.Ref,
		"Fault":      a.Fault == b.Fault,
		"Join":       a.Join == b.Join,
		"Gate":       a.Gate == b.Gate,
		"MessageID":  a.MessageID == b.MessageID,
		"Ciphertext": bytes.Equal(a.Ciphertext, b.Ciphertext),
		"IV":         a.IV == b.IV,
		"Nonce":      a.Nonce == b.Nonce,
		"Replaces":   a.Replaces == b.Replaces,
		"Hello":      bytes.Equal(a.Hello, b.Hello),
	} {
		if !same {
			fields = append(fields, name)
		}
	}
	return fields
}

// differentResponse names the fields in which two responses differ.
func differentResponse(a, b *wire.Response) (fields []string) {
	for name, same := range map[string]bool{
		"Event":             a.Event == b.Event,
		"Ref":               a.Ref == b.Ref,
		"Reason":            a.Reason == b.Reason,
		"AttemptsRemaining": a.AttemptsRemaining == b.AttemptsRemaining,
		"RetryAfter":        a.RetryAfter == b.RetryAfter,
		"Joined":            sameJoined(a.Joined, b.Joined),
		"MessageID":         a.MessageID == b.MessageID,
		"Message":           sameMessage(a.Message, b.Message),
		"TTLExpiresAt":      a.TTLExpiresAt.Equal(b.TTLExpiresAt),
		"Connected":         a.Connected == b.Connected,
		"Hello":             bytes.Equal(a.Hello, b.Hello),
	} {
		if !same {
			fields = append(fields, name)
		}
	}
	return fields
}

func sameJoined(a, b *wire.Joined) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.RoomID == b.RoomID && a.TTLExpiresAt.Equal(b.TTLExpiresAt) && a.AwaitingParty == b.AwaitingParty &&
		a.Resume == b.Resume && a.Sender == b.Sender && a.HasSender == b.HasSender && sameMessage(a.Message, b.Message)
}

func sameMessage(a, b *wire.Message) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.ID == b.ID && a.Sender == b.Sender && bytes.Equal(a.Ciphertext, b.Ciphertext) && a.IV == b.IV &&
		a.InsertedAt.Equal(b.InsertedAt) && a.ReadAt.Equal(b.ReadAt)
}
