// Package container tests the image that the Dockerfile beside it describes,
// as far as that goes without a container engine.
package container

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// lastStage returns the instructions of the image itself.
func lastStage(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var stage []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "FROM "):
			stage = []string{line}
		default:
			stage = append(stage, line)
		}
	}
	return stage
}

// The image is one file on nothing, run by a number, without a shell.
func TestDockerfile(t *testing.T) {
	stage := lastStage(t)
	want := []string{
		"FROM scratch",
		"COPY --from=build /out/sotto /sotto",
		"USER 65532:65532",
		"EXPOSE 8080 8081",
		"STOPSIGNAL SIGTERM",
		`HEALTHCHECK --interval=30s --timeout=10s --start-period=5s CMD ["/sotto", "healthcheck"]`,
		`ENTRYPOINT ["/sotto"]`,
	}
	if !slices.Equal(stage, want) {
		t.Errorf("the image is\n%s", strings.Join(stage, "\n"))
	}
	// The compiler is the one that go.mod asks for.
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(mod))
	if version == nil || !strings.Contains(string(dockerfile), "\nFROM golang:"+version[1]+" AS build\n") {
		t.Errorf("the Dockerfile does not build with Go %v", version)
	}
}

// TestTry makes the image's root, runs it as nobody without capabilities in a
// read-only chroot, and Caddy in front of it. Where namespaces can't be made (no
// root) it only makes the root and asks the program who it is.
func TestTry(t *testing.T) {
	root := t.TempDir()
	if out, err := exec.Command("./rootfs", root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command(root+"/sotto", "version").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, need := range []string{"caddy", "ip", "openssl"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Fatalf("%s is needed: make prerequisites installs it", need)
		}
	}
	out, err := exec.Command("./try", root).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 77:
		t.Logf("the image was made but not run: %s", out)
	case err != nil || strings.Count(string(out), "\n") != 3:
		t.Errorf("%v:\n%s", err, out)
	default:
		t.Logf("%s", out)
	}
}
