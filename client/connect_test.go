package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sotto/client"
)

// lateDials are connections of which the first is made a while after somebody
// asked for it, as on a machine that is busy just then.
type lateDials struct {
	http.RoundTripper
	late time.Duration
}

func (d *lateDials) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(d.late)
	d.late = 0
	return d.RoundTripper.RoundTrip(r)
}

// No two dials are less than a second apart on the wire, whatever passed between
// the decision to dial and the first packet.
func TestDialsAreASecondApartOnTheWire(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) { p.letIn(roomA, tokenA, "") }, func(p *peer) { p.letIn(roomA, tokenA, ""); p.drain() }))
		cfg := f.config()
		cfg.HTTPClient.Transport = &lateDials{cfg.HTTPClient.Transport, 300 * time.Millisecond}
		s := f.open(cfg)
		next[client.State](t, s)
		lost := next[client.Disconnected](t, s)
		next[client.State](t, s)
		at := f.dials()
		if apart := at[1].at.Sub(at[0].at); apart < time.Second || apart != lost.Retry {
			t.Errorf("two dials are %v apart, after an announced wait of %v", apart, lost.Retry)
		}
	})
}

// The waits double from [0.5, 1) s to [4, 8) s, at random within, and no phone
// dials more than once a second. A connection that held starts them anew, one
// that broke at once does not.
func TestBackoff(t *testing.T) {
	bounds := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second, 4 * time.Second}
	fails := func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }
	waits := map[time.Duration]bool{}
	for range 20 {
		bubble(t, func(t *testing.T) {
			const hold, flap = 6, 7 // these connections are joined, for a minute and for a moment
			f := fake(t, func(n int, w http.ResponseWriter, r *http.Request) {
				switch n {
				case hold:
					script(t, func(p *peer) { p.letIn(roomA, tokenA, ""); time.Sleep(time.Minute) })(n, w, r)
				case flap:
					script(t, func(p *peer) { p.letIn(roomA, tokenA, ""); time.Sleep(time.Second) })(n, w, r)
				default:
					fails(n, w, r)
				}
			})
			s := f.open(f.config())
			var lost []client.Disconnected
			for len(lost) < 9 {
				event, err := s.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if e, ok := event.(client.Disconnected); ok {
					lost = append(lost, e)
				}
			}
			least := append(append([]time.Duration(nil), bounds...), bounds[:3]...) // hold, flap, fail
			if lost[0].Retry != time.Second {
				t.Errorf("wait 0 is %v, want the second that must lie between two dials", lost[0].Retry)
			}
			for i, e := range lost[1:] {
				i++
				if e.Retry < least[i] || e.Retry >= 2*least[i] {
					t.Errorf("wait %d is %v, want [%v, %v)", i, e.Retry, least[i], 2*least[i])
				}
				waits[e.Retry] = true
			}
			dials := f.dials()
			for i := range dials[1:] {
				between := dials[i+1].at.Sub(dials[i].at)
				want := lost[i].Retry
				switch i {
				case hold:
					want += time.Minute
				case flap:
					want += time.Second
				}
				if between != want {
					t.Errorf("dial %d came after %v, announced %v", i+1, between, want)
				}
				if between < time.Second {
					t.Errorf("dial %d came after %v", i+1, between)
				}
			}
			s.Close()
		})
	}
	if len(waits) < 150 { // of 160 that are drawn
		t.Errorf("only %d waits differ", len(waits))
	}
}

func TestCheck(t *testing.T) {
	t.Run("alive", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			f := fake(t, script(t, func(p *peer) { p.letIn(roomA, tokenA, ""); p.drain() }))
			s := f.open(f.config())
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Hour)
			if n := len(f.dials()); n != 1 {
				t.Errorf("dialled %d times", n)
			}
		})
	})
	t.Run("dead", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			f := fake(t, script(t,
				func(p *peer) { p.letIn(roomA, tokenA, ""); <-t.Context().Done() }, // answers no ping
				func(p *peer) { p.letIn(roomA, tokenA, ""); p.drain() },
			))
			s := f.open(f.config())
			next[client.State](t, s)
			time.Sleep(time.Hour)
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if err := s.Check(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("check = %v", err)
			}
			if lost := next[client.Disconnected](t, s); lost.Err.Error() != "relay does not answer a ping" {
				t.Errorf("disconnected by %v", lost.Err)
			}
			next[client.State](t, s)
			if took := time.Since(start); took != 3*time.Second {
				t.Errorf("connected again after %v", took)
			}
			s.Close()
		})
	})
	t.Run("between attempts", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			f := fake(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 0 {
					script(t, func(p *peer) { p.letIn(roomA, tokenA, "") })(n, w, r)
				} else {
					w.WriteHeader(503)
				}
			})
			s := f.open(f.config())
			for range 9 { // in a hurry, but not more than once a second
				synctest.Wait()
				if err := s.Check(t.Context()); err == nil {
					t.Error("checks well without a connection")
				}
				time.Sleep(500 * time.Millisecond)
			}
			dials := f.dials()
			if len(dials) != 5 {
				t.Errorf("dialled %d times in 4.5 s", len(dials))
			}
			for i := range dials[1:] {
				if between := dials[i+1].at.Sub(dials[i].at); between != time.Second {
					t.Errorf("dial %d came after %v", i+1, between)
				}
			}
			s.Close()
		})
	})
}

