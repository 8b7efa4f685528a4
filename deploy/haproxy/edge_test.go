package haproxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sotto/deploy/internal/kit"
	"sotto/internal/selfsigned"
)

// The configuration needs nothing but itself, from the top of the checkout.
func TestConfigurationStandsAlone(t *testing.T) {
	t.Parallel()
	check := exec.Command("haproxy", "-c", "-V", "-f", "deploy/haproxy/haproxy.cfg")
	check.Dir, check.Env = "../..", []string{}
	out, err := check.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Configuration file is valid") {
		t.Fatalf("%v: %s", err, out)
	}
	noWarning(t, string(out))
}

// noWarning looks for HAProxy's doubts about its configuration. A machine
// without name servers gets a warning, which is right.
func noWarning(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		if strings.Contains(line, "config :") && !strings.Contains(line, "no nameservers") {
			t.Errorf("%s", line)
		}
	}
}

func exists(room int) string { return fmt.Sprintf("/api/room/%064x/exists", room) }

// One address may ask for as many rooms as of a single relay, though there are
// several; another is not affected, nor is the page.
func TestLimitAtTheEdge(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, unchanged)
	one, other := from(1), from(2)
	res := kit.Exhaust(t, 120, func(n int) *http.Response {
		res, _ := kit.Get(t, one, c.url+exists(n))
		return res
	})
	if res.Header.Get("Retry-After") == "" {
		t.Error("who asked for too many rooms is not told when to ask again")
	}
	if res, _ := kit.Get(t, one, c.url+"/"); res.StatusCode != http.StatusOK {
		t.Errorf("the page, for who asked for too many rooms: %s", res.Status)
	}
	if res, _ := kit.Get(t, other, c.url+exists(1)); res.StatusCode != http.StatusOK {
		t.Errorf("another address: %s", res.Status)
	}
}

// Relays count clients by their own addresses, whatever the clients say.
func TestRelaysSeeClientAddresses(t *testing.T) {
	t.Parallel()
	const allowed = 5
	c := newCluster(t, 1, unchanged, "--upgrade-rate", fmt.Sprint(allowed))
	one, other := from(1), from(2)
	kit.Exhaust(t, allowed, func(n int) *http.Response {
		// The relay would believe each of these, had it come through.
		said := fmt.Sprintf("198.51.100.%d", n)
		res, _ := kit.Get(t, one, c.url+exists(n), "X-Forwarded-For", said, "Forwarded", "for="+said)
		return res
	})
	if res, _ := kit.Get(t, other, c.url+exists(1)); res.StatusCode != http.StatusOK {
		t.Errorf("another address: %s", res.Status)
	}
}

// With the lines for a certificate, who comes without is sent to https, is told
// to stay there, and meets there.
func TestTLS(t *testing.T) {
	t.Parallel()
	var roots *x509.CertPool
	c := newCluster(t, 2, func(c *cluster, config string) string {
		pair := selfsigned.New(1, c.address(0))
		roots = pair.Roots()
		file := filepath.Join(t.TempDir(), "sotto.pem")
		kit.Write(t, file, string(pair.Cert)+string(pair.Key))
		config = strings.ReplaceAll(config, "    #tls ", "    ")
		config = kit.Swap(t, config, "bind :443 ", "bind "+c.address(0)+":8443 ")
		config = kit.Swap(t, config, "/etc/haproxy/sotto.pem", file)
		c.url = "https://" + c.address(0) + ":8443"
		return config
	})

	plain := from(1)
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, _ := kit.Get(t, plain, "http://"+c.address(0)+":8000/")
	if res.StatusCode != http.StatusPermanentRedirect || !strings.HasPrefix(res.Header.Get("Location"), "https://") {
		t.Errorf("without TLS: %s to %q", res.Status, res.Header.Get("Location"))
	}

	p := newPair(t, 1)
	for _, client := range p.http {
		client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	if res, _ := kit.Get(t, p.http[0], c.url+"/"); res.Header.Get("Strict-Transport-Security") == "" {
		t.Error("nobody is told to stay on https")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	defer p.leave()
	if err := p.meet(ctx, c); err != nil {
		t.Error(err)
	}
	noWarning(t, c.edge.String())
}
