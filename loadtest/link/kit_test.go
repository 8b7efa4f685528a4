package link

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"sotto/internal/memnet"
)

const ms = time.Millisecond

// bench is a link in a bubble, with the relay's ends of its connections.
type bench struct {
	t     *testing.T
	net   *Net
	link  *Link
	relay chan net.Conn
	lags  int
}

// bubble runs f with a link of these parameters.
func bubble(t *testing.T, p Params, seed uint64, f func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		listener := memnet.Listen()
		b := &bench{t: t, relay: make(chan net.Conn, 8)}
		b.net = NewNet(func(d time.Duration) {
			if d != 0 {
				b.lags++
			}
		})
		dialer := &memnet.Dialer{To: listener}
		go func() { // ends with the listener
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				b.relay <- c
			}
		}()
		b.link = b.net.Link(p, seed, dialer.DialContext, nil)
		defer func() {
			b.net.Close()
			_ = listener.Close()
			if b.lags > 0 {
				t.Errorf("%d events were late in virtual time", b.lags)
			}
		}()
		f(t, b)
	})
}

// connect returns both ends of a new connection.
func (b *bench) connect() (phone, relay net.Conn) {
	b.t.Helper()
	phone, err := b.link.DialContext(b.t.Context(), "tcp", "relay")
	if err != nil {
		b.t.Fatal(err)
	}
	return phone, <-b.relay
}

// passes sends n bytes from one end to the other and returns how long the last
// of them took.
func (b *bench) passes(from, to net.Conn, n int) time.Duration {
	b.t.Helper()
	begun := time.Now()
	sent := make(chan error, 1)
	go func() {
		_, err := from.Write(make([]byte, n))
		sent <- err
	}()
	if _, err := io.ReadFull(to, make([]byte, n)); err != nil {
		b.t.Fatal(err)
	}
	if err := <-sent; err != nil {
		b.t.Fatal(err)
	}
	return time.Since(begun)
}

func within(t *testing.T, what string, got, want, tolerance time.Duration) {
	t.Helper()
	if (got - want).Abs() > tolerance {
		t.Errorf("%s took %v, want %v ± %v", what, got, want, tolerance)
	}
}

func mustFail(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func timeout(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
