package relay_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What breaks RFC 6455 ends that socket alone.
func TestHostile_BreaksTheProtocol(t *testing.T) {
	text := []byte(`{"event":"expire_room","ref":"1"}`)
	unmasked := append([]byte{finBit | opText, byte(len(text))}, text...)
	for name, tt := range map[string]struct {
		bytes []byte
		code  int // of the close frame, 0 for none
	}{
		"unmasked frame":          {unmasked, 0},
		"reserved bit":            {frameBytes(finBit|rsv1Bit|opText, text), 1002},
		"reserved opcode":         {frameBytes(finBit|0x3, text), 1002},
		"continuation of nothing": {frameBytes(finBit|opContinuation, text), 1002},
		"a size with the top bit": {append([]byte{finBit | opText, 0xff}, bytes.Repeat([]byte{0xff}, 12)...), 0},
		"HTTP again":              {[]byte(handshakeText(roomPath("room"))), 1002},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				a, b := w.couple("room")
				bad := w.dialWith("room", dialOptions{lines: []string{"Sec-WebSocket-Extensions: permessage-deflate"}})
				bad.join(ann)
				bad.write(tt.bytes)
				m := bad.next(10 * time.Second)
				if !m.ended || m.code != tt.code {
					t.Errorf("got %+v; want the end with %d", m, tt.code)
				}
				if strings.Contains(m.reason, "expire") {
					t.Errorf("the reason %q repeats what was sent", m.reason)
				}
				synctest.Wait()
				a.silent()
				b.silent()
				a.sends(b)
				want(t, "connections", w.metric("sotto_connections", ""), 2.0)
				want(t, "lost", w.metric("sotto_connections_closed_total", "lost"), 1.0)
			})
		})
	}
}

// One frame that comes byte by byte may take a minute, no longer.
func TestHostile_SlowUpload(t *testing.T) {
	for name, tt := range map[string]struct {
		pause time.Duration
		good  bool
	}{
		"in time":  {500 * time.Millisecond, true},
		"too slow": {2 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				a, b := w.couple("room")
				for _, c := range []byte(textFrame(`{"event":"redeem_extension","ref":"1","x":"` + strings.Repeat("x", 60) + `"}`)) {
					a.write([]byte{c})
					time.Sleep(tt.pause)
				}
				if tt.good {
					a.refusedFor("1", "monetization_disabled")
					time.Sleep(2 * time.Minute) // and that time is over for good
					a.sends(b)
					return
				}
				if m := a.next(within); !m.ended {
					t.Errorf("got %+v; want the end", m)
				}
				b.silent()
				want(t, "connections", w.metric("sotto_connections", ""), 1.0)
			})
		})
	}
}

// A socket that closes can't be kept open by what its peer goes on sending.
func TestHostile_StallsTheClosingHandshake(t *testing.T) {
	half := textFrame(`{"event":"typing","x":"` + strings.Repeat("x", 300) + `"}`)
	for name, tt := range map[string]struct {
		before []byte
		then   func(c *client)
	}{
		"half a frame, then nothing": {half[:100], func(*client) {}},
		"half a frame, then the rest, then a huge one": {half[:100], func(c *client) {
			time.Sleep(time.Second)
			c.write(append(half[100:len(half):len(half)], frameHeader(finBit|opText, 1<<40)...))
		}},
		"frame after frame": {nil, func(c *client) {
			for range 100 {
				c.write(half)
				time.Sleep(200 * time.Millisecond)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				a, bad := w.couple("room")
				bad.answered.Store(true) // never answers a close frame
				bad.write(tt.before)
				synctest.Wait()
				began := time.Now()
				a.ok(a.post("expire_room", nil))
				tt.then(bad)
				time.Sleep(time.Until(began.Add(10*time.Second + time.Millisecond)))
				want(t, "connections", w.metric("sotto_connections", ""), 0.0)
				want(t, "closed", w.metric("sotto_connections_closed_total", "1000"), 2.0)
			})
		})
	}
}

// Whatever floods in, memory does not grow with it.
func TestHostile_MemoryIsBounded(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		garbage := textFrame(strings.Repeat(`{"a":[`, 3000))
		replies := 0
		before := heap()
		for range 50 {
			a.write(bytes.Repeat(garbage, 10)) // 180 kB
			for range 10 {
				a.next(within)
				replies++
			}
		}
		if grown := int64(heap()) - int64(before); grown > 1<<20 {
			t.Errorf("the heap grew by %d bytes with 9 MB of garbage", grown)
		}
		b.silent()
		a.sends(b)
	})
}

// heap is what is in use, without what pools have put by: that goes with the
// second collection.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
