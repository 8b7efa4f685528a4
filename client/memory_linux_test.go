package client_test

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sotto/blind"
	"sotto/client"
	"sotto/internal/dumpattack"
	"sotto/relay"
)

// childURL has this test be the process that is looked into. It is built for that
// without the race detector, which keeps gigabytes of its own.
const childURL = "SOTTO_CLIENT_TEST_URL"

// TestMemoryAfterEnd looks into the memory of a process that has a session of a
// private number: while it lasts the root key and both texts are there, or this
// test sees nothing; after its end, however it comes, none is, once memory that
// nothing refers to was used again. It does not look for keys of one life or
// message: those pass over stacks, and Go uses a stack that a goroutine has
// outgrown again when it likes.
func TestMemoryAfterEnd(t *testing.T) {
	if url := os.Getenv(childURL); url != "" {
		child(t, url)
		return
	}
	if testing.Short() {
		t.Skip("starts a process")
	}
	rl, err := relay.New(relay.Config{CreateRate: -1, UpgradeRate: -1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(rl)
	t.Cleanup(func() {
		_ = rl.Close()
		server.Close()
	})
	program := filepath.Join(t.TempDir(), "client.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-race=false", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, end := range map[string]func(t *testing.T, d *dissected){
		"closed": func(_ *testing.T, d *dissected) { d.says("close") },
		"moved": func(t *testing.T, d *dissected) {
			d.open(t, alicePIN, client.EntryEnter)
		},
		"wiped": func(t *testing.T, d *dissected) {
			if err := d.bob.Expire(t.Context()); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := dissect(t, server.URL, program)
			if left := d.finds(t); len(left) != len(d.secrets) {
				t.Fatalf("of what is there only %v is found: the search is broken", left)
			}
			end(t, d)
			d.hears(t, "ended")
			left := d.finds(t)
			for round := 0; len(left) > 0 && round < 20; round++ { // a processor may have kept a free place for itself
				d.says("again")
				d.hears(t, "ended")
				left = d.finds(t)
			}
			for _, what := range left {
				t.Errorf("after the end the %s is in memory", what)
			}
		})
	}
}

// dissected is a process with a session, and what it knows.
type dissected struct {
	url     string
	cmd     *exec.Cmd
	in      io.Writer
	out     *bufio.Scanner
	root    *blind.RootKey
	bob     *client.Session
	secrets map[string][]byte
}

func dissect(t *testing.T, url, program string) *dissected {
	t.Helper()
	d := &dissected{url: url, secrets: map[string][]byte{}}
	for _, name := range []string{"root", "text of Bob", "text of Alice"} {
		secret := make([]byte, 48)
		_, _ = rand.Read(secret) // never fails
		d.secrets[name] = []byte(base64.StdEncoding.EncodeToString(secret))
	}
	var k [32]byte
	_, _ = rand.Read(k[:])
	d.secrets["root"], d.root = k[:], blind.NewRootKey(k)

	d.cmd = exec.CommandContext(t.Context(), program, "-test.run=^TestMemoryAfterEnd$")
	d.cmd.Env = append(os.Environ(), childURL+"="+url)
	d.cmd.Stderr = os.Stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	d.out = bufio.NewScanner(out)
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		_ = d.cmd.Wait()
	})
	_, _ = d.in.Write(k[:])
	d.hears(t, "opened")
	d.bob = d.open(t, bobPIN, client.EntryInvited)
	reaches(t, d.bob)
	if _, err := d.bob.Send(t.Context(), string(d.secrets["text of Bob"])); err != nil {
		t.Fatal(err)
	}
	d.hears(t, "heard")
	d.says(string(d.secrets["text of Alice"]))
	shows(t, d.bob, says(string(d.secrets["text of Alice"])))
	d.hears(t, "answered")
	return d
}

func (d *dissected) open(t *testing.T, pin string, entry client.Entry) *client.Session {
	t.Helper()
	id, err := client.DerivePrivate(d.root, pin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := client.Open(t.Context(), client.Config{URL: d.url, Identity: id, Entry: entry, OpenPagesOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func (d *dissected) says(line string) { _, _ = io.WriteString(d.in, line+"\n") }

func (d *dissected) hears(t *testing.T, line string) {
	t.Helper()
	for d.out.Scan() {
		if d.out.Text() == line {
			return
		}
	}
	t.Fatalf("the process never says %q", line)
}

// finds returns which secrets are in the memory of the process.
func (d *dissected) finds(t *testing.T) (names []string) {
	t.Helper()
	memory, err := dumpattack.Read(d.cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range d.secrets {
		if len(dumpattack.Find(memory, dumpattack.Pieces(secret))) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// child is Alice. What it has of its own it overwrites at the end.
func child(t *testing.T, url string) {
	scrub(30) // grows the stack, so that none is left behind with the root on it
	root := readRoot(t)
	scrub(30)
	d := &dissected{url: url, root: root}
	s := d.open(t, alicePIN, client.EntryCreate)
	fmt.Println("opened")
	shows(t, s, func(m client.Message) bool { return !m.Mine })
	fmt.Println("heard")
	if _, err := s.Send(t.Context(), line(t)); err != nil {
		t.Error(err)
	}
	fmt.Println("answered")
	again := make(chan struct{})
	go func() { // ends with the input
		defer close(again)
		for {
			switch line(t) {
			case "close":
				s.Close()
			case "again":
				again <- struct{}{}
			default:
				return
			}
		}
	}()
	for err := error(nil); err == nil; {
		_, err = s.Next(t.Context())
	}
	s.Close()
	root.Wipe()
	reuse()
	fmt.Println("ended")
	for range again {
		reuse()
		fmt.Println("ended")
	}
	runtime.KeepAlive(s) // who has it still, has nothing
}

//go:noinline
func readRoot(t *testing.T) *blind.RootKey {
	k := new([32]byte)
	defer clear(k[:])
	if _, err := io.ReadFull(os.Stdin, k[:]); err != nil {
		t.Fatal(err)
	}
	return blind.NewRootKey(*k)
}

// scrub overwrites the stack below its caller, some KiB deep.
//
//go:noinline
func scrub(deep int) {
	var stack [1 << 10]byte
	if deep > 0 {
		scrub(deep - 1)
	}
	runtime.KeepAlive(&stack)
}

// line reads a line, byte by byte so that no buffer keeps it.
func line(t *testing.T) string {
	var b [128]byte
	defer clear(b[:])
	for n := range b {
		if _, err := os.Stdin.Read(b[n : n+1]); err != nil {
			t.Error(err)
			return ""
		}
		if b[n] == '\n' {
			return strings.Clone(string(b[:n]))
		}
	}
	return ""
}

// reuse has memory used again that nothing refers to any more: strings can't be
// overwritten.
func reuse() {
	for range 3 {
		runtime.GC() // pools let go in two
	}
	scrub(30)
	var used [][]byte
	for size := 8; size <= 1<<16; size += max(8, size/8) {
		for sum := 0; sum < 4<<20; sum += size {
			used = append(used, make([]byte, size))
		}
	}
	runtime.KeepAlive(used)
}
