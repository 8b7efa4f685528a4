package wire_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"time"

	"sotto/wire"
)

const (
	// Small, so that the fuzzer gets over it.
	fuzzCiphertext = 1024
	fuzzLimit      = 4 * fuzzCiphertext
)

// FuzzReadRequest feeds garbage to the relay's decoder. What is a frame the oracle
// says, and what was read is the same when it is sent once more.
func FuzzReadRequest(f *testing.F) {
	for _, frames := range []map[string]string{goodFrames, badFrames} {
		for _, frame := range frames {
			f.Add([]byte(frame))
		}
	}
	b := wire.NewBuffers(fuzzLimit)
	f.Fuzz(func(t *testing.T, frame []byte) {
		var before, after runtime.MemStats
		r := bytes.NewReader(frame)
		runtime.ReadMemStats(&before)
		req, err := b.ReadRequest(r, fuzzCiphertext)
		runtime.ReadMemStats(&after)
		// Both buffers, and 16 KiB for a request and the keys.
		if used := after.TotalAlloc - before.TotalAlloc; used > fuzzLimit+smallBuffer+16<<10 {
			t.Errorf("allocated %d bytes for a frame of %d", used, len(frame))
		}
		want := verdictOf(frame)
		switch {
		case len(frame) > fuzzLimit:
			if !errors.Is(err, wire.ErrTooBig) {
				t.Errorf("%d bytes, and the error is %v", len(frame), err)
			}
		case err != nil:
			if !errors.Is(err, wire.ErrFrame) || want.good {
				t.Errorf("error %v for what the oracle calls good: %v", err, want.good)
			}
		case !want.good:
			t.Error("no error for what the oracle calls bad")
		default:
			if req.Event != want.event || req.Ref != want.ref {
				t.Error("the oracle disagrees about event or ref")
			}
			again(t, b, req)
		}
		if err == nil {
			req.Release()
		}
		if n := b.Live(); n != 0 {
			t.Errorf("%d buffers are out at the end", n)
		}
	})
}

// again sends a request that was read once more and reads the same.
func again(t *testing.T, b *wire.Buffers, req *wire.Request) {
	t.Helper()
	if req.Event == wire.EventUnknown || req.Fault != "" {
		return
	}
	echo, err := b.ReadRequest(bytes.NewReader(wire.AppendRequest(nil, req)), fuzzCiphertext)
	if err != nil {
		t.Fatalf("what was read cannot be sent: %v", err)
	}
	defer echo.Release()
	if fields := different(req, echo); fields != nil {
		t.Errorf("what was read is sent as something else: %v", fields)
	}
}

// FuzzDecodeResponse feeds garbage to the client's decoder. What it takes is
// encoded and decoded to the same again.
func FuzzDecodeResponse(f *testing.F) {
	b := wire.NewBuffers(fuzzLimit)
	f.Fuzz(func(t *testing.T, frame []byte) {
		var first, second wire.Response
		if err := wire.DecodeResponse(frame, &first); err != nil {
			if !errors.Is(err, wire.ErrFrame) || different(&first, &wire.Response{}) != nil {
				t.Errorf("failed with %v or left something", err)
			}
			return
		}
		if !isFrame(frame) {
			t.Error("no error for what the oracle calls bad")
		}
		if first.Event == wire.EventUnknown {
			return
		}
		buf := b.Encode(&first)
		defer buf.Release()
		if err := wire.DecodeResponse(buf.Bytes(), &second); err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		truncateTimes(&first)
		if fields := different(&first, &second); fields != nil {
			t.Errorf("what was decoded is encoded as something else: %v", fields)
		}
	})
}

// truncateTimes leaves the precision that is encoded.
func truncateTimes(r *wire.Response) {
	r.TTLExpiresAt = r.TTLExpiresAt.Truncate(time.Microsecond)
	m := r.Message
	if r.Joined != nil {
		r.Joined.TTLExpiresAt = r.Joined.TTLExpiresAt.Truncate(time.Microsecond)
		m = r.Joined.Message
	}
	if m != nil {
		m.InsertedAt = m.InsertedAt.Truncate(time.Microsecond)
		m.ReadAt = m.ReadAt.Truncate(time.Microsecond)
	}
}
