package relay_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sotto/relay"
)

// shutdown runs Shutdown with the given patience and returns how long it took
// and what it returned.
func (w *world) shutdown(patience time.Duration) (took time.Duration, err error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began := time.Now()
	err = w.relay.Shutdown(ctx)
	return time.Since(began), err
}

// On shutdown every socket is closed 1012 "relay_restart", and rooms are gone.
func TestRestart_ClosesEverySocket(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, b := w.couple("room")
		a.sends(b)
		unjoined := w.dial("room")
		took, err := w.shutdown(10 * time.Second)
		want(t, "error", err, nil)
		want(t, "time it took", took, time.Duration(0))
		for _, c := range []*client{a, b, unjoined} {
			c.closed(1012, "relay_restart")
		}
		want(t, "rooms", w.metric("sotto_rooms", ""), 0.0)
		want(t, "connections", w.metric("sotto_connections", ""), 0.0)
		want(t, "closed", w.metric("sotto_connections_closed_total", "1012"), 3.0)
		want(t, "ended", w.metric("sotto_rooms_closed_total", "shutdown"), 1.0)
		want(t, "Check", w.relay.Check(), nil)
		took, err = w.shutdown(time.Second)
		want(t, "a second time", err, relay.ErrClosed)
		want(t, "time it took", took, time.Duration(0))
		want(t, "Close", w.relay.Close(), relay.ErrClosed)
	})
}

// Shutdown waits for sockets whatever they are doing, 10 s at most, and leaves
// no goroutine behind: the bubble would notice.
func TestShutdownWaitsForConnections(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare     func(w *world) *client
		least, most time.Duration
		code        int
	}{
		"idle": {
			func(w *world) *client { return w.dial("room") }, 0, 0, 1012,
		},
		"a join is being held": {
			func(w *world) *client {
				c := w.dial("room")
				c.post("join", ann.joining())
				time.Sleep(100 * time.Millisecond)
				return c
			},
			400 * time.Millisecond, 525 * time.Millisecond, 1012,
		},
		"a ping is under way": {
			func(w *world) *client {
				c := w.dialWith("room", dialOptions{deaf: true})
				c.join(ann)
				for c.pingCount() == 0 {
					time.Sleep(time.Second)
				}
				return c
			},
			0, 0, 1012,
		},
		"a frame is half sent": {
			func(w *world) *client {
				c := w.dial("room")
				c.join(ann)
				c.write(textFrame(`{"event":"typing","x":"and a lot more of it, which never comes"}`)[:20])
				synctest.Wait()
				return c
			},
			// Its close frame can't be seen behind half a frame.
			5 * time.Second, 5 * time.Second, 1012,
		},
		"the writer is blocked": {
			func(w *world) *client {
				a, slow := w.coupleWithSlow("room")
				slow.freeze()
				a.fillUp(3)
				return slow
			},
			5 * time.Second, 5 * time.Second, 0,
		},
		"the peer says nothing any more": {
			func(w *world) *client {
				c := w.dial("room")
				c.join(ann)
				c.answered.Store(true) // no close frame from this one
				return c
			},
			5 * time.Second, 5 * time.Second, 1012,
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				c := tt.prepare(w)
				took, err := w.shutdown(11 * time.Second)
				want(t, "error", err, nil)
				if took < tt.least || took > tt.most {
					t.Errorf("it took %v; want %v to %v", took, tt.least, tt.most)
				}
				want(t, "sockets left", w.metric("sotto_connections", ""), 0.0)
				c.thaw()
				for {
					m := c.next(within)
					if m.ended {
						want(t, "code", m.code, tt.code)
						break
					}
				}
				want(t, "Check", w.relay.Check(), nil)
			})
		})
	}
}

// When its patience ends, what is left is cut.
func TestShutdown_Impatient(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		a, slow := w.coupleWithSlow("room")
		slow.freeze()
		a.fillUp(3)
		held := w.dial("room")
		held.post("join", ann.joining())
		half := w.dial("room")
		half.write(textFrame("half of this is never sent")[:9])
		synctest.Wait()
		took, err := w.shutdown(100 * time.Millisecond)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v; want the context's", err)
		}
		want(t, "time it took", took, 100*time.Millisecond)
		a.closed(1012, "relay_restart")
		want(t, "connections", w.metric("sotto_connections", ""), 0.0)
		want(t, "Check", w.relay.Check(), nil)
	})
}

// Close cuts at once, and leaves no room behind.
func TestClose(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		var clients []*client
		for _, name := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
			a, b := w.couple(name)
			clients = append(clients, a, b)
		}
		left := w.dial("left alone")
		left.join(ann)
		left.leave()
		held := w.dial("room")
		held.post("join", ann.joining())
		synctest.Wait()
		began := time.Now()
		want(t, "Close", w.relay.Close(), nil)
		want(t, "time it took", time.Since(began), time.Duration(0))
		for _, c := range append(clients, held) {
			if m := c.next(within); !m.ended {
				t.Errorf("got %+v; want the end", m)
			}
		}
		_, body := w.request("GET", "/api/room/"+hash("room")+"/exists", nil)
		want(t, "body", body, `{"exists":false}`)
		want(t, "Check", w.relay.Check(), nil)
	})
}

