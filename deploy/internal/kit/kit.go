// Package kit has what the tests of the proxies in front of a relay share.
package kit

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// Get returns status, headers and text of the answer to a request that has
// these header fields, name by value. It waits two minutes at most.
func Get(t *testing.T, client *http.Client, url string, header ...string) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
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
	defer res.Body.Close() //nolint:errcheck // read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// Exhaust sends requests, the n-th by ask(n), until one is refused with 429, which
// it returns. At least as many as are allowed a minute must be answered with 200
// before; the more the longer they take, as the allowance comes back.
func Exhaust(t *testing.T, allowed int, ask func(n int) *http.Response) *http.Response {
	t.Helper()
	for n := range 20 * allowed {
		switch res := ask(n); {
		case res.StatusCode == http.StatusTooManyRequests && n >= allowed:
			return res
		case res.StatusCode != http.StatusOK:
			t.Fatalf("request %d: %s", n+1, res.Status)
		}
	}
	t.Fatalf("none of %d requests was refused; %d are allowed a minute", 20*allowed, allowed)
	return nil
}

// Swap replaces what must be in text once.
func Swap(t *testing.T, text, old, replacement string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q is there %d times, not once", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, replacement, 1)
}

// Write writes a file that its owner alone can read.
func Write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
