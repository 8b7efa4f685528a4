// Package pkg installs what a release has made, as those who get it do, and
// starts each relay.
package pkg

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"sotto/internal/program"
)

const version = "v0.9.1"

// out is a release of the last commit, for this machine and a small board.
var out string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "release")
		if err == nil {
			defer os.RemoveAll(dir) //nolint:errcheck // of no consequence
			out = filepath.Join(dir, "out")
			cmd := exec.Command("../../../scripts/release")
			cmd.Env = append(os.Environ(), "VERSION="+version, "ARCHES="+runtime.GOARCH+" armv7", "OUT="+out)
			var said []byte
			if said, err = cmd.CombinedOutput(); err != nil {
				err = fmt.Errorf("release: %w: %s", err, said)
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// run runs a program that has to be there and returns what it says.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	said, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, said)
	}
	return string(said)
}

// serves starts a relay in a root of its own and asks it for its page and for its
// end.
func serves(t *testing.T, command ...string) {
	t.Helper()
	p, err := program.Start(command[0], append(command[1:], "--listen", "127.0.0.1:0", "--admin-listen", "off")...)
	if err != nil {
		t.Fatal(err)
	}
	url, err := p.Await(`Open (http://\S+)`)
	if err == nil {
		err = p.Answers(url, http.StatusOK)
	}
	if end := p.Stop(syscall.SIGINT); err != nil || end != nil {
		t.Fatalf("%v, %v: %s", err, end, p)
	}
}

func file(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(out, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %q, %v", pattern, found, err)
	}
	return found[0]
}

// installed checks that a root has what a package brings.
func installed(t *testing.T, root string) {
	t.Helper()
	for _, name := range []string{
		"usr/bin/sotto", "usr/sbin/sotto-mode", "usr/lib/systemd/system/sotto.service", "usr/lib/sysusers.d/sotto.conf",
		"usr/share/sotto/acme/service.conf", "usr/share/man/man1/sotto.1", "etc/sotto/sotto.env", "usr/share/doc/sotto/copyright",
		"usr/share/bash-completion/completions/sotto",
	} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "var/lib/sotto")); err == nil {
		t.Error("there is a folder for state")
	}
}

