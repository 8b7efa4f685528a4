package acmetest

import (
	"crypto/ecdsa"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"sotto/internal/program"
)

// sotto is the relay's program.
var sotto string

func TestMain(m *testing.M) {
	// Pebble's own: it is not to pause, to refuse at random, nor to reuse a proof.
	for _, setting := range []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0", "PEBBLE_WFE_NONCEREJECT=0"} {
		name, value, _ := strings.Cut(setting, "=")
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(program.Main("../../..", &sotto, m.Run))
}

// sockets are the relay's, opened by the test and passed as a service manager
// does, since the authority has to know the ports first.
type sockets struct {
	tls, http string
	files     []*os.File
}

func openSockets(t *testing.T) (s sockets) {
	t.Helper()
	for _, to := range []*string{&s.tls, &s.http} {
		addr, f, err := program.Socket()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		*to, s.files = addr, append(s.files, f)
	}
	return s
}

func port(addr string) int { return int(netip.MustParseAddrPort(addr).Port()) }

// relay is the program in its sandbox.
type relay struct {
	sockets
	*program.Process
	admin string
}

// start runs the relay on the sockets until the test ends, and waits until it
// is in its sandbox.
func start(t *testing.T, a *authority, s sockets, args ...string) *relay {
	t.Helper()
	cmd := program.Passing(s.files, "relay:redirect", sotto, append([]string{
		"--acme-domain", domain, "--acme-directory", a.directory, "--admin-listen", "127.0.0.1:0",
	}, args...)...)
	cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+a.rootFile)
	p, err := program.Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{sockets: s, Process: p}
	t.Cleanup(func() { r.stop(t) })
	r.await(t, `sandbox is on`)
	r.admin = r.await(t, `admin=(\S+)`)
	return r
}

func (r *relay) stop(t *testing.T) {
	t.Helper()
	if err := r.Stop(syscall.SIGINT); err != nil {
		t.Errorf("the relay ended with %v: %s", err, r.String())
	}
}

// await waits until the log matches and returns the last group.
func (r *relay) await(t *testing.T, pattern string) string {
	t.Helper()
	found, err := r.Await(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// serial fetches the page, checks the certificate it came under, and returns
// that certificate's number.
func (r *relay) serial(t *testing.T, a *authority) string {
	t.Helper()
	var seen string
	client := &http.Client{Timeout: 3 * time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{
			ServerName: domain, RootCAs: a.issued, MinVersion: tls.VersionTLS13,
			VerifyConnection: func(s tls.ConnectionState) error {
				leaf := s.PeerCertificates[0]
				if _, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok {
					return fmt.Errorf("the key is a %T", leaf.PublicKey)
				}
				seen = leaf.SerialNumber.String()
				return nil
			},
		},
	}}
	res, err := client.Get("https://" + r.tls + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), "<html") {
		t.Fatalf("the page: %s, %v", res.Status, err)
	}
	return seen
}

// metric reads a metric of the relay.
func (r *relay) metric(t *testing.T, name string) string {
	t.Helper()
	res, err := http.Get("http://" + r.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("no metric %s", name)
	}
	return string(m[1])
}

// greet makes a TLS handshake that asks for a name.
func greet(c net.Conn, name string) error {
	return tls.Client(c, &tls.Config{ServerName: name, InsecureSkipVerify: true}).Handshake()
}
