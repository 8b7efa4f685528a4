//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

var (
	traced  = regexp.MustCompile(`^\d+ +(\w+)\(`)
	writing = regexp.MustCompile(`O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND`)
	toFile  = regexp.MustCompile(`^\d+ +(?:write|writev|pwrite64|ftruncate|fallocate|sendfile|copy_file_range)\(\d+<(/[^>]*)`)
	// mayRead are the files that a connection out needs.
	mayRead = regexp.MustCompile(`"(/etc/(resolv\.conf|hosts|nsswitch\.conf))"`)
)

// TestNoFileWritten follows every system call through a whole conversation:
// nothing is opened for writing, nothing but the terminal written to, and no file
// touched nor program run once the sandbox is on but those files that name
// servers are found by. Before, lipgloss asks tmux for its colours, unasked.
func TestNoFileWritten(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal("strace is needed: make prerequisites installs it")
	}
	url := startRelay(t).url
	trace := filepath.Join(t.TempDir(), "trace")
	ann, ben := open(t, 60, 14), open(t, 60, 14)
	ann.types("alias sotto-chat='strace -f -qq -y -o "+trace+
		" -e trace=%file,write,writev,pwrite64,ftruncate,fallocate,sendfile,copy_file_range,execve,prlimit64,seccomp sotto-chat'", "Enter")
	ann.enters(url, "", annsPIN)
	ben.enters(url, ann.made(), bensPIN)
	ann.sees("they are here")
	for _, text := range []string{"one", "two"} {
		ann.types("Ann's "+text, "Enter")
		ben.sees("Ann's " + text)
		ben.types("Ben's "+text, "Enter")
		ann.sees("Ben's " + text)
		ben.wasRead()
	}
	ann.types("C-l")
	ann.sees("Enter go on")
	ann.types(annsPIN, "Enter")
	ann.sees("Ben's two")
	ann.types("C-o")
	ann.sees("leave")
	ann.types("l")
	ann.sees("Number, or")
	ann.types("C-c")
	ann.sees("shell:")
	ann.types("echo ended with $?", "Enter") // what is seen first is the screen as it was before
	ann.sees("ended with 0")

	sandboxed, toTerminal := false, 0
	for line := range strings.Lines(readFile(t, trace)) {
		call := traced.FindStringSubmatch(line)
		if call == nil || strings.Contains(line, "resumed>") {
			continue
		}
		file := toFile.FindStringSubmatch(line)
		switch {
		case file != nil && strings.HasPrefix(file[1], "/dev/pts/"):
			toTerminal++
		case file != nil:
			t.Errorf("wrote to a file: %s", line)
		case call[1] == "seccomp":
			sandboxed = true
		case strings.HasPrefix(call[1], "write") || call[1] == "prlimit64":
		case writing.MatchString(line):
			t.Errorf("opened for writing: %s", line)
		case call[1] == "execve" && !sandboxed && !strings.Contains(line, `/sotto-chat"`) && !strings.Contains(line, `["tmux", "info"]`):
			t.Errorf("ran a program: %s", line)
		case sandboxed && !mayRead.MatchString(line):
			t.Errorf("touched a file once the sandbox was on: %s", line)
		}
	}
	if !sandboxed || toTerminal < 20 {
		t.Errorf("sandbox seen: %v, writes to the terminal: %d: is strace working?", sandboxed, toTerminal)
	}
	if text := readFile(t, trace); !regexp.MustCompile(`RLIMIT_CORE, \{rlim_cur=0`).MatchString(text) {
		t.Error("core dumps are not off")
	}
}

// TestPlainTalks runs the program as a bot does.
func TestPlainTalks(t *testing.T) {
	url := startRelay(t).url
	const open = `{"do":"open","number":"` + number + ",," + code + `","pin":"` + annsPIN + `","entry":"create"}`
	bot := exec.Command(build(t), "--plain", url)
	bot.Stdin = strings.NewReader(open + "\n" + `{"do":"send","text":"Hello"}` + "\n")
	out, err := bot.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"event":"in"`, `"text":"Hello"`, `"event":"ended","code":"closed"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in:\n%s", want, out)
		}
	}

	// A file is no place for a conversation.
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	bot = exec.Command(build(t), "--plain", url)
	bot.Stdout = file
	if err := bot.Run(); err == nil {
		t.Error("it wrote to a file")
	}
}
