package proxies_test

import (
	"context"
	"crypto/tls"
	"fmt"
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
	"sotto/deploy/internal/kit"
	"sotto/internal/program"
	"sotto/internal/selfsigned"
	"sotto/wire"
)

const patience = 5 * time.Minute

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
	key := id.Key()
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
				return kit.Swap(t, config, "\nchat.example.org {", "\nhttp://"+address+":8000 {\n\tbind "+address)
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
				pair := selfsigned.New(1, address)
				kit.Write(t, file, string(pair.Cert)+string(pair.Key))
				// Where only root may write otherwise.
				for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
					config = kit.Swap(t, config, "http {\n", "http {\n"+kind+"_temp_path "+t.TempDir()+";\n")
				}
				return strings.ReplaceAll(kit.Swap(t, config, "listen 443 ssl", "listen "+address+":8000 ssl"), "/etc/nginx/sotto.pem", file)
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
			kit.Write(t, config, proxy.edit(t, kit.Swap(t, string(text), proxy.relay, strings.Replace(proxy.relay, "127.0.0.1", behind, 1)), address))
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
			if res, _ := kit.Get(t, from(9), url+"/"); (res.Header.Get("Strict-Transport-Security") != "") != (proxy.scheme == "https") {
				t.Errorf("by %s people are told %q about https", proxy.scheme, res.Header.Get("Strict-Transport-Security"))
			}

			_ = relay.Stop(syscall.SIGKILL)
			if res, _ := kit.Get(t, from(9), url+"/api/room/"+room(0)+"/exists"); res.StatusCode != http.StatusBadGateway {
				t.Errorf("without a relay the proxy says %d", res.StatusCode)
			}
			// A line may come later than the answer, but not later than the end.
			if err := p.Stop(syscall.SIGTERM); err != nil {
				t.Errorf("the proxy ended by %v", err)
			}
			if found := regexp.MustCompile(`/room|[0-9a-f]{20}|` + regexp.QuoteMeta(prefix())).FindString(p.String()); found != "" {
				t.Errorf("the proxy wrote %q down: %s", found, p.String())
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
	kit.Exhaust(t, allowed, func(n int) *http.Response {
		res, _ := kit.Get(t, from(3), url+"/api/room/"+room(n)+"/exists", "X-Forwarded-For", fmt.Sprint("198.51.100.", n))
		return res
	})
	if res, _ := kit.Get(t, from(4), url+"/api/room/"+room(0)+"/exists"); res.StatusCode != http.StatusOK {
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

// Every connection of nginx has a file: the limit that it starts with, often
// 1,024, would end it at 512 phones.
func TestNginxHasFiles(t *testing.T) {
	text, err := os.ReadFile("nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"worker_rlimit_nofile 65536;", "worker_connections 32768;", "worker_processes auto;"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("there is no %s", line)
		}
	}
}
