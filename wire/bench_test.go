package wire_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"sotto/wire"
)

// The sizes of a short message and of the longest one allowed.
var benchSizes = []int{200, maxCiphertext}

func BenchmarkReadRequest(b *testing.B) {
	for _, size := range benchSizes {
		frame := wire.AppendRequest(nil, &wire.Request{
			Event: wire.EventSend, Ref: wire.NewRef("17"), Ciphertext: make([]byte, size),
		})
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			buffers := newBuffers()
			r := bytes.NewReader(nil)
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(frame)
				req, err := buffers.ReadRequest(r, maxCiphertext)
				if err != nil || req.Fault != "" {
					b.Fatal("a good frame was refused")
				}
				req.Release()
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			buffers := newBuffers()
			r := newMessage(size)
			buf := buffers.Encode(r)
			b.SetBytes(int64(len(buf.Bytes())))
			buf.Release()
			b.ReportAllocs()
			for b.Loop() {
				buffers.Encode(r).Release()
			}
		})
	}
}

func newMessage(size int) *wire.Response {
	return &wire.Response{
		Event: wire.EventNewMessage,
		Message: &wire.Message{
			Ciphertext: make([]byte, size),
			InsertedAt: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC),
		},
	}
}
