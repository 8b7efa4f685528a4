// Package container tests the image that the Dockerfile beside it describes,
// as far as that goes without a container engine.
package container

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The image is the released file on nothing, run by a number, without a shell.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		"FROM scratch",
		"ARG TARGETARCH",
		"COPY --chmod=0755 bin/release/sotto-linux-${TARGETARCH} /sotto",
		"USER 65532:65532",
		"EXPOSE 8080 8081",
		"STOPSIGNAL SIGTERM",
		`HEALTHCHECK --interval=30s --timeout=10s --start-period=5s CMD ["/sotto", "healthcheck"]`,
		`ENTRYPOINT ["/sotto"]`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the image is\n%s", strings.Join(got, "\n"))
	}
	// That is where a release puts it, and what the build may see.
	for file, line := range map[string]string{
		"../../scripts/release":   "\n    binary=$work/out/sotto-linux-$arch\n",
		"../../Makefile":          "\nrelease: ## static binaries of REF (HEAD) into bin/release,",
		"Dockerfile.dockerignore": "*\n!bin/release/sotto-linux-*\n",
	} {
		if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), line) {
			t.Errorf("%s has no %q (%v)", file, line, err)
		}
	}
}

// TestTry runs a static binary as nobody without capabilities in a read-only
// chroot, and Caddy in front of it. Where namespaces can't be made (no root) it
// only asks the program who it is.
func TestTry(t *testing.T) {
	binary := t.TempDir() + "/sotto"
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/sotto")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
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
