package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotto/internal/program"
	"sotto/internal/selfsigned"
)

// inside is the program running in this process.
type inside struct {
	program.Text // what it says
	cancel       context.CancelFunc
	exit         chan int
}

// start runs the program on free ports until stop.
func start(t *testing.T, args ...string) *inside {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &inside{cancel: cancel, exit: make(chan int, 1)}
	// This process has other tests to run: the sandbox has its own.
	args = append([]string{"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--sandbox", "off"}, args...)
	go func() { p.exit <- run(ctx, args, noEnv, p, p) }()
	t.Cleanup(func() { p.stop(t) })
	return p
}

func (p *inside) stop(t *testing.T) {
	t.Helper()
	p.cancel()
	select {
	case code := <-p.exit:
		if code != exitOK {
			t.Errorf("exit %d: %s", code, p)
		}
		p.exit <- code
	case <-time.After(patience):
		t.Error("the program did not end")
	}
}

// await waits until a program has said what matches, and returns the last group.
func await(t *testing.T, p interface{ Await(string) (string, error) }, pattern string) string {
	t.Helper()
	found, err := p.Await(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func status(t *testing.T, url string) int {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// While sockets are being closed the admin listener says not ready. That takes
// 5 s at most, which a busy machine may miss.
func TestNotReadyWhileDraining(t *testing.T) {
	for deadline := time.Now().Add(patience); !seenNotReady(t); {
		if time.Now().After(deadline) {
			t.Fatal("the program ended and readyz never said that the relay drains")
		}
	}
}

// seenNotReady reports whether a relay was seen not ready before it ended.
func seenNotReady(t *testing.T) bool {
	t.Helper()
	p := start(t)
	addr := await(t, p, `Open http://(\S+)`)
	ready := "http://" + await(t, p, `admin=(\S+)`) + "/readyz"
	if got := status(t, ready); got != http.StatusOK {
		t.Fatalf("readyz = %d before", got)
	}

	// A socket whose peer never answers the closing handshake.
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, err = io.WriteString(c, "GET /room/"+strings.Repeat("0", 64)+"/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "101") {
		t.Fatalf("upgrade: %q, %v", line, err)
	}

	p.cancel()
	for status(t, ready) != http.StatusServiceUnavailable {
		select {
		case code := <-p.exit:
			p.exit <- code
			return false
		default:
		}
	}
	switch got := status(t, strings.Replace(ready, "readyz", "healthz", 1)); got {
	case 0: // it has ended meanwhile
		return false
	case http.StatusOK:
	default:
		t.Errorf("healthz = %d while draining; the process is healthy", got)
	}
	_ = c.Close()
	p.stop(t)
	return true
}

// writePair writes a new self-signed pair into dir by rename, as renewers do.
func writePair(t *testing.T, dir string, serial int64) {
	t.Helper()
	pair := selfsigned.New(serial, "127.0.0.1", "chat.example", "*.wild.example")
	for name, text := range map[string][]byte{"cert.pem": pair.Cert, "key.pem": pair.Key} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+".new", text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

// serialOf returns the serial number of the certificate a server shows.
func serialOf(t *testing.T, addr string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestMissingCertificate(t *testing.T) {
	var said program.Text
	args := []string{"--listen", "127.0.0.1:0", "--admin-listen", "off", "--tls-cert", "/none/c.pem", "--tls-key", "/none/k.pem"}
	if code := run(context.Background(), args, noEnv, &said, &said); code != exitError {
		t.Errorf("exit %d: %s", code, said.String())
	}
}

// A trusted proxy's PROXY header tells the client's address; from anyone else
// it is garbage. The address is seen by the upgrade allowance.
func TestProxyProtocolFromTrustedPeersOnly(t *testing.T) {
	asked := func(addr, header string) int {
		res, _ := ask(t, addr, header+"GET /api/room/"+strings.Repeat("0", 64)+"/exists HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		return res.StatusCode
	}
	from := func(a string) string {
		return "PROXY TCP4 " + netip.MustParseAddr(a).String() + " 192.0.2.1 1234 80\r\n"
	}

	p := start(t, "--upgrade-rate", "1", "--trusted-proxies", "127.0.0.0/8")
	addr := await(t, p, `Open http://(\S+)`)
	for _, tt := range []struct {
		header string
		want   int
	}{
		{from("198.51.100.1"), http.StatusOK},
		{from("198.51.100.1"), http.StatusTooManyRequests},
		{from("198.51.100.2"), http.StatusOK},
		{"", http.StatusOK}, // the proxy itself, without a header
		{"", http.StatusTooManyRequests},
	} {
		if got := asked(addr, tt.header); got != tt.want {
			t.Errorf("%q: %d; want %d", tt.header, got, tt.want)
		}
	}

	q := start(t, "--trusted-proxies", "192.0.2.0/24")
	addr = await(t, q, `Open http://(\S+)`)
	if got := asked(addr, from("198.51.100.1")); got != http.StatusBadRequest {
		t.Errorf("a PROXY header from an untrusted peer: %d; want 400", got)
	}
}
