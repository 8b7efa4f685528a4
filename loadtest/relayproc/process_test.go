package relayproc_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sotto/loadtest/relayproc"
)

const childEnv = "SOTTO_RELAYPROC_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		if err := relayproc.Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func command() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stderr = os.Stderr
	return cmd
}

func start(tb testing.TB, secure bool) *relayproc.Process {
	tb.Helper()
	p, err := relayproc.Start(command, secure)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := p.Stop(); err != nil {
			tb.Errorf("stop: %v", err)
		}
	})
	return p
}

func TestProcess(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			p := start(t, secure)
			url := p.URL()
			if strings.HasPrefix(url, "https:") != secure || (p.TLS() != nil) != secure {
				t.Errorf("the URL is %s", url)
			}
			healthy(t, p)
			before, err := p.Usage(t.Context(), true)
			if err != nil || before.RSS == 0 || before.CPU == 0 || before.Goroutines == 0 {
				t.Fatalf("usage is %+v, %v", before, err)
			}
			if err := p.Restart(t.Context(), time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if p.URL() != url {
				t.Errorf("the URL became %s", p.URL())
			}
			healthy(t, p)
			if err := p.Stop(); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Usage(t.Context(), false); err == nil {
				t.Error("a relay that was stopped has a usage")
			}
		})
	}
}

func healthy(t *testing.T, p *relayproc.Process) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{TLSClientConfig: p.TLS(), DisableKeepAlives: true}}
	res, err := client.Get(p.URL() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("healthz answers %s", res.Status)
	}
}

func TestServeNeedsAnOrder(t *testing.T) {
	for name, in := range map[string]string{"nothing": "", "nonsense": "x\n"} {
		t.Run(name, func(t *testing.T) {
			if err := relayproc.Serve(strings.NewReader(in), new(strings.Builder)); err == nil {
				t.Error("no error")
			}
		})
	}
}
