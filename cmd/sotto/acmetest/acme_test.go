package acmetest

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A restart asks for a new certificate, unless there is a cache.
func TestCertificateByTLS(t *testing.T) {
	t.Parallel()
	for name, cached := range map[string]bool{"in memory": false, "in a cache": true} {
		t.Run(name, func(t *testing.T) {
			s := openSockets(t)
			a := newAuthority(t, 1, port(s.tls), 0)
			var args []string
			cache := filepath.Join(t.TempDir(), "cache")
			if cached {
				args = []string{"--acme-cache", cache}
			}
			r := start(t, a, s, args...)
			r.await(t, `certificate is there`)
			first := r.serial(t, a)
			if got := a.orders.Load(); got != 1 {
				t.Errorf("%d certificates were asked for; want 1: of one kind of key", got)
			}
			if got := r.metric(t, "sotto_certificate_expires_seconds"); got == "0" {
				t.Error("the metric knows of no certificate")
			}
			r.stop(t)

			r = start(t, a, s, args...)
			r.await(t, `certificate is there`)
			second := r.serial(t, a)
			if cached && (second != first || a.orders.Load() != 1) {
				t.Errorf("with a cache, %d certificates were asked for, %s then %s", a.orders.Load(), first, second)
			}
			if !cached && (second == first || a.orders.Load() != 2) {
				t.Errorf("without a cache, %d certificates were asked for, %s then %s", a.orders.Load(), first, second)
			}
			checkSandbox(t, r, cached)
			if cached {
				checkCache(t, cache)
			}
		})
	}
}

// checkSandbox reads what the log line says of what was let go.
func checkSandbox(t *testing.T, r *relay, cached bool) {
	t.Helper()
	line := r.await(t, `(?m)^(.*sandbox is on.*)$`)
	for want, is := range map[string]bool{
		"connections out, to name servers and TCP ports": true,
		"files of up to 64 KiB in one folder":            cached,
	} {
		if strings.Contains(line, want) != is {
			t.Errorf("the log says %q: %v; want %v: %s", want, !is, is, line)
		}
	}
	for measure, held := range map[string]bool{"network": false, "files": !cached, "file_size": !cached, "no_capabilities": true} {
		if got := r.metric(t, `sotto_sandbox{measure="`+measure+`"}`) == "1"; got != held {
			t.Errorf("%s holds: %v; want %v", measure, got, held)
		}
	}
}

// checkCache finds nothing left over in the folder, and nothing for others.
func checkCache(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if f.Name() != domain && f.Name() != "acme_account+key" || info.Mode().Perm() != 0o600 {
			t.Errorf("the cache has %s, %v", f.Name(), info.Mode())
		}
	}
}

// Where TLS can't be reached, the listener that redirects answers the
// authority; to everyone else it redirects.
func TestCertificateByHTTP(t *testing.T) {
	t.Parallel()
	s := openSockets(t)
	a := newAuthority(t, port(s.http), 1, 0)
	r := start(t, a, s)
	r.await(t, `certificate is there`)
	r.serial(t, a)

	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]int{
		"/": http.StatusTemporaryRedirect, "/.well-known/acme-challenge/canary": http.StatusNotFound,
	} {
		req, err := http.NewRequest(http.MethodGet, "http://"+s.http+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = domain
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d; want %d", path, res.StatusCode, want)
		}
	}
}

// A certificate is renewed before it ends, inside the sandbox, with nobody
// asking for it.
func TestRenewal(t *testing.T) {
	t.Parallel()
	s := openSockets(t)
	a := newAuthority(t, 1, port(s.tls), 30)
	r := start(t, a, s, "--acme-cache", filepath.Join(t.TempDir(), "cache"))
	r.await(t, `certificate is there`)
	first := r.serial(t, a)
	const metric = "sotto_certificate_expires_seconds"
	ends := r.metric(t, metric)
	for deadline := time.Now().Add(5 * time.Minute); r.metric(t, metric) == ends; <-time.After(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the certificate was not renewed")
		}
	}
	if r.serial(t, a) == first {
		t.Error("the renewed certificate is not served")
	}
	if got := a.orders.Load(); got < 2 {
		t.Errorf("%d certificates were asked for", got)
	}
}

// What goes wrong is told in fixed words and counted: no address, no name.
func TestFailureIsCountedNotQuoted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		authority func(s sockets) *authority
		want      string
	}{
		"authority can't reach the relay": {
			func(sockets) *authority { return newAuthority(t, 1, 1, 0) },
			"authority did not reach this relay by the domain",
		},
		"relay can't reach the authority": {
			func(s sockets) *authority {
				a := newAuthority(t, 1, port(s.tls), 0)
				a.directory = "https://127.0.0.1:9/dir" // where nobody listens
				return a
			},
			"authority not reached",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openSockets(t)
			r := start(t, tt.authority(s), s)
			line := r.await(t, `(?m)^(.*no certificate yet.*)$`)
			if !strings.Contains(line, tt.want) {
				t.Errorf("the log says %q; want %q", line, tt.want)
			}
			if got := r.metric(t, "sotto_acme_failures_total"); got == "0" {
				t.Error("it was not counted")
			}
			// Strangers' names neither ask for certificates nor get into the log.
			for _, stranger := range []string{"canary.example.org", "canary", ""} {
				handshake(t, s.tls, stranger)
			}
			r.stop(t)
			_, after, _ := strings.Cut(r.String(), "sandbox is on")
			if found := regexp.MustCompile(`canary|127\.0|localhost|example`).FindString(after); found != "" {
				t.Errorf("the log has %q:\n%s", found, after)
			}
		})
	}
}

// handshake greets the relay with a name and expects to be refused.
func handshake(t *testing.T, addr, name string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := greet(c, name); err == nil {
		t.Errorf("a handshake for %q was taken", name)
	}
}
