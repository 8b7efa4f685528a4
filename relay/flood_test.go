package relay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotto/relay"
)

// Whatever a socket sends without end, the relay reads so much of it and no
// more, and nobody else notices.
func TestFlood_IsReadLater(t *testing.T) {
	emptyFragment := frameBytes(opContinuation, nil)
	for name, tt := range map[string]struct {
		unjoined bool
		first    []byte
		frame    []byte
	}{
		"pings":             {frame: frameBytes(finBit|opPing, nil)},
		"pongs":             {frame: frameBytes(finBit|opPong, nil)},
		"empty fragments":   {first: frameBytes(opText, nil), frame: emptyFragment},
		"tiny fragments":    {first: frameBytes(opText, nil), frame: frameBytes(opContinuation, []byte(" "))},
		"empty frames":      {frame: textFrame("")},
		"binary frames":     {frame: frameBytes(finBit|opBinary, nil)},
		"garbage":           {frame: textFrame(`{"a":[`)},
		"sends":             {frame: textFrame(`{"event":"send_message","data":{"ciphertext":"","iv":"` + iv + `"}}`)},
		"edits":             {frame: textFrame(`{"event":"edit_message","ref":"1","data":{"message_id":"x"}}`)},
		"deletes":           {frame: textFrame(`{"event":"delete_message","ref":"1"}`)},
		"read receipts":     {frame: textFrame(`{"event":"read_receipt"}`)},
		"unknown events":    {frame: textFrame(`{"event":"shout"}`)},
		"not joined":        {unjoined: true, frame: textFrame(`{"event":"typing","ref":"1"}`)},
		"pings, not joined": {unjoined: true, frame: frameBytes(finBit|opPing, nil)},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				a, b := w.couple("room")
				bad := w.dialWith("other", dialOptions{capacity: 1024})
				if !tt.unjoined {
					bad.join(ann)
				}
				bad.write(tt.first)
				var sent atomic.Int64
				go func() {
					for sent.Load() < 100_000 { // or no end of it, should the relay take it all
						if _, err := bad.conn.Write(tt.frame); err != nil {
							return
						}
						sent.Add(1)
					}
				}()
				const seconds = 10
				for range seconds {
					began := time.Now()
					a.sends(b)
					b.sends(a)
					want(t, "time the others took", time.Since(began), time.Duration(0))
					time.Sleep(time.Second)
				}
				// Beside what was read, some lies in buffers on the way.
				most := int64(50+seconds*50+90) + int64(2*1024/len(tt.frame))
				if n := sent.Load(); n < 300 || n > most {
					t.Errorf("%d frames were read in %d seconds; want at most %d", n, seconds, most)
				}
			})
		})
	}
}

// Joins without pause, joined or not, are answered one after another, each after
// its half second. They touch nobody else's seat.
func TestFlood_Joins(t *testing.T) {
	for name, tt := range map[string]struct {
		room   string
		who    person
		answer string
	}{
		"joined, again and again": {"room", ben, `"ok"`},
		"into a new room":         {"other", ben, `"ok"`},
		"with a wrong PIN":        {"room", mole, `"error"`},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				a, b := w.couple("room")
				token := a.join(ann)["resume"]
				bad := w.dial(tt.room)
				join, err := json.Marshal(object{"event": "join", "ref": "1", "data": tt.who.joining()})
				if err != nil {
					t.Fatal(err)
				}
				go bad.flood(textFrame(string(join)))
				answered, others := 0, 0
				for began := time.Now(); time.Since(began) < 10*time.Second; {
					m := bad.next(within)
					if strings.Contains(m.text, tt.answer) {
						answered++
					} else {
						others++ // what the two say to each other
					}
					at := time.Now()
					a.refusedFor(a.post("redeem_extension", nil), "monetization_disabled")
					want(t, "time the others took", time.Since(at), time.Duration(0))
				}
				if answered < 15 || answered > 20 || others != 0 {
					t.Errorf("%d joins were answered in ten seconds, beside %d other frames", answered, others)
				}
				a.sends(b)
				a.leave()
				want(t, "ann's token", w.dial("room").join(ann, "resume", token)["resume"], token)
			})
		})
	}
}

