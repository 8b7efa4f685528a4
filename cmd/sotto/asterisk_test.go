package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
)

// OPTIONS * is about no path; net/http answers it by itself unless told not
// to, without the headers that every answer has.
func TestHeadersOnOptionsAsterisk(t *testing.T) {
	p := start(t)
	for name, addr := range map[string]string{
		"relay": await(t, &p.out, `Open http://(\S+)`),
		"admin": await(t, &p.err, `admin=(\S+)`),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if _, err := io.WriteString(c, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK || res.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("answered %s, headers %v", res.Status, res.Header)
			}
		})
	}
}
