package relay_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"

	"sotto/internal/memnet"
	"sotto/internal/secheaders"
)

// connect opens a connection and says nothing.
func (w *world) connect(capacity int) net.Conn {
	w.t.Helper()
	return w.connectWith(dialOptions{capacity: capacity})
}

// connectWith is connect with an address and a capacity.
func (w *world) connectWith(o dialOptions) net.Conn {
	w.t.Helper()
	d := memnet.Dialer{To: w.listener, From: o.from, Capacity: o.capacity}
	conn, err := d.DialContext(w.t.Context(), "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// exchange sends request as it is and returns the answer, its body buffered.
func exchange(t *testing.T, conn net.Conn, request string) *http.Response {
	t.Helper()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return answerOn(t, conn)
}

// answerOn reads an answer to what was sent, with its body.
func answerOn(t *testing.T, conn net.Conn) *http.Response {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body = io.NopCloser(bytes.NewReader(body))
	}
	return resp
}

// wantSecurityHeaders checks for those of answers that are not documents.
func wantSecurityHeaders(t *testing.T, resp *http.Response) {
	t.Helper()
	all := http.Header{}
	secheaders.Set(all, false) // over plain HTTP; its own test has the values
	for name := range all {
		if got := resp.Header.Get(name); got != all.Get(name) {
			t.Errorf("%s is %q; want %q", name, got, all.Get(name))
		}
	}
	if len(all) < 10 || resp.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("%d headers, HSTS %q", len(all), resp.Header.Get("Strict-Transport-Security"))
	}
}

// wantNoEcho: what a request carried has the word canary or the name of the
// test's own host in it; an answer has not.
func wantNoEcho(t *testing.T, resp *http.Response, body string) {
	t.Helper()
	head, err := httputil.DumpResponse(resp, false)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.ToLower(string(head) + body)
	for _, word := range []string{"canary", "relay.test", hash("room")} {
		if strings.Contains(all, word) {
			t.Errorf("the answer repeats %q of the request:\n%s", word, all)
		}
	}
}

// acceptLate reads the answer to a handshake that was sent before.
func acceptLate(t *testing.T, conn net.Conn) *client {
	t.Helper()
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "status", resp.StatusCode, http.StatusSwitchingProtocols)
	return startClient(t, conn, br, dialOptions{})
}