// A hurry that came too late, when the connection was being made, does not make
// the next one hurried.
func TestCheckDuringDial(t *testing.T) {
	bubble(t, func(t *testing.T) {
		short := func(p *peer) { p.letIn(roomA, tokenA, ""); time.Sleep(time.Minute) }
		good := script(t, short, short, func(p *peer) { p.letIn(roomA, tokenA, ""); p.drain() })
		f := fake(t, func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				time.Sleep(10 * time.Second)
			}
			good(n, w, r)
		})
		s := f.open(f.config())
		next[client.State](t, s)
		next[client.Disconnected](t, s)
		time.Sleep(5 * time.Second)
		if err := s.Check(t.Context()); err == nil {
			t.Error("checks well without a connection")
		}
		next[client.State](t, s)
		lost := next[client.Disconnected](t, s)
		at := time.Now()
		next[client.State](t, s)
		if waited := time.Since(at); waited != lost.Retry {
			t.Errorf("waited %v, announced %v", waited, lost.Retry)
		}
		s.Close()
	})
}

// The bubble fails when a goroutine of the session outlives Close, whatever the
// session is doing.
func TestCloseInEveryState(t *testing.T) {
	for name, handle := range map[string]func(t *testing.T) handler{
		"dialling": func(t *testing.T) handler {
			return func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 0 {
					script(t, func(p *peer) { p.letIn(roomA, tokenA, "") })(n, w, r)
				} else {
					<-r.Context().Done()
				}
			}
		},
		"joining": func(t *testing.T) handler {
			return script(t, func(p *peer) { p.letIn(roomA, tokenA, "") }, func(p *peer) { p.drain() })
		},
		"waiting": func(t *testing.T) handler {
			return func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 0 {
					script(t, func(p *peer) { p.letIn(roomA, tokenA, "") })(n, w, r)
				} else {
					w.Header().Set("Retry-After", "3600")
					w.WriteHeader(429)
				}
			}
		},
		"connected": func(t *testing.T) handler {
			return script(t, func(p *peer) { p.letIn(roomA, tokenA, ""); p.drain() })
		},
		"ended": func(t *testing.T) handler {
			return script(t, func(p *peer) { p.letIn(roomA, tokenA, ""); p.close(1000) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := fake(t, handle(t))
				s := f.open(f.config())
				time.Sleep(2 * time.Second)
				want := client.ErrClosed
				if name == "ended" {
					want = client.ErrRoomExpired
				}
				result := make(chan error, 1)
				go func() {
					_, err := s.Send(context.Background(), "hello")
					result <- err
				}()
				synctest.Wait()
				s.Close()
				s.Close()
				if err := <-result; !errors.Is(err, want) {
					t.Errorf("the send under way = %v", err)
				}
				wantEnd(t, s, want)
			})
		})
	}
}

// What goes wrong with the network is told without naming the room.
func TestErrorsNameNoRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		refusing := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("no route")
		}}}
		_, err := client.Open(ctx, client.Config{URL: "http://relay.example", Identity: alice, Key: testKey, HTTPClient: refusing})
		if err == nil || !strings.Contains(err.Error(), "no route") || strings.Contains(err.Error(), alice.Room().Reveal()) {
			t.Errorf("reads %v", err)
		}
	})
	for name, answer := range map[string]string{
		"a header that is none": "HTTP/1.1 101 Switching Protocols\r\n%s\r\n\r\n",
		"a status that is none": "HTTP/1.1 %s\r\n\r\n",
		"another accept":        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		"another protocol":      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				f := fake(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
					conn, _, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Error(err)
						return
					}
					_, _ = fmt.Fprintf(conn, answer, alice.Room().Reveal()) // the client may be gone
					_ = conn.Close()
				})
				_, err := client.Open(ctx, f.config())
				if err == nil || !strings.Contains(err.Error(), "something else than a handshake") || strings.Contains(err.Error(), alice.Room().Reveal()) {
					t.Errorf("reads %v", err)
				}
			})
		})
	}
	bubble(t, func(t *testing.T) {
		f := fake(t, script(t, func(p *peer) {
			p.letIn(roomA, tokenA, "")
			_ = p.conn.Close(4000, alice.Room().Reveal())
		}, func(p *peer) { p.drain() }))
		s := f.open(f.config())
		next[client.State](t, s)
		if lost := next[client.Disconnected](t, s); lost.Err.Error() != "read from relay: client: relay closed the connection: 4000 slow_consumer" {
			t.Errorf("reads %v", lost.Err)
		}
		s.Close()
	})
}
