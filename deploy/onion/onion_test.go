// Package onion tests the torrc beside it.
package onion

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
