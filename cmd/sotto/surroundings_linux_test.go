package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

// A relay needs no disk: it starts and serves where nothing can be written.
func TestWithoutADisk(t *testing.T) {
	dir := t.TempDir()
	for name, prelude := range map[string]string{
		// Of each mount, this namespace's view is made read-only, not what is mounted.
		"read-only": `while read -r _ on _; do mount -o remount,bind,ro "$on" 2>/dev/null || :; done </proc/self/mounts
			if (echo x >` + dir + `/probe) 2>/dev/null; then echo "the disk can still be written" >&2; exit 1; fi`,
		"full": `mount -t tmpfs -o size=64k none ` + dir + `
			cd ` + dir + `; export HOME=` + dir + ` TMPDIR=` + dir + `
			cat /dev/zero >filler 2>/dev/null || :
			if (echo x >probe) 2>/dev/null; then echo "the disk is not full" >&2; exit 1; fi`,
	} {
		t.Run(name, func(t *testing.T) {
			namespace := []string{"unshare", "--mount"}
			if os.Geteuid() != 0 {
				namespace = append(namespace, "--map-root-user")
			}
			namespace = append(namespace, "sh", "-c")
			if out, err := exec.Command(namespace[0], append(namespace[1:], prelude)...).CombinedOutput(); err != nil {
				t.Fatalf("a mount namespace of its own is needed, by root or by user namespaces: %v: %s", err, out)
			}
			c := startChild(t, append(namespace, prelude+"\n"+`exec "$0" "$@"`), noRates...)
			people := newChat(t, "http://"+c.addr, 1)
			people.warm()
			fetch(t, "http://"+c.addr+"/")
			fetch(t, "http://"+c.admin+"/metrics")
			c.stop(t)
			people.wantEnd(websocket.StatusServiceRestart)
		})
	}
}

// Whoever reads the log may die; the relay goes on without one.
func TestLogReaderDies(t *testing.T) {
	program := buildProgram(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append(noRates, "--listen", "127.0.0.1:0", "--admin-listen", "off",
		"--join-floor", "off", "--log-level", "debug")...)
	var out lockedBuffer
	cmd.Stdout, cmd.Stderr = &out, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	_ = write.Close()
	lines := bufio.NewScanner(read)
	for lines.Scan() && !strings.Contains(lines.Text(), "sandbox is") { //nolint:revive // what is waited for
	}
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	base := await(t, &out, `Open (http://\S+)`)

	// Each socket has lines of its own at this level.
	for range 3 {
		people := newChat(t, base, 1)
		people.warm()
		for _, p := range people.people {
			_ = p.ws.CloseNow()
		}
		people.talking.Wait()
	}
	people := newChat(t, base, 1)
	people.warm()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the relay ended with %v", err)
	}
	people.wantEnd(websocket.StatusServiceRestart)
}
