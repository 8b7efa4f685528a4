package relay_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"sotto/internal/memnet"
	"sotto/relay"
)

// FuzzEdge says anything to the relay's port: requests whole and broken,
// handshakes, and frames behind them. Nothing panics, the answers are those
// that PROTOCOL.md has, each with its headers, and nothing is left when the
// connection is gone.
func FuzzEdge(f *testing.F) {
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, relay.Config{
				JoinFloor:      -1,
				TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")},
				Admit: func(r *http.Request) error {
					if r.Header.Get("Cookie") != "" {
						return errors.New("not admitted")
					}
					return nil
				},
			})
			sent := edgeBytes(script)
			checkAnswer(t, sent, talk(w.connect(0), sent))
			want(t, "failed sockets", w.metric("sotto_connections_closed_total", "failed"), 0.0)
			want(t, "room panics", w.metric("sotto_room_panics_total", ""), 0.0)
		})
	})
}

// edgeBytes is what a script says. Up to the first empty line of a request it
// says itself. Of the lines behind, one with ! in front says itself too; any
// other is a frame, with its first byte in front.
func edgeBytes(script []byte) []byte {
	text := edgeMacros.Replace(string(script))
	head, rest, whole := strings.Cut(text, "\r\n\r\n")
	if !whole {
		return []byte(text)
	}
	sent := []byte(head + "\r\n\r\n")
	for line := range strings.SplitSeq(rest, "\n") {
		switch {
		case line == "":
		case line[0] == '!':
			sent = append(sent, line[1:]+"\n"...)
		default:
			sent = append(sent, frameBytes(line[0], []byte(line[1:]))...)
		}
	}
	return sent
}

// edgeMacros stand for what the fuzzer could not find by itself.
var edgeMacros = strings.NewReplacer(
	"$W", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
	"$h", hash("room"), "$a", ann.access, "$s", ann.sender, "$b", ben.access,
)

// talk says all and hangs up, and returns what was answered.
func talk(conn net.Conn, sent []byte) []byte {
	answered := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(conn) // until the relay hangs up, or breaks off
		answered <- all
	}()
	_, _ = conn.Write(sent) // fails when the relay has hung up
	_ = conn.(*memnet.Conn).CloseWrite()
	return <-answered
}

// relayAnswers are the statuses that PROTOCOL.md and Config know without a
// page, beside 501, for servers that can't upgrade.
var relayAnswers = map[int]bool{200: true, 400: true, 403: true, 404: true, 405: true, 426: true, 429: true, 503: true}

// serverAnswers are those of net/http itself, to what is no request.
var serverAnswers = map[int]bool{400: true, 417: true, 431: true, 501: true, 505: true}

// checkAnswer looks at the first answer.
func checkAnswer(t *testing.T, sent, answer []byte) {
	t.Helper()
	method, _, _ := strings.Cut(string(sent), " ")
	r := bufio.NewReader(bytes.NewReader(answer))
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	for err == nil && resp.StatusCode == http.StatusContinue {
		resp, err = http.ReadResponse(r, &http.Request{Method: method})
	}
	if err != nil {
		if len(answer) > 0 {
			t.Errorf("the answer is none: %v", err)
		}
		return
	}
	defer func() { _ = resp.Body.Close() }() // in memory
	isJSON := resp.Header.Get("Content-Type") == "application/json"
	switch ours := resp.Header.Get("Content-Security-Policy") != ""; {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		want(t, "key of the handshake", resp.Header.Get("Sec-WebSocket-Accept") != "", true)
	case ours:
		want(t, "whether the relay answers this status", relayAnswers[resp.StatusCode], true)
		wantSecurityHeaders(t, resp)
	case isJSON || !serverAnswers[resp.StatusCode]:
		t.Errorf("an answer without headers: %s", resp.Status)
	}
}
