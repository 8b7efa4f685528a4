package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/pires/go-proxyproto"
	"github.com/prometheus/client_golang/prometheus"
)

// listenPublic opens the relay's listener: the PROXY protocol from trusted
// proxies, TLS if there is a certificate.
func listenPublic(ctx context.Context, o *options, certs *certificate) (net.Listener, error) {
	l, err := listen(ctx, "listen", o.listen)
	if err != nil {
		return nil, err
	}
	if trusted := o.relay.TrustedProxies; len(trusted) > 0 {
		l = &proxyproto.Listener{
			Listener:          l,
			ReadHeaderTimeout: headerTime,
			ConnPolicy:        proxyPolicy(trusted),
		}
	}
	if certs != nil {
		l = tls.NewListener(l, &tls.Config{
			MinVersion:     tls.VersionTLS12,
			NextProtos:     []string{"http/1.1"},
			GetCertificate: certs.get,
		})
	}
	return l, nil
}

// listen opens a TCP listener for the flag.
func listen(ctx context.Context, flag, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s: another program is listening there; choose another address with --%s", addr, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for --%s: %w", flag, err)
	}
	return l, nil
}

// proxyPolicy reads a PROXY header, where there is one, from trusted peers
// only; anyone else's is taken for the garbage it is.
func proxyPolicy(trusted []netip.Prefix) proxyproto.ConnPolicyFunc {
	return func(c proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
		ap, err := netip.ParseAddrPort(c.Upstream.String())
		if err != nil {
			return proxyproto.SKIP, nil //nolint:nilerr // no address, no trust
		}
		if slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(ap.Addr().Unmap()) }) {
			return proxyproto.USE, nil
		}
		return proxyproto.SKIP, nil
	}
}

// onlyHTTP1 leaves HTTP/2 out: a page of one document and a socket gains
// nothing from it, and its floods need no defence when it is not there.
func onlyHTTP1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

// certificate is the pair of TLS files. It is safe for concurrent use.
type certificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
}

// loadCertificate reads the pair; nil when there is none.
func loadCertificate(certFile, keyFile string) (*certificate, error) {
	if certFile == "" {
		return nil, nil //nolint:nilnil // no certificate is not an error
	}
	c := &certificate{certFile: certFile, keyFile: keyFile}
	return c, c.reload()
}

// reload reads the files again by path, since renewers replace them by rename.
// After an error the old certificate stays.
func (c *certificate) reload() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("load certificate: %w", err)
	}
	c.current.Store(&pair)
	return nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// countingLog is the ErrorLog of the servers: their lines carry addresses, so
// they are counted and thrown away.
func countingLog(count prometheus.Counter) *stdlog.Logger {
	return stdlog.New(countingWriter{count}, "", 0)
}

type countingWriter struct{ count prometheus.Counter }

func (w countingWriter) Write(p []byte) (int, error) {
	w.count.Inc()
	return len(p), nil
}
