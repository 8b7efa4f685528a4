package relay

import (
	"bytes"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"
)

// rawFrame is a frame as it travels, of zeros.
func rawFrame(first byte, size int, masked bool) []byte {
	b := []byte{first, 0}
	switch {
	case size < 126:
		b[1] = byte(size)
	case size < 1<<16:
		b[1] = 126
		b = binary.BigEndian.AppendUint16(b, uint16(size))
	default:
		b[1] = 127
		b = binary.BigEndian.AppendUint64(b, uint64(size))
	}
	if masked {
		b[1] |= 0x80
		b = append(b, 0xff, 0xff, 0xff, 0xff)
	}
	return append(b, make([]byte, size)...)
}

// However a stream is cut, the frames in it are counted.
func TestFrameMeter(t *testing.T) {
	var stream []byte
	frames := 0
	for _, size := range []int{0, 0, 1, 5, 124, 125, 126, 127, 0, 300, 65535, 65536, 0, 2} {
		for _, masked := range []bool{true, false} {
			stream = append(stream, rawFrame(0x82, size, masked)...)
			frames++
		}
	}
	for _, cut := range []int{1, 2, 3, 5, 7, 13, 14, 512, 4096, len(stream)} {
		var m frameMeter
		counted := 0
		for rest := stream; len(rest) > 0; {
			n := min(cut, len(rest))
			counted += m.count(rest[:n])
			rest = rest[n:]
		}
		if counted != frames || m.have != 0 || m.skip != 0 {
			t.Errorf("in pieces of %d: %d frames and %d+%d bytes over; want %d", cut, counted, m.have, m.skip, frames)
		}
	}
}

func TestIntake(t *testing.T) {
	const each = time.Second / 50
	empty := func(n int) (b []byte) {
		for range n {
			b = append(b, rawFrame(0x82, 0, true)...)
		}
		return b
	}
	for name, tt := range map[string]struct {
		took []byte
		wait time.Duration
	}{
		"nothing":                  {nil, 0},
		"as many as may at once":   {empty(50), 0},
		"one more":                 {empty(51), each},
		"ten more":                 {empty(60), 10 * each},
		"never longer than pauses": {empty(1000), time.Second},
		"pings count more":         {bytes.Repeat(rawFrame(0x89, 0, true), 11), 5 * each},
		"so do pongs":              {append(empty(46), rawFrame(0x8a, 0, true)...), each},
		"a frame of 8 KiB is two":  {append(empty(49), rawFrame(0x82, 8192, true)...), each},
		"a frame without end":      {rawFrame(0x82, 51*8192, true)[:51*8192], 2 * each},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := intake{each: frameCost(50)}
				in.took(tt.took)
				if got := in.pace.wait(); got != tt.wait {
					t.Errorf("wait = %v; want %v", got, tt.wait)
				}
				time.Sleep(time.Hour)
				in.rest, in.meter = 0, frameMeter{}
				in.took(empty(60))
				if got := in.pace.wait(); got != 10*each {
					t.Errorf("after an hour of silence, wait = %v; want no more and no less than at the start", got)
				}
			})
		})
	}
	off := intake{each: frameCost(-1)}
	off.took(empty(100_000))
	if off.pace.wait() != 0 {
		t.Error("one that is off makes wait")
	}
}
