package main

import (
	"net"
	"net/http"
	"strings"

	"sotto/internal/secheaders"
)

// newRedirect answers plain HTTP with the way to https: to the page, on port
// 443, under a name that the certificate is for. Nothing else of a request
// gets into the answer, so nobody can be sent elsewhere by it. With ACME it
// answers the authority's challenges as well.
func newRedirect(certs certificates) http.Handler {
	redirect := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only https is spoken here", http.StatusMethodNotAllowed)
			return
		case !certs.covers(host):
			http.Error(w, "no such host", http.StatusMisdirectedRequest)
			return
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		// Not a permanent one: browsers keep those on disk.
		w.Header().Set("Location", "https://"+strings.ToLower(host)+"/")
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	var next http.Handler = redirect
	if a, ok := certs.(*acmeCertificates); ok {
		next = a.manager.HTTPHandler(redirect)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secheaders.Set(w.Header(), false)
		next.ServeHTTP(w, r)
	})
}

// behindTLS adds Strict-Transport-Security to what goes out through a trusted
// proxy that says (X-Forwarded-Proto) that the client spoke https to it. The
// last value is the nearest proxy's own.
func behindTLS(next http.Handler, trusted func(peer string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if values := r.Header.Values("X-Forwarded-Proto"); len(values) > 0 && r.TLS == nil && trusted(r.RemoteAddr) {
			last := values[len(values)-1]
			if strings.EqualFold(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]), "https") {
				secheaders.SetHSTS(w.Header())
			}
		}
		next.ServeHTTP(w, r)
	})
}
