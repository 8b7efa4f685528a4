package secheaders_test

import (
	"net/http"
	"strings"
	"testing"

	"sotto/internal/secheaders"
)

func TestSet(t *testing.T) {
	want := map[string]string{
		"Content-Security-Policy":      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Origin-Agent-Cluster":         "?1",
		"X-Frame-Options":              "DENY",
		"Permissions-Policy":           "camera=(self), microphone=(self), geolocation=(), display-capture=(), usb=(), serial=(), bluetooth=(), payment=()",
		"X-Robots-Tag":                 "noindex",
		"Cache-Control":                "no-store",
	}
	for name, tls := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Cache-Control": {"public", "immutable"}}
			secheaders.Set(h, tls)
			for key, value := range want {
				if got := h.Values(key); len(got) != 1 || got[0] != value {
					t.Errorf("%s = %q, want %q alone", key, got, value)
				}
			}
			n := len(want)
			if tls {
				n++
				if got := h.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=") {
					t.Errorf("Strict-Transport-Security = %q", got)
				}
			}
			if len(h) != n {
				t.Errorf("%d headers, want %d: %v", len(h), n, h)
			}
			// A key that is not canonical would be sent beside the one that a
			// later h.Set writes, and a browser would combine both.
			for key := range h {
				if key != http.CanonicalHeaderKey(key) {
					t.Errorf("%s is not canonical", key)
				}
			}
		})
	}
}

// TestSetSharesNothing makes sure that a handler that appends to one answer's
// header does not reach into another's.
func TestSetSharesNothing(t *testing.T) {
	a, b := http.Header{}, http.Header{}
	secheaders.Set(a, true)
	secheaders.Set(b, true)
	for key := range a {
		a[key][0] = "changed"
		a.Add(key, "more")
	}
	for key, v := range b {
		if len(v) != 1 || v[0] == "changed" {
			t.Errorf("%s is shared between answers: %q", key, v)
		}
	}
}
