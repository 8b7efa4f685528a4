package main

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"sotto/relay"
)

// What README.md tells hosts to reckon with, in bytes.
const (
	reckonedBase   = 48 << 20
	reckonedSocket = 20 << 10
	reckonedTLS    = 40 << 10 // a socket more, where the relay ends TLS itself
	reckonedRoom   = 16 << 10
)

// A relay that is full, of rooms with the longest message and of sockets,
// stays at its highest below what README.md reckons, with GOMEMLIMIT as told
// there, and refuses the next one.
func TestMemoryCeiling(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, 1)
	for name, test := range map[string]struct {
		rooms, deserted, socket int // deserted ones have no socket
		args                    []string
	}{
		"plain": {2000, 1000, reckonedSocket, nil},
		"TLS": {600, 300, reckonedSocket + reckonedTLS, []string{
			"--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem"),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			keepsBelow(t, test.rooms, test.deserted, test.socket, test.args)
		})
	}
}

func keepsBelow(t *testing.T, rooms, deserted, socket int, args []string) {
	t.Helper()
	sockets := 2 * (rooms - deserted)
	if files, ok := fileLimit(); ok && files < uint64(sockets+2*spareFiles) {
		t.Fatalf("%d open files are needed, %d are allowed: raise it with ulimit -n", sockets+2*spareFiles, files)
	}
	ceiling := uint64(reckonedBase + sockets*socket + rooms*reckonedRoom)
	c := startChild(t, []string{"env", fmt.Sprintf("GOMEMLIMIT=%d", ceiling/10*9)}, slices.Concat(args, noRates, []string{
		"--max-rooms", strconv.Itoa(rooms), "--max-conns", strconv.Itoa(sockets + workers),
	})...)
	empty := c.peak(t)
	c.fill(t, rooms, func(i int) bool { return i < deserted })
	if got := c.metric(t, "sotto_rooms"); int(got) != rooms {
		t.Errorf("the relay has %v rooms; want %d", got, rooms)
	}
	if got := c.metric(t, "sotto_connections"); int(got) < sockets {
		t.Errorf("the relay has %v sockets; want %d", got, sockets)
	}
	peak := c.peak(t)
	t.Logf("empty %d KiB, full %d KiB, ceiling %d KiB", empty>>10, peak>>10, ceiling>>10)
	if peak > ceiling {
		t.Errorf("the relay took %d bytes; README.md reckons with %d", peak, ceiling)
	}
	if empty > reckonedBase {
		t.Errorf("empty it took %d bytes; README.md reckons with %d", empty, reckonedBase)
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

// fill makes rooms in which a number of longest messages pass, and leaves those
// that leave picks.
func (c *child) fill(t *testing.T, rooms int, leave func(room int) bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	numbers := make(chan int)
	faults := make(chan error, workers)
	var filling sync.WaitGroup
	for range workers {
		filling.Go(func() {
			for room := range numbers {
				if err := c.fillRoom(ctx, t, room, leave(room)); err != nil {
					faults <- fmt.Errorf("room %d: %w", room, err)
					return
				}
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
}

func (c *child) fillRoom(ctx context.Context, t *testing.T, room int, leave bool) error {
	people := []*chatter{{}, {}}
	for i, p := range people {
		var err error
		if p.ws, err = c.dial(ctx, t, room); err != nil {
			return err
		}
		if _, err := p.request(ctx, "join", joining("ab"[i:][:1])); err != nil {
			return err
		}
	}
	for range 2 {
		for _, p := range people {
			if answer, err := p.request(ctx, "send_message", longest); err != nil || !strings.Contains(answer, `"ok"`) {
				return errors.Join(err, errors.New(answer))
			}
		}
	}
	if leave {
		for _, p := range people {
			_ = p.ws.Close(websocket.StatusNormalClosure, "")
		}
	}
	return nil
}

var longest = fmt.Sprintf(`{"ciphertext":%q,"iv":"AAAAAAAAAAAAAAAA"}`,
	base64.StdEncoding.EncodeToString(make([]byte, relay.DefaultMaxCiphertextBytes)))

func (c *child) dial(ctx context.Context, t *testing.T, room int) (*websocket.Conn, error) {
	ws, _, err := websocket.Dial(ctx, fmt.Sprintf("%s://%s/room/%064x/ws", c.scheme, c.addr, room), &websocket.DialOptions{ //nolint:bodyclose // there is none after 101
		HTTPClient: &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the test's own certificate
		}},
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(64 << 10)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return ws, nil
}

// peak is the most memory the child ever had, in bytes.
func (c *child) peak(t *testing.T) uint64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid(t)))
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

// metric reads one without labels.
func (c *child) metric(t *testing.T, name string) float64 {
	t.Helper()
	_, line, _ := strings.Cut(fetch(t, "http://"+c.admin+"/metrics"), "\n"+name+" ")
	var value float64
	if _, err := fmt.Sscan(line, &value); err != nil {
		t.Fatalf("there is no %s", name)
	}
	return value
}
