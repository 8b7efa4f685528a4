package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sotto/loadtest/tun"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sotto-load": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "interrupt": interrupt,
		},
		Condition: func(condition string) (bool, error) {
			if condition != "tun" {
				return false, fmt.Errorf("no condition %q", condition)
			}
			n, err := tun.Open()
			if err != nil {
				return false, nil //nolint:nilerr // the script looks at what the program says
			}
			n.Close()
			return true, nil
		},
	})
}

// exits runs a program that must end with a code, or with one of several:
// exits CODE|CODE PROGRAM ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE|CODE PROGRAM ARG...")
	}
	wantCode(ts, args[0], ts.Exec(args[1], args[2:]...))
}

// wantCode wants a program to have ended with one of these codes.
func wantCode(ts *testscript.TestScript, codes string, err error) {
	code := 0
	if err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = failed.ExitCode()
	}
	if !slices.Contains(strings.Split(codes, "|"), strconv.Itoa(code)) {
		ts.Fatalf("exit code %d, want %s", code, codes)
	}
}

// messages is how many a line of progress tells of.
var messages = regexp.MustCompile(`(\d+) messages`)

// interrupt starts a program, presses Ctrl-C once it has told of so many
// messages, however long that takes, and wants it to end with a code, or with
// one of several: interrupt CODE|CODE MESSAGES PROGRAM ARG...
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: interrupt CODE|CODE MESSAGES PROGRAM ARG...")
	}
	enough, err := strconv.Atoi(args[1])
	ts.Check(err)
	program, _, _ := strings.Cut(ts.Getenv("PATH"), string(filepath.ListSeparator)) // where testscript puts it
	cmd := exec.Command(filepath.Join(program, args[2]), args[3:]...)
	cmd.Dir = ts.MkAbs(".")
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	said, pressed := "", false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said += lines.Text() + "\n"
		n := 0
		if m := messages.FindStringSubmatch(lines.Text()); m != nil {
			n, err = strconv.Atoi(m[1])
			ts.Check(err)
		}
		if n >= enough && !pressed {
			pressed = true
			ts.Check(cmd.Process.Signal(os.Interrupt))
		}
	}
	err = cmd.Wait()
	ts.Logf("%s", said)
	wantCode(ts, args[0], err)
}
