package wire_test

import (
	"bytes"
	"testing"
	"time"

	"sotto/relay/wire"
)

const maxCiphertext = 8192

func newBuffers() *wire.Buffers { return wire.NewBuffers(4 * maxCiphertext) }

func TestRequestRoundTrip(t *testing.T) {
	t.Parallel()
	b := newBuffers()
	sealed := bytes.Repeat([]byte{0, 1, 2, 253}, 2048)
	in := &wire.Request{
		Event:      wire.EventSend,
		Ref:        wire.NewRef("a\"\\b\n\x00é\u2028<"),
		Ciphertext: sealed,
		IV:         [wire.IVSize]byte{1, 2, 3},
		Replaces:   wire.Replaces{Set: true},
	}
	out, err := b.ReadRequest(bytes.NewReader(wire.AppendRequest(nil, in)), maxCiphertext)
	if err != nil {
		t.Fatal(err)
	}
	if out.Event != in.Event || out.Ref != in.Ref || out.Fault != "" ||
		!bytes.Equal(out.Ciphertext, sealed) || out.IV != in.IV || out.Replaces != in.Replaces {
		t.Errorf("decoded a different request: event %v, ref %q, fault %q", out.Event, out.Ref.Text(), out.Fault)
	}
	out.Release()
	if n := b.Live(); n != 0 {
		t.Errorf("%d buffers are still out", n)
	}
}

func TestResponseRoundTrip(t *testing.T) {
	t.Parallel()
	b := newBuffers()
	at := time.Date(2026, 7, 1, 12, 0, 0, 123456000, time.UTC)
	in := &wire.Response{
		Ref: wire.NewRef("7"),
		Joined: &wire.Joined{
			RoomID:       wire.RoomID{1},
			TTLExpiresAt: at,
			Resume:       wire.ResumeToken{9},
		},
	}
	buf := b.Encode(in)
	defer buf.Release()
	var out wire.Response
	if err := wire.DecodeResponse(buf.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	if out.Joined == nil || *out.Joined != *in.Joined || out.Ref != in.Ref {
		t.Error("decoded a different response")
	}
}
