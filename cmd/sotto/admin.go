package main

import (
	stdlog "log"
	"net/http"
	"net/http/pprof"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sotto/internal/secheaders"
)

// readiness tells whether newcomers should be sent here.
type readiness struct{ ready atomic.Bool }

func (r *readiness) set(ready bool) { r.ready.Store(ready) }

// newAdmin returns the server of the admin listener: status page, metrics,
// health and profiles, for the host's eyes only.
func newAdmin(reg *prometheus.Registry, page http.Handler, ready *readiness, errorLog *stdlog.Logger) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page)
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.ready.Load() {
			http.Error(w, "draining", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok"))
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secheaders.Set(w.Header(), r.TLS != nil)
		mux.ServeHTTP(w, r)
	}), errorLog)
}
