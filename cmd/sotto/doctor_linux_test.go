package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	"sotto/relay"
)

// The machine's own state, as /proc says it.
func TestDoctor_Machine(t *testing.T) {
	const swaps = "Filename Type Size Used Priority\n"
	for name, tt := range map[string]struct {
		files  map[string]string
		locked bool
		want   string // levels of swap and core dumps
	}{
		"good":             {map[string]string{"proc/swaps": swaps, "proc/sys/kernel/core_pattern": "core\n"}, false, "ok ok"},
		"swap":             {map[string]string{"proc/swaps": swaps + "/dev/sda2 partition 1 0 -2\n"}, false, "bad ok"},
		"swap, and locked": {map[string]string{"proc/swaps": swaps + "/dev/sda2 partition 1 0 -2\n"}, true, "ok ok"},
		"a crash reporter": {map[string]string{"proc/swaps": swaps, "proc/sys/kernel/core_pattern": "|/usr/share/apport %p\n"}, false, "ok warn"},
		"not known":        {nil, false, "warn ok"},
	} {
		root := fstest.MapFS{}
		for path, text := range tt.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := ofSwap(root, tt.locked).level + " " + ofCores(root).level; got != tt.want {
			t.Errorf("%s: %s; want %s", name, got, tt.want)
		}
	}
}

// What proxies do to a request, right and wrong, is seen as it arrives.
func TestDoctor_Headers(t *testing.T) {
	proxy := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for name, tt := range map[string]struct {
		host, forwarded, proto string
		trusted                []netip.Prefix
		want                   string
	}{
		"no proxy":           {"chat.example", spoofed, "", nil, "ok ok warn"},
		"a good one":         {"chat.example", "203.0.113.9", "https", proxy, "ok ok"},
		"one that appends":   {"chat.example", spoofed + ", 203.0.113.9", "https", proxy, "ok ok"},
		"one that passes on": {"chat.example", spoofed, "https", proxy, "ok bad"},
		"one that is silent": {"chat.example", "", "https", proxy, "ok bad"},
		"one nobody trusts":  {"chat.example", "203.0.113.9", "https", nil, "ok bad"},
		"another Host":       {"127.0.0.1:8080", "203.0.113.9", "https", proxy, "bad ok"},
		"silent about https": {"chat.example", "203.0.113.9", "", proxy, "ok ok warn"},
	} {
		r := &http.Request{Host: tt.host, RemoteAddr: "127.0.0.1:5", Header: http.Header{}}
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if tt.proto != "" {
			r.Header.Set("X-Forwarded-Proto", tt.proto)
		}
		o := &options{relay: relay.Config{TrustedProxies: tt.trusted}}
		var levels []string
		for _, f := range o.ofHeaders(r, "https://chat.example") {
			levels = append(levels, f.level)
			if strings.Contains(f.text, "203.0.113.9") || strings.Contains(f.text, "127.0.0.1") {
				t.Errorf("%s: it says an address: %s", name, f.text)
			}
		}
		if got := strings.Join(levels, " "); got != tt.want {
			t.Errorf("%s: %s; want %s", name, got, tt.want)
		}
	}
}

// It looks at a relay that runs, behind proxies that are well and badly set up,
// by the program itself, and stands in for one that does not run.
func TestDoctor_Relay(t *testing.T) {
	c := startChild(t, nil)
	var free [3]string // addresses at which nothing listens any more
	for i := range free {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		free[i] = l.Addr().String()
		_ = l.Close()
	}
	behind := func(address string, edit func(*http.Request)) string {
		to, err := url.Parse("http://" + address)
		if err != nil {
			t.Fatal(err)
		}
		p := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			r.Out.Header["X-Forwarded-For"] = []string{"203.0.113.9"}
			edit(r.Out)
		}})
		t.Cleanup(p.Close)
		return p.URL
	}
	ask := func(args ...string) (string, int) {
		cmd := exec.Command(buildProgram(t), append([]string{"doctor"}, args...)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		_ = cmd.Run()
		return out.String(), cmd.ProcessState.ExitCode()
	}
	good, wrong := behind(c.addr, func(*http.Request) {}), behind(c.addr, func(r *http.Request) { r.Host = "localhost" })
	for name, tt := range map[string]struct {
		args []string
		want []string
	}{
		"running":      {[]string{good, "1s", "--listen", c.addr}, []string{"ok    relay: answers", "takes its own page for its own", "WebSocket: goes through", "ok    quiet socket: alive after 1s", "kernel: "}},
		"another Host": {[]string{wrong, "--listen", c.addr}, []string{"bad   proxy: changes Host"}},
		"stopped":      {[]string{behind(free[0], func(*http.Request) {}), "--listen", free[0], "--trusted-proxies", "127.0.0.1/32"}, []string{"ok    client's address: told by the proxy"}},
		"elsewhere":    {[]string{good, "--listen", free[1]}, []string{"bad   public address: leads elsewhere"}},
		"nothing":      {[]string{"--listen", free[2]}, []string{"bad   relay: does not answer"}},
	} {
		got, code := ask(tt.args...)
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", name, want, got)
			}
		}
		// A test's address has no https, which is bad by itself.
		if code != exitError {
			t.Errorf("%s: exit code %d", name, code)
		}
	}
	if _, code := ask("tomorrow"); code != exitUsage {
		t.Errorf("a word it does not know: exit code %d", code)
	}
}
