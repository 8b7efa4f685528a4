package main

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"sotto/relay"
	"sotto/wire"
)

// A relay that is full, of rooms with the longest text and the longest hellos, of
// large messages and of sockets, that is sent frames without an end by all of them, and then as many halves of requests
// as it takes connections, stays at its highest below what README.md reckons, with
// GOMEMLIMIT as told there, and refuses the next room.
func TestMemoryCeiling(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, 1)
	for name, test := range map[string]struct {
		rooms, deserted, socket int // deserted ones have no socket
		args                    []string
	}{
		"plain": {2000, 1000, memorySocket, nil},
		"TLS": {600, 300, memorySocket + memoryTLS, []string{
			"--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem"),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			keepsBelow(t, test.rooms, test.deserted, test.socket, test.args)
		})
	}
}

const (
	// fullRoom is a room with the longest text; memoryRoom has space for its hellos.
	fullRoom = memoryRoom + wire.StdCiphertext
	// slots is the memory for large messages: 292 of the largest.
	slots = 16 << 20
)

func keepsBelow(t *testing.T, rooms, deserted, socket int, args []string) {
	t.Helper()
	sockets := 2 * (rooms - deserted)
	if files, ok := fileLimit(); ok && files < uint64(sockets+2*spareFiles) {
		t.Fatalf("%d open files are needed, %d are allowed: raise it with ulimit -n", sockets+2*spareFiles, files)
	}
	ceiling := uint64(memoryBase + slots + sockets*socket + rooms*fullRoom)
	c := startChild(t, []string{"env", fmt.Sprintf("GOMEMLIMIT=%d", ceiling/10*9)}, slices.Concat(args, noRates, []string{
		"--max-rooms", strconv.Itoa(rooms), "--max-conns", strconv.Itoa(sockets + workers), "--max-slot-memory", strconv.Itoa(slots),
	})...)
	empty := c.peak(t)
	filled := c.fill(t, rooms, func(i int) bool { return i < deserted })
	if got := c.metric(t, "sotto_rooms"); int(got) != rooms {
		t.Errorf("the relay has %v rooms; want %d", got, rooms)
	}
	if got := c.metric(t, "sotto_connections"); int(got) < sockets {
		t.Errorf("the relay has %v sockets; want %d", got, sockets)
	}
	if refused := c.metric(t, `sotto_rate_limited_total{limit="slot_memory"}`); refused == 0 {
		t.Error("no large message was refused")
	}
	full := c.peak(t)
	c.leaveFramesUnfinished(t, filled)
	frames := c.peak(t)
	c.leaveRequestsUnfinished(t, sockets+workers+relay.ConnReserve)
	peak := c.peak(t)
	t.Logf("empty %d KiB, full %d, with frames %d, with requests %d, ceiling %d", empty>>10, full>>10, frames>>10, peak>>10, ceiling>>10)
	if peak > ceiling {
		t.Errorf("the relay took %d bytes; README.md reckons with %d", peak, ceiling)
	}
	if empty > memoryBase {
		t.Errorf("empty it took %d bytes; README.md reckons with %d", empty, memoryBase)
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, err := c.dial(ctx, t, rooms)
	if err != nil {
		t.Fatal(err)
	}
	p := &chatter{ws: ws}
	if answer, err := p.request(ctx, "join", joining("a")); err != nil || !strings.Contains(answer, `"rate_limited"`) {
		t.Errorf("one room more was answered %s, %v", answer, err)
	}
}

// workers fill the relay side by side.
const workers = 32

// leaveFramesUnfinished sends the most of a frame from every socket, and ends
// the sockets once all that can be read at a time are, and the others wait.
func (c *child) leaveFramesUnfinished(t *testing.T, sockets []*websocket.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, ws := range sockets {
		w, err := ws.Writer(ctx, websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 4*relay.DefaultMaxCiphertextBytes-1)); err != nil {
			t.Fatal(err)
		}
	}
	const underWay = 32 // 8 MiB, and others wait with 8 MiB of less
	c.awaitMetric(t, `sotto_rate_limited_total{limit="large_frames"}`, float64(len(sockets)-underWay))
	for _, ws := range sockets {
		_ = ws.CloseNow()
	}
}

