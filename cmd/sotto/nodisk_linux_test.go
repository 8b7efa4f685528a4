package main

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestNoDiskWrite follows every system call on files through a whole
// conversation: nothing is opened for writing, ever, and nothing is opened or
// changed once the sandbox is on.
func TestNoDiskWrite(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal("strace is needed: make prerequisites installs it")
	}
	trace := filepath.Join(t.TempDir(), "trace")
	c := startChild(t, []string{
		"strace", "-f", "-qq", "-y", "-s", "512", "-o", trace,
		"-e", "trace=%file,write,writev,pwrite64,ftruncate,fallocate,sendfile,copy_file_range",
	})

	room := strings.Repeat("5", 64)
	ann, ben := c.join(t, room, 'a'), c.join(t, room, 'b')
	text := base64.StdEncoding.EncodeToString(make([]byte, 4000))
	iv := base64.StdEncoding.EncodeToString(make([]byte, 12))
	for range 3 {
		for _, s := range []*seat{ann, ben} {
			s.ask("send_message", map[string]any{"ciphertext": text, "iv": iv})
		}
	}
	for _, path := range []string{"/", "/about", "/security", "/api/config", "/no-such"} {
		fetch(t, "http://"+c.addr+path)
	}
	fetch(t, "http://"+c.admin+"/metrics")
	ann.ask("expire_room", nil)
	for _, s := range []*seat{ann, ben} {
		_ = s.ws.CloseNow() // they answer no closing handshake, and the relay would wait
	}
	c.stop(t)

	lines := traceLines(t, trace)
	sandboxed := -1
	for i, line := range lines {
		if strings.Contains(line, "write(") && strings.Contains(line, "sandbox is on") {
			sandboxed = i
		}
	}
	if sandboxed < 0 {
		t.Fatal("the trace lacks the line that says the sandbox is on")
	}
	writing := regexp.MustCompile(`O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND`)
	named := regexp.MustCompile(`^\d+ +(\w+)\(`)
	toFile := regexp.MustCompile(`^\d+ +(write|writev|pwrite64|ftruncate|fallocate|sendfile|copy_file_range)\(\d+</`)
	files := 0
	for i, line := range lines {
		call := named.FindStringSubmatch(line)
		switch {
		case call == nil || strings.Contains(line, "resumed>"):
		case toFile.MatchString(line) && !strings.Contains(line, "</dev/null>"):
			t.Errorf("wrote to a file: %s", line)
		case strings.HasPrefix(call[1], "write") || call[1] == "pwrite64":
		case i <= sandboxed && writing.MatchString(line) && !strings.Contains(line, `"/dev/null"`):
			t.Errorf("opened for writing: %s", line)
		case i > sandboxed:
			t.Errorf("touched a file once the sandbox was on: %s", line)
		default:
			files++
		}
	}
	if files < 3 {
		t.Errorf("only %d calls on files were traced before the sandbox: is strace working?", files)
	}
	if n := strings.Count(strings.Join(lines, "\n"), "<socket:["); n < 20 {
		t.Errorf("only %d writes to sockets were traced", n)
	}
}

func traceLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// TestReloadInsideSandbox replaces a certificate as renewers do, by pointing a
// link elsewhere with a rename, while the relay is locked up.
func TestReloadInsideSandbox(t *testing.T) {
	dir := t.TempDir()
	for i, sub := range []string{"archive1", "archive2"} {
		if err := os.MkdirAll(filepath.Join(dir, "archive", sub), 0o700); err != nil {
			t.Fatal(err)
		}
		writePair(t, filepath.Join(dir, "archive", sub), int64(i+1))
	}
	live := filepath.Join(dir, "live")
	if err := os.Mkdir(live, 0o700); err != nil {
		t.Fatal(err)
	}
	point := func(sub string) {
		for _, name := range []string{"cert.pem", "key.pem"} {
			link := filepath.Join(live, name)
			// Like certbot, the new file is beside the old: archive/cert2.pem.
			target := filepath.Join(dir, "archive", sub+"-"+name)
			if err := os.Rename(filepath.Join(dir, "archive", sub, name), target); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, link+".new"); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(link+".new", link); err != nil {
				t.Fatal(err)
			}
		}
	}
	point("archive1")
	c := startChild(t, nil, "--tls-cert", filepath.Join(live, "cert.pem"), "--tls-key", filepath.Join(live, "key.pem"))
	if got := serialOf(t, c.addr); got != 1 {
		t.Fatalf("serial %d at start", got)
	}
	point("archive2")
	if err := c.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, c, `certificate reloaded`)
	if got := serialOf(t, c.addr); got != 2 {
		t.Errorf("serial %d after the reload", got)
	}

	if err := os.WriteFile(filepath.Join(live, "key.pem"), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, c, `the old one stays`)
	if got := serialOf(t, c.addr); got != 2 {
		t.Errorf("serial %d after a reload that failed", got)
	}
}
