// Package container runs the relay as a container is run, as far as that goes
// without an engine, and Caddy in front of it.
package container

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"sotto/internal/program"
)

// TestTry runs a static binary as nobody without capabilities in a read-only
// chroot, and Caddy in front of it. Where namespaces can't be made (no root) it
// only asks the program who it is.
func TestTry(t *testing.T) {
	binary, err := program.Build(t.Context(), "../..", t.TempDir(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-trimpath")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(binary, "version").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, need := range []string{"caddy", "ip", "openssl"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Fatalf("%s is needed: make prerequisites installs it", need)
		}
	}
	out, err := exec.Command("./try", binary).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 77:
		t.Logf("the relay was built but not run: %s", out)
	case err != nil || strings.Count(string(out), "\n") != 3:
		t.Errorf("%v:\n%s", err, out)
	default:
		t.Logf("%s", out)
	}
}
