package manual_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"sotto/internal/manual"
)

// What is in it would end a line, a quote or a macro where it is not escaped.
var program = manual.Program{
	Name: "a-program", Summary: "is an example", About: "It's a \\ program.\n.SH not a heading",
	Commands: []manual.Entry{{"go", "do it's work"}},
	Flags: []manual.Flag{
		{Name: "plain", Help: "no value: [none]"},
		{Name: "kind", Value: "KIND", Choices: []string{"one", "two"}, Help: "it's one of two"},
		{Name: "file", Value: "FILE", Help: "any"},
	},
	After: "'Exit' codes.",
}

// groff finds no fault in the page, and everything of it is to be read.
func TestPage(t *testing.T) {
	var page bytes.Buffer
	if err := program.Page(&page); err != nil {
		t.Fatal(err)
	}
	groff := exec.Command("groff", "-man", "-Tascii", "-ww", "-P-cbou")
	groff.Stdin = &page
	var faults bytes.Buffer
	groff.Stderr = &faults
	out, err := groff.Output()
	if err != nil || faults.Len() > 0 {
		t.Fatalf("groff: %v: %s", err, faults.String())
	}
	text := strings.Join(strings.Fields(string(out)), " ")
	for _, want := range []string{"a-program - is an example", `It's a \ program. .SH not a heading`, "--kind KIND", "do it's work", "'Exit' codes."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// bash completes by it: commands and flags, and the choices behind a flag.
func TestComplete(t *testing.T) {
	var script bytes.Buffer
	if err := program.Complete(&script, "bash"); err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]string{
		"a-program --k": "--kind", "a-program g": "go", "a-program --kind t": "two", "a-program --kind ": "one two",
	} {
		typed := strings.Split(words, " ")
		ask := script.String() + "\nCOMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _a_program; echo \"${COMPREPLY[@]}\""
		out, err := exec.Command("bash", append([]string{"-c", ask, "bash"}, typed...)...).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%q: %v, %s; want %s", words, err, out, want)
		}
	}
	for _, shell := range manual.Shells {
		var b bytes.Buffer
		if err := program.Complete(&b, shell); err != nil || !strings.Contains(b.String(), `it'\''s one of two`) && shell != "bash" {
			t.Errorf("%s: %v\n%s", shell, err, b.String())
		}
	}
	if err := program.Complete(&script, "csh"); !errors.Is(err, manual.ErrShell) {
		t.Errorf("csh: %v", err)
	}
}
