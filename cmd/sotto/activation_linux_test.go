package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sotto/internal/program"
)

// sotto returns the path of this test as the program; testscript put it there.
func sotto(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sotto")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// socketFile opens a listening socket and returns it as a file.
func socketFile(t *testing.T) (addr string, f *os.File) {
	t.Helper()
	addr, f, err := program.Socket()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return addr, f
}

// Sockets come by name, two of them for the relay, and serve in the sandbox.
func TestPassedSockets(t *testing.T) {
	relay1, f1 := socketFile(t)
	admin, f2 := socketFile(t)
	relay2, f3 := socketFile(t)
	c := runChild(t, program.Passing([]*os.File{f1, f2, f3}, "relay:admin:relay", sotto(t), "--listen", "192.0.2.1:1", "--admin-listen", "off"))
	await(t, c, `(sandbox is on)`)
	if got := await(t, c, `Open http://(\S+)`); got != relay1 {
		t.Errorf("it says to open %s; want %s", got, relay1)
	}
	for _, url := range []string{"http://" + relay1 + "/", "http://" + relay2 + "/", "http://" + admin + "/metrics"} {
		fetch(t, url)
	}
	c.addr, c.scheme = relay2, "http"
	c.join(t, strings.Repeat("7", 64), 'a')

	// One alone is the relay's under any name: systemd's own is its unit's.
	alone, f := socketFile(t)
	one := runChild(t, program.Passing([]*os.File{f}, "sotto.socket", sotto(t), "--admin-listen", "off"))
	if got := await(t, one, `Open http://(\S+)`); got != alone {
		t.Errorf("it says to open %s; want %s", got, alone)
	}
	fetch(t, "http://"+alone+"/")
}

func TestUnfitPassedSockets(t *testing.T) {
	file := func(t *testing.T) *os.File {
		f, err := os.Create(filepath.Join(t.TempDir(), "file"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	tcp := func(t *testing.T) *os.File { _, f := socketFile(t); return f }
	unix := func(t *testing.T) *os.File {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		f, err := l.(*net.UnixListener).File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	tests := map[string]struct {
		files []func(*testing.T) *os.File
		names string
		want  string
	}{
		"unknown name":        {[]func(*testing.T) *os.File{tcp, tcp}, "relay:other", `its name "other" is none of relay, redirect, admin`},
		"too few names":       {[]func(*testing.T) *os.File{tcp, tcp}, "relay", "1 names for 2 sockets"},
		"a file":              {[]func(*testing.T) *os.File{file}, "relay", "not a socket that listens"},
		"a socket file":       {[]func(*testing.T) *os.File{unix}, "relay", `"unix", not tcp`},
		"nothing to redirect": {[]func(*testing.T) *os.File{tcp, tcp}, "relay:redirect", "no certificate to redirect to"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var files []*os.File
			for _, open := range tt.files {
				files = append(files, open(t))
			}
			c := runChild(t, program.Passing(files, tt.names, sotto(t), "--admin-listen", "off"))
			if code := c.ExitCode(); code != exitError || !strings.Contains(c.String(), tt.want) {
				t.Errorf("it ended with %d and says %q; want %q", code, c, tt.want)
			}
		})
	}
}

// What is meant for another process is left alone; the environment goes in any
// case.
func TestSocketsOfAnother(t *testing.T) {
	t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()+1))
	t.Setenv("LISTEN_FDS", "1")
	t.Setenv("LISTEN_FDNAMES", "relay")
	passed, err := passedSockets(os.LookupEnv)
	if err != nil || len(passed) != 0 {
		t.Errorf("took %v, %v", passed, err)
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		if v, ok := os.LookupEnv(name); ok {
			t.Errorf("%s is still %q", name, v)
		}
	}
}
