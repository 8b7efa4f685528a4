package proxies_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"sotto/client"
	"sotto/deploy/internal/program"
	"sotto/relay/wire"
)

const patience = 2 * time.Minute

// Through each proxy, configured by the file here, two people meet, the relay
// counts them by their own addresses, and the proxy writes down neither these
// nor paths, not even when the relay is gone.
func TestProxies(t *testing.T) {
	sotto, err := program.Build(t.Context(), "../..", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// One key for all: to derive it takes seconds on a busy machine.
	id, err := client.Derive("1", "1")
	if err != nil {
		t.Fatal(err)
	}
	key := id.Key(wire.RoomID{})
	for n, proxy := range []struct {
		name, config  string
		scheme, relay string
		edit          func(t *testing.T, config, address string) string
		start         func(config string) (*program.Process, error)
	}{
		{
			"Caddy", "Caddyfile", "http", "reverse_proxy 127.0.0.1:8080",
			func(t *testing.T, config, address string) string {
				// Its certificates come from the network; without one it is asked by http.
				return swap(t, config, "\nchat.example.org {", "\nhttp://"+address+":8000 {\n\tbind "+address)
			},
			func(config string) (*program.Process, error) {
				home := filepath.Dir(config)
				return program.Start("env", "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home,
					"caddy", "run", "--adapter", "caddyfile", "--config", config)
			},
		},
		{
			"nginx", "nginx.conf", "https", "http://127.0.0.1:8080;",
			func(t *testing.T, config, address string) string {
				file := filepath.Join(t.TempDir(), "sotto.pem")
				write(t, file, certificate(t, address))
				// Where only root may write otherwise.
				for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
					config = swap(t, config, "http {\n", "http {\n"+kind+"_temp_path "+t.TempDir()+";\n")
				}
				return strings.ReplaceAll(swap(t, config, "listen 443 ssl", "listen "+address+":8000 ssl"), "/etc/nginx/sotto.pem", file)
			},
			func(config string) (*program.Process, error) {
				dir := filepath.Dir(config)
				return program.Start("nginx", "-p", dir, "-c", config, "-g", "daemon off; pid "+dir+"/pid;")
			},
		},
	} {
		t.Run(proxy.name, func(t *testing.T) {
			t.Parallel()
			address, behind := program.Loopback(2*n+1), program.Loopback(2*n+2)
			const allowed = 10
			relay, err := program.Start(sotto, "--listen", behind+":8080", "--admin-listen", behind+":8081",
				"--trusted-proxies", "127.0.0.1/32", "--upgrade-rate", fmt.Sprint(allowed))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = relay.Stop(syscall.SIGKILL) })
			if err := relay.Answers("http://"+behind+":8081/readyz", http.StatusOK); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(proxy.config)
			if err != nil {
				t.Fatal(err)
			}
			config := filepath.Join(t.TempDir(), proxy.config)
			write(t, config, proxy.edit(t, swap(t, string(text), proxy.relay, strings.Replace(proxy.relay, "127.0.0.1", behind, 1)), address))
			p, err := proxy.start(config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.Stop(syscall.SIGTERM) })
			if err := p.Listens(address + ":8000"); err != nil {
				t.Fatal(err)
			}

			url := proxy.scheme + "://" + address + ":8000"
			meet(t, url, key)
			countedApart(t, url, allowed)
			if hsts := get(t, from(9), url+"/").Header.Get("Strict-Transport-Security"); (hsts != "") != (proxy.scheme == "https") {
				t.Errorf("by %s people are told %q about https", proxy.scheme, hsts)
			}

			_ = relay.Stop(syscall.SIGKILL)
			if status := get(t, from(9), url+"/api/room/"+room(0)+"/exists").StatusCode; status != http.StatusBadGateway {
				t.Errorf("without a relay the proxy says %d", status)
			}
			// A line may come later than the answer, but not later than the end.
			if err := p.Stop(syscall.SIGTERM); err != nil {
				t.Errorf("the proxy ended by %v", err)
			}
			if found := regexp.MustCompile(`/room|[0-9a-f]{20}|` + regexp.QuoteMeta(prefix())).FindString(p.Output()); found != "" {
				t.Errorf("the proxy wrote %q down: %s", found, p.Output())
			}
		})
	}
}

// meet has two people open a room and one message cross.
func meet(t *testing.T, url string, key *client.Key) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	code := client.NewPairingCode()
	var sessions [2]*client.Session
	for seat := range sessions {
		id, err := client.Derive("+99 900 000001", fmt.Sprintf("12345%d", seat))
		if err != nil {
			t.Fatal(err)
		}
		s, err := client.Open(ctx, client.Config{URL: url, Identity: id, Code: code, Key: key, HTTPClient: from(1 + seat)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if sessions[seat] = s; await[client.State](ctx, t, s).AwaitingParty != (seat == 0) {
			t.Fatalf("seat %d is in another room", seat)
		}
	}
	if _, err := sessions[1].Send(ctx, "through a proxy"); err != nil {
		t.Fatal(err)
	}
	if got := await[client.NewMessage](ctx, t, sessions[0]).Message.Text; got != "through a proxy" {
		t.Errorf("received %q", got)
	}
}

func await[E client.Event](ctx context.Context, t *testing.T, s *client.Session) E {
	t.Helper()
	for {
		event, err := s.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := event.(E); ok {
			return e
		}
	}
}

// countedApart uses up the allowance of one address, whatever it says about
// itself, and finds another's untouched.
func countedApart(t *testing.T, url string, allowed int) {
	t.Helper()
	for n := range allowed + 1 {
		said := fmt.Sprintf("198.51.100.%d", n)
		res := get(t, from(3), url+"/api/room/"+room(n)+"/exists", "X-Forwarded-For", said)
		if refused := res.StatusCode == http.StatusTooManyRequests; refused != (n == allowed) {
			t.Errorf("request %d: %s", n+1, res.Status)
		}
	}
	if res := get(t, from(4), url+"/api/room/"+room(0)+"/exists"); res.StatusCode != http.StatusOK {
		t.Errorf("another address: %s", res.Status)
	}
}

func room(n int) string { return wire.RoomHash{31: byte(n + 1)}.Reveal() }

// from returns a client with an address of its own; prefix is what all these
// addresses begin with.
func from(n int) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(fmt.Sprint(prefix(), n))}}
	return &http.Client{Transport: &http.Transport{
		DialContext: dialer.DialContext, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // who the proxy is matters not here
	}}
}

func prefix() string { return strings.TrimSuffix(program.Loopback(200), "0") }

func get(t *testing.T, client *http.Client, url string, header ...string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res
}

// certificate returns a certificate and its key in one file.
func certificate(t *testing.T, address string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.ParseIP(address)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// swap replaces what must be there once.
func swap(t *testing.T, text, old, replacement string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q is there %d times, not once", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, replacement, 1)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
