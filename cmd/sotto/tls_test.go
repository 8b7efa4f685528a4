package main

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// startTLS runs the program with a certificate for 127.0.0.1, chat.example and
// *.wild.example, and a listener that redirects.
func startTLS(t *testing.T) (relay, redirect string) {
	t.Helper()
	dir := t.TempDir()
	writePair(t, dir, 1)
	p := start(t, "--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem"),
		"--redirect-listen", "127.0.0.1:0")
	return await(t, p, `Open https://(\S+)`), await(t, p, `redirect=(\S+)`)
}

// The handshake is TLS 1.3 with a key exchange that no quantum computer undoes.
func TestTLSHandshake(t *testing.T) {
	relay, _ := startTLS(t)
	c, err := tls.Dial("tcp", relay, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if s := c.ConnectionState(); s.Version != tls.VersionTLS13 || s.CurveID != tls.X25519MLKEM768 {
		t.Errorf("%s with %v; want TLS 1.3 with X25519MLKEM768", tls.VersionName(s.Version), s.CurveID)
	}
	old, err := tls.Dial("tcp", relay, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err == nil {
		_ = old.Close()
		t.Error("TLS 1.2 was taken")
	}
}

// ask sends a request as it stands and returns the answer, with its body read.
func ask(t *testing.T, addr, request string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// Whoever comes by plain HTTP is sent to the page under a name of the
// certificate, and to nowhere else whatever they say.
func TestRedirect(t *testing.T) {
	_, redirect := startTLS(t)
	tests := map[string]struct {
		request, host string
		status        int
		location      string
	}{
		"by name":              {"GET /", "chat.example", 307, "https://chat.example/"},
		"head":                 {"HEAD /", "chat.example", 307, "https://chat.example/"},
		"with a port":          {"GET /", "chat.example:80", 307, "https://chat.example/"},
		"in capitals":          {"GET /", "CHAT.Example", 307, "https://chat.example/"},
		"by address":           {"GET /", "127.0.0.1:8080", 307, "https://127.0.0.1/"},
		"below a wildcard":     {"GET /", "a.wild.example", 307, "https://a.wild.example/"},
		"a path is dropped":    {"GET /canary?canary#canary", "chat.example", 307, "https://chat.example/"},
		"a room":               {"GET /room/" + strings.Repeat("0", 64) + "/ws", "chat.example", 307, "https://chat.example/"},
		"an absolute URL":      {"GET http://canary.example/", "chat.example", 421, ""},
		"another's name":       {"GET /", "canary.example", 421, ""},
		"two below":            {"GET /", "a.b.wild.example", 421, ""},
		"a name that ends so":  {"GET /", "canarychat.example", 421, ""},
		"with a user":          {"GET /", "chat.example@canary.example", 400, ""},
		"with a slash":         {"GET /", "canary.example/chat.example", 400, ""},
		"without a host":       {"GET /", "", 421, ""},
		"not to be redirected": {"POST /canary", "chat.example", 405, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			res, body := ask(t, redirect, tt.request+" HTTP/1.1\r\nHost: "+tt.host+"\r\nConnection: close\r\n\r\n")
			if res.StatusCode != tt.status || res.Header.Get("Location") != tt.location {
				t.Errorf("%d to %q; want %d to %q", res.StatusCode, res.Header.Get("Location"), tt.status, tt.location)
			}
			var all strings.Builder
			_ = res.Header.Write(&all)
			if strings.Contains(all.String()+body, "canary") {
				t.Errorf("the answer repeats what was asked: %s%s", all.String(), body)
			}
			if res.StatusCode == http.StatusBadRequest {
				return // Go's own, to what is not HTTP
			}
			if res.Header.Get("Content-Security-Policy") == "" || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers are missing: %v", res.Header)
			}
			if res.Header.Get("Strict-Transport-Security") != "" {
				t.Error("HSTS over plain HTTP")
			}
		})
	}
}

// HSTS is promised where the client speaks TLS, to the relay or to a proxy that
// is trusted to say so, and nowhere else.
func TestHSTSOnlyUnderTLS(t *testing.T) {
	const header = "Strict-Transport-Security"
	relay, _ := startTLS(t)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	for _, path := range []string{"/", "/about", "/api/config", "/healthz", "/no-such", "/room/x/ws"} {
		res, err := client.Get("https://" + relay + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if !strings.HasPrefix(res.Header.Get(header), "max-age=") {
			t.Errorf("%s over TLS has no %s", path, header)
		}
	}

	for name, tt := range map[string]struct {
		proxies, forwarded string
		want               bool
	}{
		"plain":                      {},
		"a proxy with TLS":           {"127.0.0.0/8", "X-Forwarded-Proto: https\r\n", true},
		"a proxy behind another":     {"127.0.0.0/8", "X-Forwarded-Proto: http, HTTPS\r\n", true},
		"a proxy without":            {"127.0.0.0/8", "X-Forwarded-Proto: http\r\n", false},
		"a client that says so":      {"127.0.0.0/8", "X-Forwarded-Proto: https, http\r\n", false},
		"a client, in another line":  {"127.0.0.0/8", "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", false},
		"a proxy that is not ours":   {"192.0.2.0/24", "X-Forwarded-Proto: https\r\n", false},
		"with nobody to be believed": {"", "X-Forwarded-Proto: https\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, "--trusted-proxies", tt.proxies)
			addr := await(t, p, `Open http://(\S+)`)
			for _, path := range []string{"/", "/api/config"} {
				res, _ := ask(t, addr, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+tt.forwarded+"\r\n")
				if got := res.Header.Get(header) != ""; got != tt.want {
					t.Errorf("%s has %s: %v; want %v", path, header, got, tt.want)
				}
			}
		})
	}
}

// OPTIONS * is about no path; net/http answers it by itself unless told not
// to, without the headers that every answer has.
func TestHeadersOnOptionsAsterisk(t *testing.T) {
	p := start(t)
	for name, addr := range map[string]string{
		"relay": await(t, p, `Open http://(\S+)`),
		"admin": await(t, p, `admin=(\S+)`),
	} {
		res, _ := ask(t, addr, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if res.StatusCode == http.StatusOK || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s answers %s, headers %v", name, res.Status, res.Header)
		}
	}
}

func TestContradictions(t *testing.T) {
	for want, args := range map[string][]string{
		"--acme-domain and --tls-cert exclude":        {"--acme-domain", "a.example", "--tls-cert", "c", "--tls-key", "k"},
		"--acme-cache needs --acme-domain":            {"--acme-cache", "dir"},
		"--redirect-listen needs --acme-domain":       {"--redirect-listen", ":80"},
		"--sandbox require excludes --acme-domain":    {"--acme-domain", "a.example", "--sandbox", "require"},
		`"https://a.example", which is no domain`:     {"--acme-domain", "https://a.example"},
		`"*.a.example", which is no domain`:           {"--acme-domain", "*.a.example"},
		`"localhost", which is no domain`:             {"--acme-domain", "localhost"},
		`"192.0.2.1", which is no domain`:             {"--acme-domain", "192.0.2.1"},
		`flag --acme-directory: "http://a.example/d"`: {"--acme-domain", "a.example", "--acme-directory", "http://a.example/d"},
	} {
		if _, _, err := parseOptions(args, noEnv); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", args, err, want)
		}
	}
	o, _, err := parseOptions([]string{"--acme-domain", "A.example, bücher.example."}, noEnv)
	if err != nil || len(o.acme.domains) != 2 || o.acme.domains[0] != "a.example" || o.acme.domains[1] != "xn--bcher-kva.example" {
		t.Errorf("domains %q, %v", o.acme.domains, err)
	}
}
