package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
			"exits": exits, "run-fine": runFine, "interrupt": interrupt,
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

// runFine runs a program that must end well, or say that this machine was too
// busy for its figures to count: run-fine PROGRAM ARG...
func runFine(ts *testscript.TestScript, neg bool, args []string) {
	exits(ts, neg, append([]string{"0|4"}, args...))
}

// exits runs a program that must end with a code, or with one of several:
// exits CODE|CODE PROGRAM ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE|CODE PROGRAM ARG...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = failed.ExitCode()
	}
	if !slices.Contains(strings.Split(args[0], "|"), strconv.Itoa(code)) {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// interrupt starts a program, presses Ctrl-C once it prints how it is doing, and
// wants it to end well: interrupt PROGRAM ARG...
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: interrupt PROGRAM ARG...")
	}
	program, _, _ := strings.Cut(ts.Getenv("PATH"), string(filepath.ListSeparator)) // where testscript puts it
	cmd := exec.Command(filepath.Join(program, args[0]), args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	lines := bufio.NewScanner(stderr)
	if lines.Scan() {
		ts.Check(cmd.Process.Signal(os.Interrupt))
	}
	said := ""
	for lines.Scan() {
		said += lines.Text() + "\n"
	}
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != 4 {
		ts.Fatalf("%v: %s", err, said)
	}
}
