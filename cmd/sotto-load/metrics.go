package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"sotto/loadtest"
)

// metrics serves how a run is doing, in Prometheus's text format, at /metrics.
type metrics struct {
	now    atomic.Pointer[loadtest.Progress]
	server http.Server
}

// serveMetrics listens at an address, which it prints. close ends it.
func serveMetrics(addr string, stderr io.Writer) (*metrics, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, usage("--prometheus: %v", err)
	}
	m := new(metrics)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", m.write)
	m.server = http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	go func() { _ = m.server.Serve(l) }() // ends with close
	say(stderr, "metrics at http://%s/metrics\n", l.Addr())
	return m, nil
}

func (m *metrics) close() { _ = m.server.Close() }

func (m *metrics) update(now loadtest.Progress) { m.now.Store(&now) }

func (m *metrics) write(w http.ResponseWriter, _ *http.Request) {
	p := m.now.Load()
	if p == nil {
		p = new(loadtest.Progress)
	}
	var b strings.Builder
	one := func(name, kind, help string, v any) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
		fmt.Fprintf(&b, "%s %v\n", name, v)
	}
	one("sotto_load_elapsed_seconds", "gauge", "Since the run began.", p.Elapsed.Seconds())
	one("sotto_load_phones", "gauge", "Phones of the run.", p.Phones)
	one("sotto_load_joined_phones", "gauge", "Phones in their rooms now.", p.Joined)
	one("sotto_load_accepted_messages_total", "counter", "Messages the relay has accepted.", p.Messages)
	one("sotto_load_failures_total", "counter", "What phones tried in vain.", p.Errors)
	one("sotto_load_delivery_p50_seconds", "gauge", "Median of planned send to delivered, so far.", p.P50.Seconds())
	one("sotto_load_delivery_p99_seconds", "gauge", "99th percentile of the same.", p.P99.Seconds())
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = io.WriteString(w, b.String()) // to a client that has gone
}
