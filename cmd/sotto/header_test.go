package main

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sotto/internal/memnet"
)

// A request's line and header have 4 KiB and 5 s; a good one is not cut short by
// what follows it.
func TestHeaderLimits(t *testing.T) {
	const most = 4 << 10
	request := func(size int) string {
		s := "GET / HTTP/1.1\r\nHost: x\r\nX: "
		return s + strings.Repeat("x", size-len(s)-4) + "\r\n\r\n"
	}
	for name, tt := range map[string]struct {
		send   string
		status int // 0: none
		after  time.Duration
	}{
		"small":                   {send: request(100), status: 200},
		"small, with more":        {send: request(100) + strings.Repeat("x", 2*most), status: 200},
		"the largest":             {send: request(most), status: 200},
		"one byte larger":         {send: request(most + 2), status: 431},
		"a long line":             {send: "GET /" + strings.Repeat("x", most) + " HTTP/1.1\r\nHost: x\r\n\r\n", status: 431},
		"half of one":             {send: request(most)[:most-1], status: 400, after: 5 * time.Second},
		"too much without an end": {send: "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", most), status: 431},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(time.Second) // net/http lingers after some answers
				l := memnet.Listen()
				srv := newServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), countingLog(prometheus.NewCounter(prometheus.CounterOpts{Name: "x"})))
				go srv.Serve(l)   //nolint:errcheck // ends with Close
				defer srv.Close() //nolint:errcheck // in memory
				conn, err := (&memnet.Dialer{To: l}).DialContext(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close() //nolint:errcheck // in memory
				began := time.Now()
				go io.WriteString(conn, tt.send) //nolint:errcheck // the relay may close it
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if took := time.Since(began); took != tt.after {
					t.Errorf("it took %v; want %v", took, tt.after)
				}
				switch {
				case err != nil && tt.status != 0, err == nil && res.StatusCode != tt.status:
					t.Errorf("answered %v, %v; want %d", res, err, tt.status)
				case err == nil:
					_ = res.Body.Close()
				}
			})
		})
	}
}
