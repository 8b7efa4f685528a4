package relay_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"
	"testing/synctest"

	"sotto/internal/memnet"
)

// Goroutines and memory return to where they were after 1,000 rooms came and
// went.
func TestManyRoomsComeAndGo(t *testing.T) {
	const rooms, warmUp = 1000, 300
	cfg := unlimited
	cfg.JoinFloor = -1
	inWorld(t, cfg, func(t *testing.T, w *world) {
		run := func(from, to int) (goroutines int, used uint64) {
			for n := from; n < to; n++ {
				people := []person{ann, ben}[:1+n%2]
				if err := liveAndDie(w.listener, fmt.Sprint("room ", n), people...); err != nil {
					t.Fatalf("room %d: %v", n, err)
				}
			}
			synctest.Wait()
			return runtime.NumGoroutine(), heap()
		}
		goroutines, before := run(0, warmUp) // pools and maps take what they keep
		now, after := run(warmUp, warmUp+rooms)
		if grown := int64(after) - int64(before); grown > 1<<20 {
			t.Errorf("the heap grew by %d bytes, %d a room", grown, grown/rooms)
		}
		if now > goroutines+rooms/10 { // the runtime has some of its own
			t.Errorf("%d goroutines, were %d", now, goroutines)
		}
		want(t, "rooms that ended", w.metric("sotto_rooms_closed_total", "expire_room"), float64(rooms+warmUp))
	})
}

// liveAndDie opens a room with so many people in it, of whom the last sends a
// message and expires the room.
func liveAndDie(l *memnet.Listener, name string, people ...person) error {
	d := memnet.Dialer{To: l}
	for i, p := range people {
		conn, err := d.DialContext(context.Background(), "", "")
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		frames := textFrame(`{"event":"join","ref":"1","data":{"sender_hash":"` + p.sender + `","access_hash":"` + p.access + `"}}`)
		last := i == len(people)-1
		if last {
			frames = append(frames, textFrame(`{"event":"send_message","ref":"2","data":{"ciphertext":"`+ciphertext+`","iv":"`+iv+`"}}`)...)
			frames = append(frames, textFrame(`{"event":"expire_room","ref":"3"}`)...)
		}
		_, br, err := handshake(conn, frames, roomPath(name))
		if err != nil {
			return err
		}
		for joined := false; !joined || last; {
			op, payload, err := readFrame(br)
			if err != nil {
				return err
			}
			if op == opClose {
				_, err := conn.Write(frameBytes(finBit|opClose, payload))
				return err
			}
			joined = joined || bytes.Contains(payload, []byte(`"ok"`))
		}
	}
	return io.ErrUnexpectedEOF
}
