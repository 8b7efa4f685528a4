package secheaders_test

import (
	"net/http"
	"testing"

	"sotto/internal/secheaders"
)

// Each header is there once, whatever was there before, and no handler that
// appends to one answer's reaches into another's. That they are right is web's
// TestHeaders.
func TestSet(t *testing.T) {
	a, b := http.Header{}, http.Header{"Cache-Control": {"public", "immutable"}}
	secheaders.Set(a, true)
	secheaders.Set(b, true)
	for key := range a {
		a[key][0] = "changed"
		a.Add(key, "more")
	}
	for key, v := range b {
		if len(v) != 1 || v[0] == "changed" {
			t.Errorf("%s is shared between answers, or not alone: %q", key, v)
		}
		// Any other would be sent beside the one that a later h.Set writes.
		if key != http.CanonicalHeaderKey(key) {
			t.Errorf("%s is not canonical", key)
		}
	}
}
