package relay_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Whatever a socket sends without end, the relay reads so much of it and no
// more, and nobody else notices.
func TestFlood_IsReadLater(t *testing.T) {
	emptyFragment := frameBytes(opContinuation, nil)
	for name, tt := range map[string]struct {
		unjoined bool
		first    []byte
		frame    []byte
		rate     int // how many a second, if not 50
	}{
		"pings":             {frame: frameBytes(finBit|opPing, nil), rate: 10},
		"empty fragments":   {first: frameBytes(opText, nil), frame: emptyFragment},
		"garbage":           {frame: textFrame(`{"a":[`)},
		"sends":             {frame: textFrame(`{"event":"send_message","data":{"ciphertext":"","iv":"` + iv + `"}}`), rate: 10},
		"hellos":            {frame: textFrame(`{"event":"hello","data":{"hello":"AA=="}}`), rate: 10},
		"typing":            {frame: textFrame(`{"event":"typing"}`)},
		"unknown events":    {frame: textFrame(`{"event":"shout"}`)},
		"pings, not joined": {unjoined: true, frame: frameBytes(finBit|opPing, nil), rate: 10},
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
				rate := int64(cmp.Or(tt.rate, 50))
				most := rate + seconds*rate + 90 + int64(2*1024/len(tt.frame))
				if n := sent.Load(); n < 6*rate || n > most {
					t.Errorf("%d frames were read in %d seconds; want at most %d", n, seconds, most)
				}
			})
		})
	}
}

// What comes in one segment with the handshake counts, and does not confuse
// the count of what follows.
func TestFlood_BehindTheHandshake(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		ping := frameBytes(finBit|opPing, nil)
		early := append(bytes.Repeat(ping, 10), textFrame(`{"event":"typing","ref":"`+strings.Repeat("1", 60)+`"}`)...)
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
		for n := range 9 { // in step with the frames again, the count allows as many
			c.write(ping)
			want(t, "pauses after "+fmt.Sprint(n), w.metric("sotto_rate_limited_total", "frames"), 1.0)
		}
		c.write(ping)
		c.write(ping)
		want(t, "pauses", w.metric("sotto_rate_limited_total", "frames"), 2.0)
	})
}

// What goes to everyone in a room costs more than what does not: ten messages
// may be sent, edited or deleted at once, and ten a second. The others are
// handled later, in order, wherever they have waited.
func TestFlood_Changes(t *testing.T) {
	const frames = 45 // which is few enough for frames
	for name, events := range map[string][]string{
		"sends": {"send_message"}, "all of them": {"send_message", "edit_message", "delete_message"},
	} {
		for where, early := range map[string]bool{"": false, ", with the handshake": true} {
			t.Run(name+where, func(t *testing.T) {
				inWorld(t, unlimited, func(t *testing.T, w *world) {
					join, err := json.Marshal(object{"event": "join", "ref": "0", "data": ann.joining()})
					if err != nil {
						t.Fatal(err)
					}
					all := textFrame(string(join))
					for n := range frames {
						all = append(all, textFrame(fmt.Sprintf(
							`{"event":"%s","ref":"%d","data":{"ciphertext":"","iv":"%s"}}`, events[n%len(events)], n, iv))...)
					}
					var c *client
					if early {
						c = w.dialWith("room", dialOptions{first: all})
					} else {
						c = w.dial("room")
						c.write(all)
					}
					c.ok("0")
					began := time.Now()
					for n := range frames {
						took := c.answerTo(fmt.Sprint(n)).Sub(began)
						least := time.Duration(max(0, n-9)) * time.Second / 10
						if took < least || took > least*3/2 {
							t.Fatalf("answer %d came after %v; want %v to half as much again", n, took, least)
						}
					}
				})
			})
		}
	}
}

