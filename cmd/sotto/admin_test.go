package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// The admin listener answers where it is asked by its own name, and not to pages
// of another origin: one whose name was made to point at it (DNS rebinding) sends
// that name.
func TestAdmin_AnswersToItsNamesOnly(t *testing.T) {
	p := start(t, "--admin-hosts", "Relay.internal, 192.0.2.9, [2001:db8::9]")
	admin := await(t, p, `admin=(\S+)`)
	for name, tt := range map[string]struct {
		host   string
		header []string // name, value
		want   int
	}{
		"its address":            {host: admin, want: http.StatusOK},
		"without a port":         {host: "127.0.0.1", want: http.StatusOK},
		"localhost":              {host: "LocalHost:1", want: http.StatusOK},
		"a name of its flag":     {host: "relay.internal:8081", want: http.StatusOK},
		"an address of its flag": {host: "192.0.2.9:8081", want: http.StatusOK},
		"IPv6":                   {host: "[2001:DB8::9]:8081", want: http.StatusOK},
		"a name pointed at it":   {host: "canary.example:8081", want: http.StatusMisdirectedRequest},
		"another address":        {host: "127.0.0.2:8081", want: http.StatusMisdirectedRequest},
		"one that begins so":     {host: "localhost.canary.example", want: http.StatusMisdirectedRequest},
		"one that ends so":       {host: "canary.localhost", want: http.StatusMisdirectedRequest},
		"its own page":           {host: admin, header: []string{"Origin", "http://" + admin}, want: http.StatusOK},
		"typed in":               {host: admin, header: []string{"Sec-Fetch-Site", "none"}, want: http.StatusOK},
		"by its own link":        {host: admin, header: []string{"Sec-Fetch-Site", "same-origin"}, want: http.StatusOK},
		"another page":           {host: admin, header: []string{"Origin", "https://canary.example"}, want: http.StatusForbidden},
		"no origin to be told":   {host: admin, header: []string{"Origin", "null"}, want: http.StatusForbidden},
		"another page's picture": {host: admin, header: []string{"Sec-Fetch-Site", "cross-site"}, want: http.StatusForbidden},
		"a neighbour's":          {host: admin, header: []string{"Sec-Fetch-Site", "same-site"}, want: http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/", "/metrics", "/healthz", "/readyz", "/other"} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+admin+path, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				req.Host = tt.host
				if tt.header != nil {
					req.Header.Set(tt.header[0], tt.header[1])
				}
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				want := tt.want
				if path == "/other" && want == http.StatusOK {
					want = http.StatusNotFound
				}
				if res.StatusCode != want || strings.Contains(string(body), "canary") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%s: %d, %v, %s; want %d", path, res.StatusCode, res.Header, body, want)
				}
			}
		})
	}
}

func TestProfilesWhereAskedFor(t *testing.T) {
	for flag, want := range map[string]int{"on": http.StatusOK, "off": http.StatusNotFound} {
		p := start(t, "--pprof", flag)
		url := "http://" + await(t, p, `admin=(\S+)`) + "/debug/pprof/"
		for _, path := range []string{"", "goroutine?debug=2", "heap", "cmdline", "symbol", "trace?seconds=0.01"} {
			if got := status(t, url+path); got != want {
				t.Errorf("--pprof %s: %s is answered %d; want %d", flag, path, got, want)
			}
		}
	}
}
