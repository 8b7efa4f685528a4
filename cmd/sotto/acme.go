package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"sotto/internal/sandbox"
)

// acmeOptions say which certificates to ask which authority for.
type acmeOptions struct {
	domains   []string
	directory string
	cache     string // "": kept in memory
}

// acmeCertificates gets and renews certificates by ACME. Challenges come in by
// TLS (tls-alpn-01), and by HTTP where there is a listener for that.
type acmeCertificates struct {
	options acmeOptions
	manager *autocert.Manager
	// ended cancels what is asked of the authority.
	ended  context.Context
	cancel context.CancelFunc

	// failures counts handshakes and attempts at start without a certificate.
	failures atomic.Uint64

	mu sync.Mutex
	// there are the domains that have a certificate; guarded by mu.
	there map[string]bool
}

// newACME prepares for the authority. It reads the roots to trust it by now,
// as the sandbox will not let anyone do so later; SSL_CERT_FILE and
// SSL_CERT_DIR can name others.
func newACME(o acmeOptions) (*acmeCertificates, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("load the roots of certificate authorities: %w", err)
	}
	if o.cache != "" {
		if err := checkCache(o.cache); err != nil {
			return nil, err
		}
	}
	c := &acmeCertificates{options: o, there: make(map[string]bool)}
	c.ended, c.cancel = context.WithCancel(context.Background())
	dialer := &net.Dialer{Timeout: 30 * time.Second, Resolver: &net.Resolver{PreferGo: true}}
	dialer.SetMultipathTCP(false)
	client := &http.Client{
		Timeout: time.Minute,
		Transport: cancelling{c.ended, &http.Transport{
			// No proxy of the environment: the sandbox knows of none.
			DialContext:         dialer.DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 30 * time.Second,
			IdleConnTimeout:     time.Minute,
			ForceAttemptHTTP2:   true,
		}},
	}
	c.manager = &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		HostPolicy: c.policy,
		Client:     &acme.Client{DirectoryURL: o.directory, HTTPClient: client, UserAgent: "sotto"},
	}
	if o.cache != "" {
		c.manager.Cache = quietCache{autocert.DirCache(o.cache)}
	}
	return c, nil
}

// checkCache makes the folder and tries it: autocert would go on without one,
// and every restart ask for new certificates.
func checkCache(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of --acme-cache: %w", err)
	}
	f, err := os.CreateTemp(dir, "try")
	if err != nil {
		return fmt.Errorf("write to the folder of --acme-cache: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// errHost and errCache stand for errors whose texts hold what a client sent.
var (
	errHost  = errors.New("acme: not a host of this relay")
	errCache = errors.New("acme: the cache can't be used")
)

// policy lets certificates be asked for the listed names only. A name may come
// from a Host header, with a port.
func (c *acmeCertificates) policy(_ context.Context, host string) error {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if !c.covers(host) {
		return errHost
	}
	return nil
}

func (c *acmeCertificates) covers(host string) bool {
	return slices.Contains(c.options.domains, strings.ToLower(host))
}

func (c *acmeCertificates) protocols() []string { return []string{acme.ALPNProto} }

// get finds the certificate, or asks for one, which takes seconds. It is
// always one with an ECDSA key: autocert would look for TLS 1.2's cipher suites
// in the greeting, find none and get an RSA one too.
func (c *acmeCertificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acme.ALPNProto {
		return c.manager.GetCertificate(hello) // the authority's challenge
	}
	name := strings.ToLower(hello.ServerName)
	if !c.covers(name) {
		return nil, errHost
	}
	cert, err := c.manager.GetCertificate(helloFor(name))
	if err != nil {
		c.failures.Add(1)
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.there[name] = true
	return cert, nil
}

// helloFor is the greeting of a client that takes ECDSA.
func helloFor(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: name, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// expires looks at the certificates as they are now, renewed or not: where
// there is one autocert answers from memory.
func (c *acmeCertificates) expires() time.Time {
	c.mu.Lock()
	domains := slices.Collect(maps.Keys(c.there))
	c.mu.Unlock()
	var first time.Time
	for _, domain := range domains {
		cert, err := c.manager.GetCertificate(helloFor(domain))
		if err == nil && (first.IsZero() || cert.Leaf.NotAfter.Before(first)) {
			first = cert.Leaf.NotAfter
		}
	}
	return first
}

func (c *acmeCertificates) allow(p *sandbox.Policy) {
	p.WriteDir = c.options.cache
	p.ConnectPorts = []uint16{443}
	if u, err := url.Parse(c.options.directory); err == nil && u.Port() != "" {
		if port, err := strconv.ParseUint(u.Port(), 10, 16); err == nil && port != 443 {
			p.ConnectPorts = append(p.ConnectPorts, uint16(port))
		}
	}
}

// obtain asks for every certificate now, so that no visitor has to wait, and
// returns when that is done or cancelled. The relay must be serving: the
// authority calls back.
func (c *acmeCertificates) obtain(log zerolog.Logger) {
	for i, domain := range c.options.domains {
		_, err := c.get(helloFor(domain))
		switch {
		case c.ended.Err() != nil:
			return
		case err != nil:
			log.Warn().Int("domain", i+1).Str("problem", acmeProblem(err)).
				Msg("no certificate yet: the next visitor of that domain makes the relay ask again")
		default:
			log.Info().Int("domain", i+1).Msg("certificate is there")
		}
	}
}

// acmeProblem says in one word why there is no certificate. The text of the
// error is not for logs: it can hold addresses.
func acmeProblem(err error) string {
	const urn = "urn:ietf:params:acme:error:"
	var answer *acme.Error
	var transport *url.Error
	switch {
	case errors.As(err, &answer):
		word, ok := strings.CutPrefix(answer.ProblemType, urn)
		if ok && len(word) <= 32 && strings.Trim(strings.ToLower(word), "abcdefghijklmnopqrstuvwxyz") == "" {
			return word
		}
		return "refused"
	case errors.As(err, &transport):
		return "authority not reached"
	case errors.Is(err, errCache):
		return "cache not usable"
	case strings.HasSuffix(err.Error(), "no viable challenge type found"):
		return "authority did not reach this relay by the domain"
	}
	return "other"
}

// cancelling cuts requests once its context has ended: autocert knows of none.
type cancelling struct {
	ctx  context.Context
	next *http.Transport
}

func (t cancelling) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	unhook := context.AfterFunc(t.ctx, cancel)
	release := func() { unhook(); cancel() }
	res, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		release()
		return nil, err
	}
	res.Body = releasing{res.Body, release}
	return res, nil
}

// releasing is a body that frees its request's context.
type releasing struct {
	io.ReadCloser
	release func()
}

func (b releasing) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}

// quietCache is a directory whose errors tell no names: autocert answers with
// them.
type quietCache struct{ dir autocert.DirCache }

func (c quietCache) Get(ctx context.Context, key string) ([]byte, error) {
	data, err := c.dir.Get(ctx, key)
	return data, quietly(err)
}

func (c quietCache) Put(ctx context.Context, key string, data []byte) error {
	return quietly(c.dir.Put(ctx, key, data))
}

func (c quietCache) Delete(ctx context.Context, key string) error {
	return quietly(c.dir.Delete(ctx, key))
}

func quietly(err error) error {
	if err == nil || errors.Is(err, autocert.ErrCacheMiss) {
		return err
	}
	return errCache
}