// answerTo passes over broadcasts, expects an answer to ref, good or bad, and
// returns when it came.
func (c *client) answerTo(ref string) time.Time {
	c.t.Helper()
	for {
		m := c.next(c.patience)
		f := decode(c.t, m.text)
		if f["event"] == nil {
			want(c.t, "ref", f["ref"], any(ref))
			return m.at
		}
	}
}

// A person who types, sends, thinks again and sends again as fast as people can
// never waits.
func TestFlood_PeopleNeverWait(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		for range 20 {
			for range 20 { // as a key that is held down repeats
				a.post("read_receipt", nil)
				time.Sleep(time.Second / 30)
			}
			began := time.Now()
			id := a.sends(b, "ciphertext", sealed(8192))
			for _, event := range []string{"edit", "delete"} {
				done := "message_" + strings.TrimSuffix(event, "e") + "ed"
				a.ok(a.post(event+"_message", message("message_id", id, "ciphertext", sealed(8192))))
				a.event(done)
				b.event(done)
			}
			a.sends(b, "ciphertext", sealed(8192))
			b.sends(a)
			want(t, "time it took", time.Since(began), time.Duration(0))
		}
		want(t, "pauses", w.metric("sotto_rate_limited_total", "frames"), 0.0)
	})
}

// From a socket that it closes the relay reads no more at once, whatever the
// socket may still have sent, and not much later: the WebSocket library reads it
// byte by byte, for seconds.
func TestFlood_WhileClosing(t *testing.T) {
	const kilo = 1 << 10
	tooMuch := bytes.Repeat([]byte("x"), 33*kilo)
	cfg := unlimited
	cfg.MaxCiphertextBytes = 8 * kilo
	for name, tt := range map[string]struct {
		first, then []byte
		// perSecond is how much of what follows may be read in a second.
		perSecond int
	}{
		"a frame without end": {append(frameHeader(finBit|opText, 1<<40), tooMuch...), tooMuch[:kilo], 400 * kilo},
		"frames":              {frameBytes(finBit|opText, tooMuch), frameBytes(finBit|opText, tooMuch[:kilo]), 50 * kilo},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, cfg, func(t *testing.T, w *world) {
				bad := w.dialWith("room", dialOptions{capacity: 4 * kilo})
				bad.join(ann)
				bad.answered.Store(true) // never answers a close frame
				var sent atomic.Int64
				gone := make(chan struct{})
				began := time.Now()
				go func() {
					defer close(gone)
					bad.write(tt.first)
					for sent.Load() < 100<<20 {
						n, err := bad.conn.Write(tt.then)
						if err != nil {
							return
						}
						sent.Add(int64(n))
					}
				}()
				bad.closed(1009, "frame_too_big")
				for _, after := range []time.Duration{100 * time.Millisecond, time.Second, 9 * time.Second} {
					time.Sleep(after - time.Since(began))
					// Some lies in buffers, and some is read before the first pause.
					most := (4+9)*kilo + int(after.Seconds()*float64(tt.perSecond))
					if n := int(sent.Load()); n > most {
						t.Errorf("%d bytes were read in %v; want at most %d", n, after, most)
					}
				}
				<-gone
				if took := time.Since(began); took > 11*time.Second {
					t.Errorf("the socket was there for %v", took)
				}
			})
		})
	}
}

// What is under way when the relay closes a socket is no flood: a message of the
// greatest length hardly holds up the end.
func TestFlood_MessageWhileClosing(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		b.answered.Store(true) // only after what it still sends
		a.ok(a.post("expire_room", nil))
		b.event("room_expired")
		b.closed(1000, "room_expired")
		began := time.Now()
		b.write(textFrame(`{"event":"send_message","data":{"ciphertext":"` + sealed(8192) + `","iv":"` + iv + `"}}`))
		b.write(frameBytes(finBit|opClose, binary.BigEndian.AppendUint16(nil, 1000)))
		for w.metric("sotto_connections", "") != 0 && time.Since(began) < time.Minute {
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		if took := time.Since(began); took > 200*time.Millisecond {
			t.Errorf("the socket was there for %v", took)
		}
	})
}
