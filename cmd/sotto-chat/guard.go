package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"sotto/internal/sandbox"
)

// guarded is what is left of the world, once it is locked out.
type guarded struct {
	http *http.Client
	// missing are the measures that this system does not offer, in words.
	missing string
}

// guard puts the process into its sandbox: it can write no file and connect to
// no port but the relay's, or its proxy's, and those of name servers. What has
// to be read from files is read before.
func guard(o *options) (guarded, error) {
	debug.SetTraceback("none")           // a stack shows memory
	net.DefaultResolver.PreferGo = true  // reads three files only, which stay readable
	_ = time.Now().Local().Format("Jan") // reads the zone
	roots, err := x509.SystemCertPool()
	if err != nil {
		return guarded{}, fmt.Errorf("read the system's certificates: %w", err)
	}
	transport := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
	}
	ports, err := ports(o.url)
	if err != nil {
		return guarded{}, err
	}
	report := sandbox.Enforce(sandbox.Policy{LockMemory: true, ConnectPorts: ports})
	// To connect is the one thing that the policy allows.
	delete(report.Missing, sandbox.Network)
	if err := report.Err(); err != nil && o.strict {
		return guarded{}, err
	}
	var missing []sandbox.Measure
	for _, m := range sandbox.Measures() {
		if _, is := report.Missing[m]; is {
			missing = append(missing, m)
		}
	}
	return guarded{http: &http.Client{Transport: transport}, missing: sandbox.Words(missing)}, nil
}

// ports returns the port of the relay or of the proxy before it.
func ports(relay string) ([]uint16, error) {
	u, err := url.Parse(relay)
	if err != nil {
		return nil, err
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	if err != nil {
		return nil, fmt.Errorf("read the proxy's address: %w", err)
	}
	if proxy != nil {
		u = proxy
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[strings.ToLower(u.Scheme)]
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%q is no port", port)
	}
	return []uint16{uint16(n)}, nil
}
