//go:build !race

// With the race detector sync.Pool forgets on purpose.

package wire_test

import (
	"bytes"
	"testing"

	"sotto/wire"
)

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	b := newBuffers()
	long := bytes.Repeat([]byte{0xff}, maxCiphertext)
	frames := map[string][]byte{
		"short": wire.AppendRequest(nil, &wire.Request{
			Event: wire.EventSend, Ref: wire.NewRef("17"), Ciphertext: long[:200],
			Nonce: nonce(t, otpHex), Replaces: wire.Replaces{Set: true, Message: true},
		}),
		"longest":  wire.AppendRequest(nil, &wire.Request{Event: wire.EventSend, Ciphertext: long}),
		"escaped":  []byte(`{"\u0065vent":"typ\u0069ng","ref":"\ud83d\ude00"}`),
		"refused":  []byte(`{"event":"typing","ref":1}`),
		"with ext": []byte(`{"event":"join","data":` + goodJoin().with("ext", "1.0").String() + `}`),
	}
	for name, frame := range frames {
		r := bytes.NewReader(nil)
		if n := testing.AllocsPerRun(200, func() {
			r.Reset(frame)
			if req, err := b.ReadRequest(r, maxCiphertext); err == nil {
				req.Release()
			}
		}); n != 0 {
			t.Errorf("reading a frame (%s) allocates %v times", name, n)
		}
	}
	for _, size := range []int{0, 200, maxCiphertext} {
		response := newMessage(size)
		if n := testing.AllocsPerRun(200, func() { b.Encode(response).Release() }); n != 0 {
			t.Errorf("encoding %d bytes of ciphertext allocates %v times", size, n)
		}
		request := &wire.Request{Event: wire.EventSend, Ciphertext: long[:size]}
		frame := wire.AppendRequest(nil, request)
		if n := testing.AllocsPerRun(200, func() { frame = wire.AppendRequest(frame[:0], request) }); n != 0 {
			t.Errorf("encoding a request of %d bytes allocates %v times", size, n)
		}
	}
}

func newMessage(size int) *wire.Response {
	return &wire.Response{Event: wire.EventNewMessage, Message: &wire.Message{Ciphertext: make([]byte, size), InsertedAt: insertedAt}}
}
