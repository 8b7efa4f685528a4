// Package onion tests the torrc beside it, and the relay as it is asked there.
package onion

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sotto/relay"
	"sotto/web"
)

// Debian's Tor takes the configuration; only its folder is another here.
func TestTorrc(t *testing.T) {
	text, err := os.ReadFile("torrc")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "torrc")
	moved := strings.ReplaceAll(string(text), "/var/lib/tor", dir)
	if moved == string(text) {
		t.Fatal("it keeps its key elsewhere")
	}
	if err := os.WriteFile(file, []byte(moved), 0o600); err != nil {
		t.Fatal(err)
	}
	tor := func() string {
		out, err := exec.Command("tor", "--verify-config", "--defaults-torrc", "/dev/null", "--DataDirectory", filepath.Join(dir, "data"), "-f", file).CombinedOutput()
		if err != nil {
			return string(out)
		}
		return ""
	}
	if fault := tor(); fault != "" {
		t.Errorf("Tor does not take it: %s", fault)
	}
	if err := os.WriteFile(file, []byte(moved+"HiddenServiceColour red\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if tor() == "" {
		t.Error("Tor takes anything")
	}
}

// Under an onion name the page is served without HSTS, and is its own origin.
func TestPage(t *testing.T) {
	rl, err := relay.New(relay.Config{Page: web.Handler(web.Config{})})
	if err != nil {
		t.Fatal(err)
	}
	defer rl.Close() //nolint:errcheck // of no consequence
	s := httptest.NewServer(rl)
	defer s.Close()
	onion := strings.Repeat("a", 56) + ".onion"
	for path, want := range map[string]int{"/": 200, "/api/config": 200} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = onion
		req.Header.Set("Origin", "http://"+onion)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want || res.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: %s, HSTS %q", path, res.Status, res.Header.Get("Strict-Transport-Security"))
		}
	}
}
