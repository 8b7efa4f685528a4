// Package systemd tests the units beside it: by systemd's own tools, against
// the system calls the relay makes, and under a systemd that is booted for it.
package systemd

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sotto/internal/program"
)

// modes are the ways to install, with the arguments that ask for them and the
// exposure that systemd may see at most, from 0 to 10.
var modes = map[string]struct {
	args     []string
	exposure float64
}{
	"proxy": {[]string{"proxy"}, 0.5},
	"tls":   {[]string{"tls"}, 0.5},
	"acme":  {[]string{"acme", "chat.example.org"}, 1.4}, // it has a network
}

// sotto is the relay's program.
var sotto string

func TestMain(m *testing.M) { os.Exit(program.Main("../..", &sotto, m.Run, "CGO_ENABLED=0")) }

// tool runs a program that has to be there.
func tool(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is needed: make prerequisites installs it", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}

// install lays out in a folder, which it returns, what the packages bring, in one
// of the modes.
func install(t *testing.T, mode ...string) string {
	t.Helper()
	root := t.TempDir()
	put := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if strings.Contains(name, "bin/") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	put("etc/group", "root:x:0:\nsotto-tls:x:0:\n")
	put("etc/passwd", "root:x:0:0::/:/bin/sh\n")
	put("bin/kill", "#!/bin/true\n")
	put("usr/bin/sotto", "#!/bin/true\n")
	put("etc/sotto/sotto.env", "")
	for from, to := range map[string]string{
		"sotto.service": "etc/systemd/system", "sotto.socket": "etc/systemd/system", "sotto-admin.socket": "etc/systemd/system",
		"sotto-redirect.socket": "etc/systemd/system", "socket-443.conf": "usr/share/sotto",
		"tls/service.conf": "usr/share/sotto", "acme/service.conf": "usr/share/sotto",
	} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		put(filepath.Join(to, from), string(text))
	}
	cmd := exec.Command("./mode", mode...)
	cmd.Env = append(os.Environ(), "ROOT="+root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mode: %v\n%s", err, out)
	}
	return root
}

func TestUnitsVerify(t *testing.T) {
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			root := install(t, mode.args...)
			units, err := filepath.Glob(filepath.Join(root, "etc/systemd/system/sotto*.s*[a-z]"))
			if err != nil {
				t.Fatal(err)
			}
			units = slices.DeleteFunc(units, func(u string) bool { return strings.HasSuffix(u, ".d") })
			if len(units) != 4 {
				t.Fatalf("installed %q", units)
			}
			out, err := tool(t, "systemd-analyze", append([]string{"--root=" + root, "--man=no", "verify"}, units...)...)
			// In an empty root systemd misses its own units; what it says of ours counts.
			for line := range strings.Lines(out) {
				if strings.Contains(line, "sotto") && !strings.Contains(line, ".target not found") {
					t.Errorf("%v: %s", err, line)
				}
			}
			exposure(t, root, mode.exposure)
		})
	}
}

// exposure asks systemd how open the service is.
func exposure(t *testing.T, root string, most float64) {
	t.Helper()
	out, err := tool(t, "systemd-analyze", "--no-pager", "security", "--offline=true", "--root="+root, "sotto.service")
	m := regexp.MustCompile(`Overall exposure level for sotto.service: ([0-9.]+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("%v: %s", err, out)
	}
	level, err := strconv.ParseFloat(m[1], 64)
	if err != nil || level > most {
		t.Errorf("the exposure is %s; want at most %v:\n%s", m[1], most, out)
	}
	t.Logf("exposure %s", m[1])
}

// filter returns the system calls that the unit allows.
func filter(t *testing.T) map[string]bool {
	t.Helper()
	unit, err := os.ReadFile("sotto.service")
	if err != nil {
		t.Fatal(err)
	}
	allowed := make(map[string]bool)
	var expand func(name string, is bool)
	expand = func(name string, is bool) {
		if !strings.HasPrefix(name, "@") {
			allowed[name] = is
			return
		}
		out, err := tool(t, "systemd-analyze", "syscall-filter", name)
		if err != nil {
			t.Fatalf("%s: %s", name, out)
		}
		for line := range strings.Lines(out) {
			if line = strings.TrimSpace(line); line != "" && line != name && !strings.HasPrefix(line, "#") {
				expand(line, is)
			}
		}
	}
	for line := range strings.Lines(string(unit)) {
		list, ok := strings.CutPrefix(strings.TrimSpace(line), "SystemCallFilter=")
		if !ok {
			continue
		}
		list, negative := strings.CutPrefix(list, "~")
		for _, name := range strings.Fields(list) {
			expand(name, !negative)
		}
	}
	return allowed
}

// Every system call of a relay that is handed its sockets, from its start to
// its end, is one the unit allows; none makes a socket, and no memory is both
// writable and executable.
func TestSystemCallsAreAllowed(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "trace")
	var files []*os.File
	var addrs []string
	for range 2 {
		addr, f, err := program.Socket()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		files, addrs = append(files, f), append(addrs, addr)
	}
	passing := program.Passing(files, "relay:admin", sotto)
	traced := exec.Command("strace", append([]string{"-f", "-qq", "-o", trace}, passing.Args...)...)
	traced.Env, traced.ExtraFiles = passing.Env, passing.ExtraFiles
	p, err := program.Run(traced)
	if err != nil {
		t.Fatal("strace is needed: make prerequisites installs it: ", err)
	}
	if _, err := p.Await("sandbox is on"); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"http://" + addrs[0] + "/", "http://" + addrs[0] + "/api/config", "http://" + addrs[1] + "/metrics"} {
		if err := p.Answers(url, http.StatusOK); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		if err := syscall.Kill(p.PID(), s); err != nil { // strace's only child is the relay
			t.Fatal(err)
		}
	}
	if err := p.Wait(); err != nil {
		t.Fatalf("the relay ended with %v: %s", err, p)
	}
	checkTrace(t, trace)
}

func checkTrace(t *testing.T, trace string) {
	t.Helper()
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	allowed := filter(t)
	_, text, ok := bytes.Cut(text, []byte("execve(")) // the shell's
	_, text, is := bytes.Cut(text, []byte("execve(")) // the relay's
	if !ok || !is {
		t.Fatal("the trace has no start of the relay")
	}
	seen := make(map[string]int)
	call := regexp.MustCompile(`^\d+ +(\w+)\(`)
	for line := range strings.Lines(string(text)) {
		m := call.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		seen[m[1]]++
		if strings.Contains(line, "PROT_WRITE") && strings.Contains(line, "PROT_EXEC") {
			t.Errorf("memory to write and execute: %s", line)
		}
		if m[1] == "socket" {
			t.Errorf("a socket of its own: %s", line)
		}
	}
	for name, n := range seen {
		if !allowed[name] {
			t.Errorf("%s is called %d times, and the unit does not allow it", name, n)
		}
	}
	for _, name := range []string{"accept4", "seccomp", "landlock_restrict_self", "capset", "exit_group"} {
		if seen[name] == 0 {
			t.Errorf("%s was never called: is strace working?", name)
		}
	}
}

// TestTry boots systemd in namespaces and runs the units for real. Where that
// can't be done (no root, no control groups) it says so.
func TestTry(t *testing.T) {
	cmd := exec.Command("./try", sotto)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 77 {
		t.Logf("the units were not run, only checked: %s", said.String())
		return
	}
	if err != nil || strings.Count(out.String(), "\n") != len(modes) {
		t.Errorf("%v:\n%s%s", err, out.String(), said.String())
	}
	t.Log(out.String())
}