// Nothing is lost by it: who sends fast is answered later, in order.
func TestFlood_IsAnsweredInOrder(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		c := w.dial("room")
		c.join(ann)
		began := time.Now()
		const frames = 1000
		go func() {
			for n := range frames {
				c.write(textFrame(fmt.Sprintf(`{"event":"redeem_extension","ref":"%d"}`, n)))
			}
		}()
		for n := range frames {
			c.refusedFor(fmt.Sprint(n), "monetization_disabled")
		}
		if took := time.Since(began); took < 15*time.Second || took > 30*time.Second {
			t.Errorf("%d answers took %v; want 50 a second, but for those at once", frames, took)
		}
	})
}

// What comes in one segment with the handshake counts, and does not confuse
// the count of what follows.
func TestFlood_BehindTheHandshake(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		ping := frameBytes(finBit|opPing, nil)
		early := append(bytes.Repeat(ping, 50), textFrame(`{"event":"typing","ref":"`+strings.Repeat("1", 60)+`"}`)...)
		half := len(early) - 40
		c := w.dialWith("room", dialOptions{first: early[:half]})
		want(t, "pauses", w.metric("sotto_rate_limited_total", "frames"), 1.0)
		began := time.Now()
		c.write(early[half:])
		c.refusedFor(strings.Repeat("1", 60), "not_joined")
		if took := time.Since(began); took < 20*time.Millisecond || took > 30*time.Millisecond {
			t.Errorf("the rest was read after %v", took)
		}
		time.Sleep(time.Second)
		for n := range 49 { // in step with the frames again, the count allows as many
			c.write(ping)
			want(t, "pauses after "+fmt.Sprint(n), w.metric("sotto_rate_limited_total", "frames"), 1.0)
		}
		c.write(ping)
		c.write(ping)
		want(t, "pauses", w.metric("sotto_rate_limited_total", "frames"), 2.0)
	})
}

func TestFlood_FrameRateOff(t *testing.T) {
	cfg := unlimited
	cfg.FrameRate = -1
	inWorld(t, cfg, func(t *testing.T, w *world) {
		c := w.dial("room")
		c.join(ann)
		began := time.Now()
		for range 1000 {
			c.refusedFor(c.post("redeem_extension", nil), "monetization_disabled")
		}
		want(t, "time it took", time.Since(began), time.Duration(0))
	})
}

// One who types and sends as fast as people can never waits.
func TestFlood_PeopleNeverWait(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		for range 100 {
			for range 20 { // as a key that is held down repeats
				a.post("read_receipt", nil)
				time.Sleep(time.Second / 30)
			}
			began := time.Now()
			a.sends(b, "ciphertext", sealed(8192))
			b.sends(a)
			want(t, "time it took", time.Since(began), time.Duration(0))
		}
		want(t, "pauses", w.metric("sotto_rate_limited_total", "frames"), 0.0)
	})
}

// The relay does not go on reading from a socket that it closes: the WebSocket
// library would, byte by byte, for seconds.
func TestFlood_WhileClosing(t *testing.T) {
	inWorld(t, relay.Config{CreateRate: -1, UpgradeRate: -1}, func(t *testing.T, w *world) {
		bad := w.dial("room")
		bad.join(ann)
		bad.answered.Store(true) // never answers a close frame
		bad.write(frameHeader(finBit|opText, 1<<40))
		piece := bytes.Repeat([]byte("x"), 16<<10)
		taken := make(chan int)
		began := time.Now()
		go func() { taken <- bad.flood(piece) }()
		bad.closed(1009, "frame_too_big")
		mega := <-taken * len(piece) >> 20
		if took := time.Since(began); mega > 4 || took > 11*time.Second {
			t.Errorf("%d MiB were read in %v", mega, took)
		}
	})
}
