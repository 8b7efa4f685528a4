package tun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sotto/loadtest/link"
)

const ms = time.Millisecond

// stand is a phone and an echo of the relay's, with kernel TCP between them.
type stand struct {
	t        *testing.T
	net      *Net
	listener net.Listener
	accepted chan net.Conn
}

// build makes a stand. Where this system can't, it says so, and that the error
// does.
func build(t *testing.T) *stand {
	t.Helper()
	n, err := Open()
	if err != nil {
		if !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
		t.Skipf("not tried: %v", err)
	}
	s := &stand{t: t, net: n, accepted: make(chan net.Conn, 16)}
	if err := n.InRelay(func() (err error) {
		s.listener, err = net.Listen("tcp", net.JoinHostPort(n.Host().String(), "0"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ends with the listener
		defer close(done)
		for {
			c, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.accepted <- c
		}
	}()
	t.Cleanup(func() {
		_ = s.listener.Close()
		<-done
		n.Close()
	})
	return s
}

// phone adds phones with these networks.
func (s *stand) phones(params ...link.Params) []*Link {
	s.t.Helper()
	e := s.net.Emulate(nil)
	s.t.Cleanup(e.Close)
	var phones []*Link
	for i, p := range params {
		phones = append(phones, e.Phone(p, uint64(i), nil).(*Link))
	}
	return phones
}

// connect returns both ends of a connection.
func (s *stand) connect(l *Link) (phone, relay net.Conn) {
	s.t.Helper()
	phone, err := l.DialContext(s.t.Context(), "tcp", s.listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	relay = <-s.accepted
	s.t.Cleanup(func() { _, _ = phone.Close(), relay.Close() })
	for _, c := range []net.Conn{phone, relay} {
		if err := c.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil { // fail, not hang
			s.t.Fatal(err)
		}
	}
	return phone, relay
}

// passes sends n bytes and returns how long they took.
func (s *stand) passes(from, to net.Conn, n int) time.Duration {
	s.t.Helper()
	begun := time.Now()
	sent := make(chan error, 1)
	go func() {
		_, err := from.Write(make([]byte, n))
		sent <- err
	}()
	if _, err := io.ReadFull(to, make([]byte, n)); err != nil {
		s.t.Fatal(err)
	}
	if err := <-sent; err != nil {
		s.t.Fatal(err)
	}
	return time.Since(begun)
}

// Each phone has its address, its distance, and the kernel's TCP. Times have
// only lower bounds: the machine may be busy.
func TestPhonesAreApart(t *testing.T) {
	s := build(t)
	phones := s.phones(link.Params{RTT: 20 * ms}, link.Params{RTT: 200 * ms, Up: 80_000})
	var addrs []string
	for i, l := range phones {
		phone, relay := s.connect(l)
		host, _, _ := net.SplitHostPort(relay.RemoteAddr().String())
		addrs = append(addrs, host)
		for range 3 {
			took := s.passes(phone, relay, 200) + s.passes(relay, phone, 200)
			if least := []time.Duration{20 * ms, 200*ms + 25*ms}[i]; took < least {
				t.Errorf("an echo over phone %d took %v, less than %v", i, took, least)
			}
		}
		stats := l.Stats()
		if stats.Dials != 1 || stats.UpBytes < 3*200+40 || stats.DownBytes < 3*200 {
			t.Errorf("phone %d: %+v", i, stats)
		}
	}
	if fmt.Sprint(addrs) != "[198.18.0.1 198.18.0.2]" {
		t.Errorf("the relay saw %v", addrs)
	}
	phone, relay := s.connect(phones[0])
	if took := s.passes(relay, phone, 1<<20); took <= 0 { // more than a window
		t.Errorf("a megabyte took %v", took)
	}
}

// A change of network ends the phone's connection at once, and leaves a ghost at
// the relay, beside which the phone comes back.
func TestChangeOfNetworkLeavesAGhost(t *testing.T) {
	s := build(t)
	l := s.phones(link.Params{RTT: 10 * ms})[0]
	phone, ghost := s.connect(l)
	s.passes(phone, ghost, 200)
	l.Cut()
	for what, err := range map[string]error{
		"read":  func() error { _, err := phone.Read(make([]byte, 1)); return err }(),
		"write": func() error { _, err := phone.Write(make([]byte, 1)); return err }(),
	} {
		if !errors.Is(err, link.ErrNetworkChanged) || !errors.Is(err, syscall.ECONNABORTED) {
			t.Errorf("%s after a change of network: %v", what, err)
		}
	}
	again, relay := s.connect(l)
	s.passes(again, relay, 200)
	if err := ghost.SetReadDeadline(time.Now().Add(500 * ms)); err != nil {
		t.Fatal(err)
	}
	if _, err := ghost.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the ghost's end met %v", err)
	}
	if ghost.RemoteAddr().String() == relay.RemoteAddr().String() {
		t.Error("the phone came back from the same port")
	}
}

// A relay notices a slow reader: its kernel takes no more.
func TestSlowReader(t *testing.T) {
	s := build(t)
	l := s.phones(link.Params{})[0]
	phone, relay := s.connect(l)
	s.passes(relay, phone, 200)
	if err := relay.(*net.TCPConn).SetWriteBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	l.Slow(64_000, 4<<10)
	if took := s.passes(relay, phone, 4000); took < 500*ms {
		t.Errorf("4000 bytes took %v at 8000 a second", took)
	}
	if err := relay.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := relay.Write(make([]byte, 1<<20))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n > 128<<10 {
		t.Errorf("the relay wrote %d bytes to a slow reader within a second: %v", n, err)
	}
	l.Slow(0, 0)
	if err := relay.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(phone, make([]byte, n)); err != nil {
		t.Errorf("reading what was written: %v", err)
	}
}

func TestDialsEnd(t *testing.T) {
	s := build(t)
	e := s.net.Emulate(nil)
	l := e.Phone(link.Params{}, 1, nil).(*Link)
	port := s.listener.Addr().(*net.TCPAddr).AddrPort().Port()
	if _, err := l.DialContext(t.Context(), "tcp", fmt.Sprintf("198.19.0.1:%d", port^1)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialling where nobody listens: %v", err)
	}
	l.Gap(time.Hour, false)
	ctx, cancel := context.WithTimeout(t.Context(), 100*ms)
	defer cancel()
	if _, err := l.DialContext(ctx, "tcp", s.listener.Addr().String()); !timedOut(err) {
		t.Errorf("dialling into nowhere: %v", err)
	}
	if _, err := l.DialContext(t.Context(), "tcp", "relay:80"); err == nil {
		t.Error("names are looked up")
	}
	if s := l.Stats(); s.Dials != 3 || s.Quickest <= 0 {
		t.Errorf("%+v", s)
	}
	met := make(chan error)
	go func() {
		_, err := l.DialContext(context.Background(), "tcp", s.listener.Addr().String())
		met <- err
	}()
	for l.Stats().Dials < 4 { // it is on its way
		<-time.After(ms)
	}
	e.Close()
	if err := <-met; err == nil {
		t.Error("a dial outlived its emulation")
	}
	if _, err := l.DialContext(t.Context(), "tcp", s.listener.Addr().String()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a dial after the end: %v", err)
	}
}

func timedOut(err error) bool {
	met, ok := errors.AsType[net.Error](err)
	return ok && met.Timeout()
}

// Files, which hold the namespaces, and goroutines are gone after Close.
func TestNothingIsLeft(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	files := openFiles(t)
	t.Run("use", func(t *testing.T) {
		s := build(t)
		l := s.phones(link.Params{RTT: 10 * ms})[0]
		phone, relay := s.connect(l)
		s.passes(phone, relay, 200)
	})
	soon(t, "goroutines are left", func() bool { return goleak.Find(ignore) == nil })
	soon(t, "more files are open than before", func() bool { return openFiles(t) <= files })
}

// soon waits until it is so, for as long as a busy machine may need.
func soon(t *testing.T, or string, so func() bool) {
	t.Helper()
	for late := time.After(time.Minute); !so(); {
		select {
		case <-late:
			t.Fatal(or)
		case <-time.After(ms):
		}
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// What is missing is named.
func TestErrorsNameWhatIsMissing(t *testing.T) {
	build(t) // or this lacks another thing
	missing := filepath.Join(t.TempDir(), "tun")
	n, err := open(missing)
	if err == nil {
		n.Close()
	}
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("error is %v", err)
	}
}
