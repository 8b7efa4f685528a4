package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sotto/internal/sandbox"
)

// certificates are what the relay's own TLS shows. All methods may be called
// concurrently.
type certificates interface {
	// get is tls.Config.GetCertificate.
	get(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// protocols are what TLS offers beside HTTP.
	protocols() []string
	// covers reports whether they are for a host name or IP address.
	covers(host string) bool
	// expires is when the first of them does; zero when there is none yet.
	expires() time.Time
	// allow adds to the sandbox's policy what renewing needs.
	allow(*sandbox.Policy)
}

// newCertificates returns the source of certificates the options name, nil for
// none.
func newCertificates(o *options) (certificates, error) {
	switch {
	case len(o.acme.domains) > 0:
		return newACME(o.acme)
	case o.tlsCert != "":
		return loadCertificate(o.tlsCert, o.tlsKey)
	}
	return nil, nil //nolint:nilnil // no certificate is not an error
}

// tlsConfig speaks TLS 1.3 only, with Go's own choice of key exchange: first
// X25519 with ML-KEM-768, so that what is recorded today can't be opened by a
// quantum computer of tomorrow. Every browser that can run the page (ES2022)
// speaks 1.3, the ones on Android 7 too: they bring TLS of their own. What
// TLS 1.2 would add is certificates in the clear, and ways to be set up badly.
func tlsConfig(certs certificates) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		NextProtos:     append([]string{"http/1.1"}, certs.protocols()...),
		GetCertificate: certs.get,
	}
}

// registerCertificates exports when the certificate ends, so that a host can
// be warned before visitors are, and how often ACME gave none.
func registerCertificates(reg prometheus.Registerer, certs certificates) {
	acme, byACME := certs.(*acmeCertificates)
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sotto_certificate_expires_seconds",
		Help: "Unix time at which the relay's own certificate expires, the first of several; 0 while there is none.",
	}, func() float64 {
		if certs == nil {
			return 0
		}
		end := certs.expires()
		if end.IsZero() {
			return 0
		}
		return float64(end.Unix())
	}), prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "sotto_acme_failures_total",
		Help: "Handshakes, and attempts at start, for which ACME gave no certificate.",
	}, func() float64 {
		if !byACME {
			return 0
		}
		return float64(acme.failures.Load())
	}))
}

// fileCertificate is the pair of TLS files. It is safe for concurrent use.
type fileCertificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
}

// loadCertificate reads the pair.
func loadCertificate(certFile, keyFile string) (*fileCertificate, error) {
	c := &fileCertificate{certFile: certFile, keyFile: keyFile}
	return c, c.reload()
}

// reload reads the files again by path, since renewers replace them by rename.
// After an error the old certificate stays.
func (c *fileCertificate) reload() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("load certificate: %w", err)
	}
	c.current.Store(&pair)
	return nil
}

func (c *fileCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

func (c *fileCertificate) protocols() []string { return nil }

func (c *fileCertificate) leaf() *x509.Certificate { return c.current.Load().Leaf }

func (c *fileCertificate) covers(host string) bool { return c.leaf().VerifyHostname(host) == nil }

func (c *fileCertificate) expires() time.Time { return c.leaf().NotAfter }

// allow lets the sandbox read the directories that a reload reads: those of
// the files and, as renewers point links to them, those of what they are links
// to.
func (c *fileCertificate) allow(p *sandbox.Policy) {
	for _, file := range []string{c.certFile, c.keyFile} {
		p.ReadDirs = append(p.ReadDirs, filepath.Dir(file))
		if target, err := filepath.EvalSymlinks(file); err == nil {
			p.ReadDirs = append(p.ReadDirs, filepath.Dir(target))
		}
	}
	slices.Sort(p.ReadDirs)
	p.ReadDirs = slices.Compact(p.ReadDirs)
}