// leaveRequestsUnfinished opens twice as many connections as the relay takes. Each
// sends the most of a request; with TLS, every other one that of a handshake.
func (c *child) leaveRequestsUnfinished(t *testing.T, places int) {
	t.Helper()
	header := "GET / HTTP/1.1\r\nHost: x\r\nX: "
	header += strings.Repeat("x", maxHeader-len(header)-1)
	record := append([]byte{22, 3, 1, 64, 0, 1, 0, 63, 252}, make([]byte, 16<<10-8)...) // a ClientHello but for a byte
	var sending sync.WaitGroup
	defer sending.Wait()
	for n := range 2 * places {
		conn, err := net.Dial("tcp", c.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // it may be closed by then
		sending.Go(func() {
			switch {
			case c.scheme == "http":
				_, _ = io.WriteString(conn, header)
			case n%2 == 0:
				_, _ = conn.Write(record)
			default: // it waits for its turn, or is closed
				_, _ = io.WriteString(tls.Client(conn, &tls.Config{InsecureSkipVerify: true}), header)
			}
		})
	}
	c.awaitMetric(t, "sotto_connections_pending", float64(places))
}

// awaitMetric waits until a metric is as high.
func (c *child) awaitMetric(t *testing.T, name string, least float64) {
	t.Helper()
	for deadline := time.Now().Add(patience); c.metric(t, name) < least; {
		if time.Now().After(deadline) {
			t.Fatalf("%s is %v; want %v", name, c.metric(t, name), least)
		}
	}
}

// fill makes rooms in which a number of longest messages pass, leaves those that
// leave picks, and returns the sockets in the others.
func (c *child) fill(t *testing.T, rooms int, leave func(room int) bool) []*websocket.Conn {
	t.Helper()
	var noSlots atomic.Bool
	var mu sync.Mutex
	var sockets []*websocket.Conn
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	numbers := make(chan int)
	faults := make(chan error, workers)
	var filling sync.WaitGroup
	for range workers {
		filling.Go(func() {
			for room := range numbers {
				people, err := c.fillRoom(ctx, t, room, &noSlots, leave(room))
				if err != nil {
					faults <- fmt.Errorf("room %d: %w", room, err)
					return
				}
				mu.Lock()
				sockets = append(sockets, people...)
				mu.Unlock()
			}
		})
	}
	go func() { // ends with the numbers, or when no worker is left
		defer close(numbers)
		for room := range rooms {
			select {
			case numbers <- room:
			case <-ctx.Done():
				return
			}
		}
	}()
	filling.Wait()
	select {
	case err := <-faults:
		cancel()
		t.Fatal(err)
	default:
	}
	return sockets
}

// fillRoom fills one. Large messages are tried until a first is refused.
func (c *child) fillRoom(ctx context.Context, t *testing.T, room int, noSlots *atomic.Bool, leave bool) ([]*websocket.Conn, error) {
	people := []*chatter{{}, {}}
	for i, p := range people {
		var err error
		if p.ws, err = c.dial(ctx, t, room); err != nil {
			return nil, err
		}
		if _, err := p.request(ctx, "join", `{"ext":1,`+joining("ab"[i:][:1])[1:]); err != nil {
			return nil, err
		}
	}
	for range 2 {
		for _, p := range people {
			text := largest
			if noSlots.Load() {
				text = longest
			}
			answer, err := p.request(ctx, "send_message", text)
			if strings.Contains(answer, `"rate_limited"`) {
				noSlots.Store(true)
				answer, err = p.request(ctx, "send_message", longest)
			}
			if err != nil || !strings.Contains(answer, `"ok"`) {
				return nil, errors.Join(err, errors.New(answer))
			}
		}
	}
	for _, p := range people {
		if answer, err := p.request(ctx, "hello", longestHello); err != nil || !strings.Contains(answer, `"ok"`) {
			return nil, errors.Join(err, errors.New(answer))
		}
	}
	if leave {
		for _, p := range people {
			_ = p.ws.Close(websocket.StatusNormalClosure, "")
		}
		return nil, nil
	}
	return []*websocket.Conn{people[0].ws, people[1].ws}, nil
}

var longest, largest = ofBytes(wire.StdCiphertext), ofBytes(relay.DefaultMaxCiphertextBytes)

func ofBytes(n int) string {
	return fmt.Sprintf(`{"ciphertext":%q,"iv":"AAAAAAAAAAAAAAAA"}`, base64.StdEncoding.EncodeToString(make([]byte, n)))
}

var longestHello = fmt.Sprintf(`{"hello":%q}`, base64.StdEncoding.EncodeToString(make([]byte, wire.MaxHello)))

func (c *child) dial(ctx context.Context, t *testing.T, room int) (*websocket.Conn, error) {
	// One in 64 of them comes from the same address. Who is too busy to send its
	// request within the relay's 5 seconds is cut off without an answer, and tries again.
	var ws *websocket.Conn
	var res *http.Response
	var err error
	for tries := 0; ws == nil && res == nil && tries < 10; tries++ {
		ws, res, err = openSocket(ctx, t, c.url(), fmt.Sprintf("%064x", room), byte(2+room%64))
	}
	return ws, err
}

// peak is the most memory the child ever had, in bytes.
func (c *child) peak(t *testing.T) uint64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(text), "VmHWM:")
	var kib uint64
	if _, err := fmt.Sscanf(line, "%d kB", &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// metric reads one, with its labels in braces.
func (c *child) metric(t *testing.T, name string) float64 {
	t.Helper()
	_, line, _ := strings.Cut(fetch(t, "http://"+c.admin+"/metrics"), "\n"+name+" ")
	var value float64
	if _, err := fmt.Sscan(line, &value); err != nil {
		t.Fatalf("there is no %s", name)
	}
	return value
}
