package memnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"sotto/internal/memnet"
)

var addrA, addrB = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 2}

func TestConformance(t *testing.T) {
	for name, capacity := range map[string]int{"default": 0, "1000 bytes": 1000} {
		t.Run(name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				a, b := memnet.Pipe(capacity, addrA, addrB)
				return a, b, func() { _, _ = a.Close(), b.Close() }, nil
			})
		})
	}
}

// A peer that stops reading costs the writer nothing until the buffer is full;
// then the write deadline ends the write, on the bubble's clock.
func TestWriteBlocksAtCapacity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memnet.Pipe(10, addrA, addrB)
		start := time.Now()
		if n, err := a.Write(make([]byte, 10)); n != 10 || err != nil {
			t.Fatalf("write into an empty buffer = %d, %v", n, err)
		}
		if err := a.SetWriteDeadline(start.Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := a.Write([]byte{1})
		if n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("write into a full buffer = %d, %v", n, err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Fatalf("the deadline came after %v", took)
		}
		if err := a.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if n, err := a.Write(make([]byte, 25)); n != 25 || err != nil {
				t.Errorf("long write = %d, %v", n, err)
			}
		})
		if n, err := io.ReadFull(b, make([]byte, 35)); err != nil {
			t.Fatalf("read %d bytes: %v", n, err)
		}
		wg.Wait()
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memnet.Pipe(0, addrA, addrB)
		if _, err := a.Write([]byte("last words")); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Write([]byte("unread")); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(b); string(got) != "last words" || err != nil {
			t.Errorf("the peer drains %q, %v", got, err)
		}
		if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("the peer's write = %v", err)
		}
		for name, err := range map[string]error{
			"read":         second(a.Read(make([]byte, 1))),
			"write":        second(a.Write([]byte("x"))),
			"set deadline": a.SetDeadline(time.Now()),
			"close":        a.Close(),
		} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s after Close = %v", name, err)
			}
		}
	})
}

func second(_ int, err error) error { return err }

// Close must end the calls that wait on either end.
func TestCloseEndsWaiting(t *testing.T) {
	for name, test := range map[string]struct {
		wait func(a, b net.Conn) error
		want error
	}{
		"own read":     {func(a, _ net.Conn) error { return second(a.Read(make([]byte, 1))) }, net.ErrClosed},
		"own write":    {func(a, _ net.Conn) error { return second(a.Write(make([]byte, 99))) }, net.ErrClosed},
		"peer's read":  {func(_, b net.Conn) error { return second(b.Read(make([]byte, 1))) }, io.EOF},
		"peer's write": {func(_, b net.Conn) error { return second(b.Write(make([]byte, 99))) }, syscall.EPIPE},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memnet.Pipe(10, addrA, addrB)
				result := make(chan error, 1)
				go func() { result <- test.wait(a, b) }()
				synctest.Wait()
				select {
				case err := <-result:
					t.Fatalf("did not wait: %v", err)
				default:
				}
				_ = a.Close()
				if err := <-result; !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
			})
		})
	}
}

func TestCloseWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memnet.Pipe(0, addrA, addrB)
		_, _ = a.Write([]byte("question"))
		_ = a.CloseWrite()
		if got, err := io.ReadAll(b); string(got) != "question" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		if _, err := b.Write([]byte("answer")); err != nil {
			t.Errorf("the other direction: %v", err)
		}
		_ = b.Close()
		if got, err := io.ReadAll(a); string(got) != "answer" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after CloseWrite = %v", err)
		}
	})
}

func TestHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.RemoteAddr)
		})}
		var wg sync.WaitGroup
		wg.Go(func() { _ = server.Serve(l) })

		seen := map[string]bool{}
		for range 3 {
			for _, from := range []string{"203.0.113.9", "2001:db8::7"} {
				client := (&memnet.Dialer{To: l, From: netip.MustParseAddr(from)}).HTTPClient()
				res, err := client.Get("http://relay.example/")
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil {
					t.Fatal(err)
				}
				at := netip.MustParseAddrPort(string(body))
				if at.Addr() != netip.MustParseAddr(from) || seen[string(body)] {
					t.Errorf("dialled from %s, the server saw %s", from, body)
				}
				seen[string(body)] = true
			}
		}
		_ = server.Close()
		wg.Wait()
	})
}

func TestDialEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		d := &memnet.Dialer{To: l}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.DialContext(ctx, "", ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("dial nobody accepts = %v", err)
		}
		waiting := make(chan error, 1)
		go func() {
			_, err := d.DialContext(t.Context(), "", "")
			waiting <- err
		}()
		synctest.Wait()
		_ = l.Close()
		_ = l.Close()
		if err := <-waiting; !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial under way at Close = %v", err)
		}
		if _, err := d.DialContext(t.Context(), "", ""); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial after Close = %v", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close = %v", err)
		}
	})
}

type lender struct {
	bytes [10]byte
	lent  bool
}

func (l *lender) Lend() []byte {
	l.lent = true
	return l.bytes[:]
}

func (l *lender) TakeBack() { l.lent = false }

// ReadReady asks for its buffer when there is something to read; WriteReady takes
// what there is room for and never waits.
func TestReadyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memnet.Pipe(4, nil, nil)
		buf := new(lender)
		got := make(chan string)
		go func() {
			n, err := b.ReadReady(buf)
			if err != nil {
				t.Error(err)
			}
			got <- string(buf.bytes[:n])
		}()
		synctest.Wait()
		if buf.lent {
			t.Error("asked for a buffer with nothing to read")
		}
		if n, err := a.WriteReady([]byte("abcdef")); n != 4 || err != nil {
			t.Errorf("WriteReady = %d, %v; want 4", n, err)
		}
		if s := <-got; s != "abcd" {
			t.Errorf("read %q", s)
		}
		_ = b.Close()
		if _, err := a.WriteReady([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("WriteReady to a closed peer: %v", err)
		}
	})
}
