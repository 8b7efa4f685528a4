package wire_test

import (
	"bytes"
	"encoding/hex"
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

// FuzzReadRequest feeds garbage to the relay's decoder and holds every verdict
// against the oracle.
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
			if field := want.disagreement(req); field != "" {
				t.Errorf("the oracle disagrees about %s", field)
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

// source deals out the bytes of a fuzzed input, and zeros behind its end.
type source []byte

func (s *source) fill(dst []byte) {
	n := copy(dst, *s)
	*s = (*s)[n:]
}

func take[H ~[32]byte](s *source) (h H) {
	var b [32]byte
	s.fill(b[:])
	return H(b)
}

func takeUUID[U ~[16]byte](s *source) (u U) {
	var b [16]byte
	s.fill(b[:])
	return U(b)
}

func (s *source) iv() (iv [wire.IVSize]byte) {
	s.fill(iv[:])
	return iv
}

func (s *source) gate(present, valid bool) (g wire.Gate) {
	if g.Present = present; present && valid {
		g.Valid, g.Hash = true, take[wire.GateHash](s)
	}
	return g
}

// fuzzedRef returns no ref for what cannot be one.
func fuzzedRef(s string) (r wire.Ref) {
	defer func() { _ = recover() }()
	return wire.NewRef(s)
}

func bit(flags uint16, n int) bool { return flags>>n&1 == 1 }

// FuzzRequestRoundTrip encodes what a client can mean and reads it again.
func FuzzRequestRoundTrip(f *testing.F) {
	b := newBuffers()
	f.Fuzz(func(t *testing.T, event uint8, ref string, flags uint16, ids, ciphertext []byte) {
		s := source(ids)
		if len(ciphertext) > maxCiphertext {
			ciphertext = ciphertext[:maxCiphertext]
		}
		in := &wire.Request{Event: wire.EventJoin + wire.Event(event%10), Ref: fuzzedRef(ref)}
		switch in.Event {
		case wire.EventJoin:
			in.Join = wire.Join{
				Access: take[wire.AccessHash](&s),
				Sender: take[wire.SenderHash](&s),
				Gate:   s.gate(bit(flags, 0), bit(flags, 1)),
				Intent: wire.Intent(flags >> 2 % 3),
				RoomID: takeUUID[wire.RoomID](&s),
				Ext:    bit(flags, 4),
			}
			if in.Join.HasResume = bit(flags, 5); in.Join.HasResume {
				in.Join.Resume = take[wire.ResumeToken](&s)
			}
		case wire.EventSend:
			in.Ciphertext, in.IV = ciphertext, s.iv()
			if bit(flags, 0) {
				digits := take[wire.GateHash](&s)
				in.Nonce = nonce(t, hex.EncodeToString(digits[:])[:16+flags>>8%49])
			}
			if in.Replaces.Set = bit(flags, 1); in.Replaces.Set && bit(flags, 2) {
				in.Replaces.Message, in.Replaces.ID = true, takeUUID[wire.MessageID](&s)
			}
			if in.Replaces.HasIV = bit(flags, 3); in.Replaces.HasIV {
				in.Replaces.IV = s.iv()
			}
		case wire.EventEdit:
			in.Ciphertext, in.IV, in.MessageID = ciphertext, s.iv(), takeUUID[wire.MessageID](&s)
		case wire.EventRead, wire.EventDelete:
			in.MessageID = takeUUID[wire.MessageID](&s)
		case wire.EventResetPairing:
			in.Gate = s.gate(bit(flags, 0), bit(flags, 1))
		case wire.EventHello:
			in.Hello = hello(ciphertext)
		}
		frame := wire.AppendRequest(nil, in)
		if v := verdictOf(frame); !v.good {
			t.Error("what was encoded is no frame to the oracle")
		}
		out, err := b.ReadRequest(bytes.NewReader(frame), maxCiphertext)
		if err != nil {
			t.Fatal(err)
		}
		if fields := different(in, out); fields != nil {
			t.Errorf("different in %v; fault is %q", fields, out.Fault)
		}
		out.Release()
		if n := b.Live(); n != 0 {
			t.Errorf("%d buffers are out at the end", n)
		}
	})
}

// hello cuts b to what a hello may be, and makes one of nothing.
func hello(b []byte) []byte {
	return append(b[:min(len(b), wire.MaxHello)], 0)[:max(1, min(len(b), wire.MaxHello))]
}

// microtime returns a time of the years 1 to 9999, as precise as the wire.
func microtime(n int64) time.Time {
	const span = 315_537_897_599 // seconds from year 1 to year 9999
	seconds := n / 1e6 % span
	if seconds < 0 {
		seconds += span
	}
	const year1 = -62_135_596_800 // in seconds since 1970
	return time.Unix(year1+seconds, max(n%1e6, 0)*1000).UTC()
}

// FuzzResponseRoundTrip encodes what a relay can mean and decodes it again.
func FuzzResponseRoundTrip(f *testing.F) {
	b := newBuffers()
	f.Fuzz(func(t *testing.T, kind uint8, ref string, flags uint16, at int64, ids, ciphertext []byte) {
		s := source(ids)
		message := func() *wire.Message {
			m := &wire.Message{
				ID: takeUUID[wire.MessageID](&s), Sender: take[wire.SenderHash](&s), IV: s.iv(),
				Ciphertext: ciphertext, InsertedAt: microtime(at),
			}
			if bit(flags, 0) {
				m.ReadAt = microtime(at / 3)
			}
			return m
		}
		var in wire.Response
		switch kind % 16 {
		case 0:
		case 1:
			in.MessageID = takeUUID[wire.MessageID](&s)
		case 2:
			in.Joined = &wire.Joined{
				RoomID: takeUUID[wire.RoomID](&s), TTLExpiresAt: microtime(at), AwaitingParty: bit(flags, 1),
				Resume: take[wire.ResumeToken](&s),
			}
			if bit(flags, 2) {
				in.Joined.Message = message()
			}
			if in.Joined.HasSender = bit(flags, 3); in.Joined.HasSender {
				in.Joined.Sender = take[wire.SenderHash](&s)
			}
		case 3:
			in.Reason = reasons[int(flags)%len(reasons)]
			in.AttemptsRemaining = int(flags) >> 8
			in.RetryAfter = time.Duration(uint32(at)>>1) * time.Second
		case 4:
			in.Event, in.Message = wire.EventNewMessage, message()
		case 5:
			in.Event, in.MessageID = wire.EventMessageRead, takeUUID[wire.MessageID](&s)
			in.Message = &wire.Message{ReadAt: microtime(at)}
		case 6:
			in.Event, in.MessageID = wire.EventMessageEdited, takeUUID[wire.MessageID](&s)
			in.Message = &wire.Message{Ciphertext: ciphertext, IV: s.iv()}
		case 7:
			in.Event, in.MessageID = wire.EventMessageDeleted, takeUUID[wire.MessageID](&s)
		case 8:
			in.Event = wire.EventCounterpartyTyping
		case 9:
			in.Event = wire.EventRoomExpired
		case 10:
			in.Event, in.TTLExpiresAt = wire.EventPartyPaired, microtime(at)
		case 11:
			in.Event, in.Connected = wire.EventPresence, bit(flags, 1)
		case 12:
			in.Hello = hello(ciphertext)
		case 13:
			in.Event, in.Hello = wire.EventHello, hello(ciphertext)
		case 14:
			in.Event, in.TTLExpiresAt = wire.EventTTLExtended, microtime(at)
		case 15:
			in.Event, in.RetryAfter = wire.EventRestarting, time.Duration(flags)*time.Second
		}
		if in.Event == wire.EventNone {
			if in.Ref = fuzzedRef(ref); !in.Ref.Set() {
				in.Ref = wire.FrameRef
			}
		}
		buf := b.Encode(&in)
		var out wire.Response
		if err := wire.DecodeResponse(buf.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		if fields := differentResponse(&in, &out); fields != nil {
			t.Errorf("different in %v", fields)
		}
		if !isFrame(buf.Bytes()) {
			t.Error("what was encoded is no frame to the oracle")
		}
		buf.Release()
		if n := b.Live(); n != 0 {
			t.Errorf("%d buffers are out at the end", n)
		}
	})
}

// FuzzDecodeResponse feeds garbage to the client's decoder. What it takes is
// encoded and decoded to the same again.
func FuzzDecodeResponse(f *testing.F) {
	b := wire.NewBuffers(fuzzLimit)
	f.Fuzz(func(t *testing.T, frame []byte) {
		var first, second wire.Response
		if err := wire.DecodeResponse(frame, &first); err != nil {
			if !errors.Is(err, wire.ErrFrame) || differentResponse(&first, &wire.Response{}) != nil {
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
		if fields := differentResponse(&first, &second); fields != nil {
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
