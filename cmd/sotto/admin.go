package main

import (
	stdlog "log"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sotto/internal/secheaders"
)

// readiness tells whether newcomers should be sent here.
type readiness struct{ now atomic.Int32 }

const (
	notReady int32 = iota
	// draining: no new rooms, and those there are go on.
	draining
	ready
)

func (r *readiness) set(to int32) { r.now.Store(to) }

// newAdmin returns the server of the admin listener: status page, metrics, health
// and, if asked for, profiles, for the host's eyes only.
func newAdmin(o *options, reg *prometheus.Registry, page, drain http.Handler, state *readiness, errorLog *stdlog.Logger) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page)
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		switch is := state.now.Load(); {
		case is == ready, is == draining && r.FormValue("draining") == "ok":
			_, _ = w.Write([]byte("ok"))
		default:
			http.Error(w, "no new rooms", http.StatusServiceUnavailable)
		}
	})
	mux.Handle("POST /drain", drain)
	if o.pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secheaders.Set(w.Header(), r.TLS != nil)
		switch {
		case !asksAdmin(r, o.adminHosts):
			http.Error(w, "not a name of this listener: see --admin-hosts", http.StatusMisdirectedRequest)
		case fromElsewhere(r):
			http.Error(w, "not for pages of another origin", http.StatusForbidden)
		default:
			mux.ServeHTTP(w, r)
		}
	}), errorLog)
}

// asksAdmin reports whether a request names the address it came to, localhost or
// one of the hosts, whatever the port. A page elsewhere whose name was made to
// point here (DNS rebinding) is its own origin to a browser, but sends that name.
// No browser sends none.
func asksAdmin(r *http.Request, hosts []string) bool {
	host := hostOf(r.Host)
	if host == "" || host == "localhost" || slices.Contains(hosts, host) {
		return true
	}
	local, isAddr := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	named, err := netip.ParseAddr(host)
	return isAddr && err == nil && named.Unmap().WithZone("") == local.AddrPort().Addr().Unmap().WithZone("")
}

// hostOf returns a host in lower case, without its port and without the brackets
// of an IPv6 address.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
}

// fromElsewhere reports whether a browser says that a page of another origin is
// behind the request, be it a link.
func fromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return true
	}
	for _, origin := range r.Header.Values("Origin") {
		if !strings.EqualFold(origin, "http://"+r.Host) {
			return true
		}
	}
	return false
}
