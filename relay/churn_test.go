package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sotto/internal/memnet"
	"sotto/relay"
)

// Goroutines and memory return to where they were after 1,000 rooms came and
// went, with real goroutines in real time, and the relay's books agree.
func TestManyRoomsComeAndGo(t *testing.T) {
	const rooms, warmUp, workers = 1000, 300, 8
	registry := prometheus.NewRegistry()
	rl, err := relay.New(relay.Config{Registerer: registry, CreateRate: -1, UpgradeRate: -1, JoinFloor: -1})
	if err != nil {
		t.Fatal(err)
	}
	listener := memnet.Listen()
	srv := &http.Server{
		Handler: rl, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(slog.NewTextHandler(failing{t}, nil), slog.LevelError),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()

	run := func(from, to int) {
		numbers := make(chan int)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for n := range numbers {
					people := []person{ann, ben}
					if n%10 != 0 { // two in every room take twice the time
						people = people[:1]
					}
					if err := liveAndDie(listener, fmt.Sprint("room ", n), people...); err != nil {
						t.Errorf("room %d: %v", n, err)
					}
				}
			})
		}
		for n := from; n < to; n++ {
			numbers <- n
		}
		close(numbers)
		wg.Wait()
	}

	run(0, warmUp) // pools and maps take what they keep
	goroutines := settle(t, rl, 0)
	before := heap()
	run(warmUp, warmUp+rooms)
	settle(t, rl, goroutines)
	if grown := int64(heap()) - int64(before); grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes, %d a room", grown, grown/rooms)
	}
	if n := metricOf(t, registry, "sotto_rooms_closed_total", "expire_room"); n != rooms+warmUp {
		t.Errorf("%v rooms ended; want %d", n, rooms+warmUp)
	}
	for _, name := range []string{"sotto_rooms", "sotto_connections"} {
		if n := metricOf(t, registry, name, ""); n != 0 {
			t.Errorf("%s is %v", name, n)
		}
	}
	if err := rl.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// settle waits until there are at most so many goroutines, or, for 0, until
// their number no longer changes, and until the relay's books agree. It
// returns how many there are.
func settle(t *testing.T, rl *relay.Relay, most int) int {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for last, still := -1, 0; ; last = runtime.NumGoroutine() {
		n, err := runtime.NumGoroutine(), rl.Check()
		if still = still + 1; n != last {
			still = 0
		}
		switch {
		case err == nil && (most == 0 && still >= 5 || most > 0 && n <= most):
			return n
		case still > 1500: // half a minute, for a busy machine
			t.Fatalf("%d goroutines, were %d; Check: %v", n, most, err)
		}
		<-tick.C
	}
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