// Newcomers are refused while the relay closes; what is not a socket goes on.
func TestShutdown_RefusesNewcomers(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		c := w.dial("room")
		c.answered.Store(true) // keeps Shutdown waiting for 5 s
		done := make(chan error)
		go func() { done <- w.relay.Shutdown(t.Context()) }()
		time.Sleep(time.Second)
		resp, body := w.request("GET", roomPath("room"), upgradeHeader())
		want(t, "status", resp.StatusCode, http.StatusServiceUnavailable)
		want(t, "body", body, `{"error":"relay_restart"}`)
		want(t, "Retry-After", resp.Header.Get("Retry-After"), "5")
		wantSecurityHeaders(t, resp)
		resp, _ = w.request("GET", "/healthz", nil)
		want(t, "status", resp.StatusCode, http.StatusOK)
		want(t, "error", <-done, nil)
		want(t, "refused", w.metric("sotto_upgrades_refused_total", "closing"), 1.0)
	})
}

// abortTime is how much longer than its context Shutdown may take.
const abortTime = 500 * time.Millisecond

// hijacker is a ResponseWriter as an embedder may have wrapped it.
type hijacker struct {
	recorder
	hijack func()
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h.hijack()
	return nil, nil, http.ErrNotSupported
}

// An upgrade that panics keeps no place, for which Shutdown would wait. It is
// counted, and logged without the panic's value; net/http, which would log that
// value and the client's address, is told that it is over.
func TestShutdown_UpgradePanics(t *testing.T) {
	var logs logLines
	cfg := unlimited
	cfg.Logger = zerolog.New(&logs)
	inWorld(t, cfg, func(t *testing.T, w *world) {
		func() {
			defer func() { want(t, "panic", recover(), any(http.ErrAbortHandler)) }()
			w.relay.ServeHTTP(&hijacker{recorder{header: make(http.Header)}, func() { panic("secret") }}, upgradeRequest(t))
		}()
		want(t, "refused", w.metric("sotto_upgrades_refused_total", "failed"), 1.0)
		if text := logs.String(); !strings.Contains(text, `"at":"sotto/relay_test.`) || strings.Contains(text, "secret") {
			t.Errorf("the log says too little or too much: %s", text)
		}
		want(t, "Check", w.relay.Check(), nil)
		_, err := w.shutdown(time.Second)
		want(t, "Shutdown", err, nil)
	})
}

// An upgrade that never ends does not keep Shutdown for ever.
func TestShutdown_UpgradeIsStuck(t *testing.T) {
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		goOn := make(chan struct{})
		go w.relay.ServeHTTP(&hijacker{recorder{header: make(http.Header)}, func() { <-goOn }}, upgradeRequest(t))
		synctest.Wait()
		took, err := w.shutdown(time.Second)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		want(t, "time it took", took, time.Second+abortTime)
		close(goOn)
		synctest.Wait()
	})
}

// Close takes the relay's metrics out of the registry, after Shutdown too, and
// never those of the relay that came after it.
func TestClose_LeavesTheRegistry(t *testing.T) {
	reg := prometheus.NewRegistry()
	first, err := relay.New(relay.Config{Registerer: reg})
	want(t, "New", err, nil)
	want(t, "Close", first.Close(), nil)
	second, err := relay.New(relay.Config{Registerer: reg})
	want(t, "New on the same registry", err, nil)
	want(t, "Close again", first.Close(), relay.ErrClosed)
	want(t, "Shutdown", second.Shutdown(t.Context()), nil)
	want(t, "rooms", metricOf(t, reg, "sotto_rooms", ""), 0.0) // still to be seen
	want(t, "Close", second.Close(), relay.ErrClosed)
	want(t, "metrics left", len(gather(t, reg)), 0)
}

// An upgrade that is under way when the relay begins to close is waited for and
// closed like all others, or cut when there is no patience.
func TestShutdown_UpgradeUnderWay(t *testing.T) {
	for name, patient := range map[string]bool{"patient": true, "impatient": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, unlimited, func(t *testing.T, w *world) {
				conn := w.connect(32) // for which the answer is too long
				go func() { _, _ = io.WriteString(conn, handshakeText(roomPath("room"))) }()
				synctest.Wait()
				end := func() error { return w.relay.Shutdown(t.Context()) }
				if !patient {
					end = w.relay.Close
				}
				done := make(chan error, 1)
				go func() { done <- end() }()
				time.Sleep(time.Second)
				if patient {
					want(t, "ends that did not wait", len(done), 0)
					acceptLate(t, conn).closed(1012, "relay_restart")
				} else {
					began := time.Now()
					if _, err := io.Copy(io.Discard, conn); err != nil { // reads, and says no more
						t.Error(err)
					}
					want(t, "time it took", time.Since(began), time.Duration(0))
				}
				want(t, "end", <-done, nil)
				want(t, "Check", w.relay.Check(), nil)
			})
		})
	}
}
