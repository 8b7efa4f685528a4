package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"aead.dev/minisign"
)

// The signature is one that minisign accepts, of that file alone.
func TestSign(t *testing.T) {
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := minisign.EncryptKey("password", private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	for name, text := range map[string][]byte{key: sealed, filepath.Join(dir, "SHA256SUMS"): []byte("sums\n")} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("MINISIGN_PASSWORD", "password")
	if err := run([]string{"-sign", "-key", key, "-version", "v1.2.3", dir}); err != nil {
		t.Fatal(err)
	}
	signature, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS.minisig"))
	if err != nil {
		t.Fatal(err)
	}
	verify := func(text string) bool {
		r := minisign.NewReader(bytes.NewReader([]byte(text)))
		_, _ = new(bytes.Buffer).ReadFrom(r)
		return r.Verify(public, signature)
	}
	if !verify("sums\n") || verify("sum\n") {
		t.Errorf("the signature is not of the file: %s", signature)
	}
}
