package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

// noRates lets all people of a test come from one address.
var noRates = []string{"--create-rate", "off", "--upgrade-rate", "off", "--max-conns-per-address", "off"}

// SIGTERM in the middle of conversations leaves no goroutine; what else it does,
// TestLogReaderDies sees.
func TestNoGoroutineIsLeft(t *testing.T) {
	before := goleak.IgnoreCurrent()
	const rooms = 10
	p := start(t, append(noRates, "--join-floor", "off")...)
	people := newChat(t, "http://"+await(t, p, `Open http://(\S+)`), rooms)
	people.warm()
	p.stop(t)
	people.wantEnd(websocket.StatusServiceRestart)
	left := goleak.Find(before)
	for deadline := time.Now().Add(patience); left != nil && time.Now().Before(deadline); {
		left = goleak.Find(before) // which waits a little
	}
	if left != nil {
		t.Error(left)
	}
}

// A signal by which Go prints all stacks does not: one that asks for that is an
// orderly end, and a fault, which is not, ends the process without a word.
func TestNoDumpByASignal(t *testing.T) {
	for sig, wantExit := range map[syscall.Signal]int{
		syscall.SIGQUIT: 0, syscall.SIGABRT: 0, syscall.SIGSEGV: 2, syscall.SIGTRAP: 2, syscall.SIGSYS: 2,
	} {
		t.Run(sig.String(), func(t *testing.T) {
			c := startChild(t, nil)
			c.join(t, strings.Repeat("5", 64), 'a').ws.CloseRead(t.Context())
			before := c.String()
			if err := c.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if got := c.ExitCode(); got != wantExit {
				t.Errorf("exit code %d; want %d", got, wantExit)
			}
			said := strings.TrimPrefix(c.String(), before)
			if wantExit == 0 != strings.Contains(said, "relay stopped") || strings.Contains(said, "goroutine") || wantExit != 0 && said != "" {
				t.Errorf("it said %.500s", said)
			}
		})
	}
}

// A drain keeps the rooms there are, says not ready, and ends the relay at its
// time; asked again it takes the other time. Only this machine may ask.
func TestDrain(t *testing.T) {
	c := startChild(t, nil, noRates...)
	people := newChat(t, "http://"+c.addr, 3)
	people.warm()
	drain := func(query string, header ...string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.admin+"/drain"+query, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if header != nil {
			req.Header.Set(header[0], header[1])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	for query, want := range map[string]int{"": 400, "?for=soon": 400, "?for=-1s": 400} {
		if got := drain(query); got != want {
			t.Errorf("drain%s is answered %d; want %d", query, got, want)
		}
	}
	if got := drain("?for=1h", "Origin", "https://elsewhere.example"); got != http.StatusForbidden {
		t.Errorf("a page elsewhere is answered %d", got)
	}
	if got := status(t, "http://"+c.admin+"/readyz"); got != http.StatusOK {
		t.Errorf("readyz = %d before", got)
	}
	if got := drain("?for=1h"); got != http.StatusAccepted {
		t.Errorf("drain is answered %d", got)
	}
	if got := status(t, "http://"+c.admin+"/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("readyz = %d while draining", got)
	}
	if got := status(t, "http://"+c.admin+"/readyz?draining=ok"); got != http.StatusOK {
		t.Errorf("readyz = %d while draining, for those whose rooms are here", got)
	}
	newcomer := c.open(t, strings.Repeat("6", 64))
	if answer, err := newcomer.request(t.Context(), "join", joining("a")); err != nil || !strings.Contains(answer, `"restarting"`) {
		t.Errorf("a newcomer was answered %s, %v", answer, err)
	}
	_ = newcomer.ws.CloseNow() // it answers no closing handshake, and the relay would wait
	if got := drain("?for=1ns"); got != http.StatusAccepted {
		t.Errorf("drain again is answered %d", got)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("the relay ended with %v: %s", err, c.String())
	}
	people.wantEnd(websocket.StatusServiceRestart)
}

func TestFromThisMachine(t *testing.T) {
	for peer, want := range map[string]bool{
		"127.0.0.1:5": true, "[::1]:5": true, "[::ffff:127.0.0.1]:5": true, "10.0.0.11:5": true, "[::ffff:10.0.0.11]:5": true,
		"10.0.0.12:5": false, "[2001:db8::1]:5": false, "@": false, "": false,
	} {
		local := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 11), Port: 8081}
		r := (&http.Request{RemoteAddr: peer}).WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, local))
		if got := fromThisMachine(r); got != want {
			t.Errorf("from %q: %v", peer, got)
		}
	}
}