// A .deb is installed, upgraded with its settings kept, removed and purged, in a
// root made by hand; nothing of it is left.
func TestDeb(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/updates", "var/lib/dpkg/info", "bin"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	// Its scripts run here, without the root; they see that no systemd is booted.
	dpkg := []string{"--root=" + root, "--force-script-chrootless", "--force-architecture", "--log=" + root + "/log"}
	deb := file(t, "sotto_*_"+runtime.GOARCH+".deb")
	run(t, "dpkg", append(dpkg, "--install", deb)...)
	installed(t, root)
	serves(t, filepath.Join(root, "usr/bin/sotto"), "--sandbox", "off")
	if got := run(t, filepath.Join(root, "usr/bin/sotto"), "version"); !strings.HasPrefix(got, "sotto "+version+" ") {
		t.Errorf("it is %s", got)
	}
	settings := filepath.Join(root, "etc/sotto/sotto.env")
	if err := os.WriteFile(settings, []byte("SOTTO_LOG_LEVEL=warn\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "dpkg", append(dpkg, "--force-confold", "--install", deb)...)
	if text, err := os.ReadFile(settings); err != nil || string(text) != "SOTTO_LOG_LEVEL=warn\n" {
		t.Errorf("after an upgrade the settings are %q, %v", text, err)
	}
	run(t, "dpkg", append(dpkg, "--purge", "sotto")...)
	for _, dir := range []string{"usr", "etc/sotto"} {
		if left, err := os.ReadDir(filepath.Join(root, dir)); err == nil && len(left) > 0 {
			t.Errorf("%s is left in %s", left[0].Name(), dir)
		}
	}
}

// The .rpm is read by Debian's rpm, and what it holds is the same relay.
func TestRPM(t *testing.T) {
	root := t.TempDir()
	run(t, "rpm", "--root", root, "--dbpath", "/db", "--initdb")
	run(t, "rpm", "--root", root, "--dbpath", "/db", "--install", "--nodeps", "--noscripts", "--ignorearch", file(t, "sotto_*_"+runtime.GOARCH+".rpm"))
	installed(t, root)
	if got, want := sum(t, filepath.Join(root, "usr/bin/sotto")), sum(t, file(t, "sotto-linux-"+runtime.GOARCH)); got != want {
		t.Error("the program in the .rpm is another")
	}
	run(t, "rpm", "--root", root, "--dbpath", "/db", "--erase", "--noscripts", "sotto")
	if _, err := os.Stat(filepath.Join(root, "usr/bin/sotto")); err == nil {
		t.Error("the program is left")
	}
}

func sum(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(body))
}

// descriptor points into an image's layout.
type descriptor struct {
	Digest       string
	ArtifactType string
	Platform     struct{ Architecture string }
}

// The image, unpacked by its own index, starts as its configuration says; SBOM
// and provenance are attached to each of its kinds of machine.
func TestImage(t *testing.T) {
	layout := t.TempDir()
	run(t, "tar", "-C", layout, "-xf", file(t, "*.oci.tar"))
	read := func(digest string, v any) {
		t.Helper()
		body, err := os.ReadFile(filepath.Join(layout, "blobs", strings.Replace(digest, ":", "/", 1)))
		if err == nil {
			err = json.Unmarshal(body, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var top, index struct{ Manifests []descriptor }
	text, err := os.ReadFile(filepath.Join(layout, "index.json"))
	if err != nil || json.Unmarshal(text, &top) != nil {
		t.Fatal(err)
	}
	attached := map[string]int{}
	for _, m := range top.Manifests {
		if m.ArtifactType == "" {
			read(m.Digest, &index)
			continue
		}
		var referrer struct{ Subject descriptor }
		read(m.Digest, &referrer)
		attached[referrer.Subject.Digest]++
	}
	for _, m := range index.Manifests {
		if attached[m.Digest] != 2 {
			t.Errorf("%s has %d papers attached; want SBOM and provenance", m.Platform.Architecture, attached[m.Digest])
		}
		if m.Platform.Architecture != runtime.GOARCH {
			continue
		}
		var manifest struct {
			Config descriptor
			Layers []descriptor
		}
		read(m.Digest, &manifest)
		var image struct {
			Config struct {
				User       string
				Entrypoint []string
			}
		}
		read(manifest.Config.Digest, &image)
		root := t.TempDir()
		if err := os.Chmod(filepath.Dir(root), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, l := range manifest.Layers {
			run(t, "tar", "-C", root, "-xf", filepath.Join(layout, "blobs", strings.Replace(l.Digest, ":", "/", 1)))
		}
		if image.Config.User != "65532:65532" || len(image.Config.Entrypoint) != 1 {
			t.Fatalf("its configuration is %+v", image.Config)
		}
		if _, err := os.Stat(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt")); err != nil {
			t.Error(err)
		}
		if os.Geteuid() != 0 {
			t.Fatal("to start an image in its root takes root")
		}
		// What engines bring.
		if err := os.Mkdir(filepath.Join(root, "dev"), 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, "mknod", "-m", "666", filepath.Join(root, "dev/null"), "c", "1", "3")
		serves(t, "chroot", "--userspec="+image.Config.User, root, image.Config.Entrypoint[0])
	}
	if len(index.Manifests) != 2 {
		t.Errorf("the image is for %d kinds of machine; want 2", len(index.Manifests))
	}
}

// What was built for a small board runs on one, as far as qemu is one; the kernel
// it sees can't lock it up.
func TestBoard(t *testing.T) {
	serves(t, "qemu-arm-static", file(t, "sotto-linux-armv7"), "--sandbox", "off")
}

// The checksums are of all that there is but themselves and their signature.
func TestChecksums(t *testing.T) {
	sums := file(t, "SHA256SUMS")
	cmd := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	cmd.Dir = filepath.Dir(sums)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	text, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "SHA256SUMS") && !bytes.Contains(text, []byte("  "+e.Name()+"\n")) {
			t.Errorf("%s has no checksum", e.Name())
		}
	}
	var statement struct{ Subject []struct{ Name string } }
	body, err := os.ReadFile(file(t, "provenance.intoto.json"))
	if err != nil || json.Unmarshal(body, &statement) != nil || len(statement.Subject) < 7 {
		t.Errorf("the provenance is of %v, %v", statement.Subject, err)
	}
}
