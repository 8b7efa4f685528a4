package acmetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// serverCertificate gives a test server a certificate for localhost, which
// httptest's own is not for.
func serverCertificate(t *testing.T, srv *httptest.Server) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	srv.TLS.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	return der
}

// program builds the relay once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "acmetest")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "sotto")
	build := exec.Command("go", "build", "-o", path, "./cmd/sotto")
	build.Dir = filepath.Join("..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	// Pebble's own: it is not to pause, to refuse at random, nor to reuse a proof.
	for _, setting := range []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0", "PEBBLE_WFE_NONCEREJECT=0"} {
		name, value, _ := strings.Cut(setting, "=")
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// output is what a program running beside the test writes to.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// sockets are the relay's, opened by the test and passed as a service manager
// does, since the authority has to know the ports first.
type sockets struct {
	tls, http *net.TCPListener
}

func openSockets(t *testing.T) sockets {
	t.Helper()
	open := func() *net.TCPListener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l.(*net.TCPListener)
	}
	return sockets{open(), open()}
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// relay is the program in its sandbox.
type relay struct {
	sockets
	cmd      *exec.Cmd
	out, err output
	admin    string
}

// start runs the relay on the sockets until the test ends, and waits until it
// is in its sandbox.
func start(t *testing.T, a *authority, s sockets, args ...string) *relay {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{sockets: s}
	args = append([]string{
		"-c", `LISTEN_PID=$$ exec "$0" "$@"`, path, "--acme-domain", domain, "--acme-directory", a.directory,
		"--admin-listen", "127.0.0.1:0",
	}, args...)
	r.cmd = exec.Command("sh", args...)
	r.cmd.Env = append(os.Environ(), "LISTEN_FDS=2", "LISTEN_FDNAMES=relay:redirect", "SSL_CERT_FILE="+a.rootFile)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.err
	for _, l := range []*net.TCPListener{s.tls, s.http} {
		f, err := l.File()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		r.cmd.ExtraFiles = append(r.cmd.ExtraFiles, f)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.stop(t) })
	r.await(t, `sandbox is on`)
	r.admin = r.await(t, `admin=(\S+)`)
	return r
}

func (r *relay) stop(t *testing.T) {
	t.Helper()
	if r.cmd.ProcessState != nil {
		return
	}
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("the relay ended with %v: %s", err, r.err.String())
	}
}

// await waits until the log matches and returns the last group.
func (r *relay) await(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
		if m := re.FindStringSubmatch(r.err.String()); m != nil {
			return m[len(m)-1]
		}
	}
	t.Fatalf("no %q in %q", pattern, r.err.String())
	return ""
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
	res, err := client.Get("https://" + r.tls.Addr().String() + "/")
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
