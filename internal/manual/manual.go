// Package manual writes what a program's packages bring besides the program: its
// manual page, and what makes shells complete its flags. Both come from the one
// table of flags that the program reads.
package manual

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Program is what there is to say about a program. All of it is plain text.
type Program struct {
	Name, Summary, About string
	// Commands are the words that may come first, and what each does.
	Commands []Entry
	Flags    []Flag
	// Argument is what follows the flags, "" if nothing does.
	Argument string
	// After is said at the end: environment, signals, exit codes.
	After string
}

// Entry is a word with its meaning.
type Entry struct{ Name, Help string }

// Flag is one flag, by its name without dashes.
type Flag struct {
	Name, Help string
	// Value names its value, "" if it has none.
	Value string
	// Choices are values that a shell completes.
	Choices []string
}

// Shells are those that Complete knows.
var Shells = []string{"bash", "zsh", "fish"}

// ErrShell is returned for any other.
var ErrShell = errors.New("manual: no such shell")

var roff = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "\n", " ")

// Page writes a manual page of section 1, in the macros of man(7).
func (p *Program) Page(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %[2]s\n", roff.Replace(strings.ToUpper(p.Name)), roff.Replace(p.Name), roff.Replace(p.Summary))
	if len(p.Commands) > 0 {
		b.WriteString("[command] ")
	}
	b.WriteString("[flags]\n")
	if p.Argument != "" {
		fmt.Fprintf(&b, ".I %s\n", roff.Replace(p.Argument))
	}
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", roff.Replace(p.About))
	if len(p.Commands) > 0 {
		b.WriteString(".SH COMMANDS\n")
	}
	for _, c := range p.Commands {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff.Replace(c.Name), roff.Replace(c.Help))
	}
	b.WriteString(".SH OPTIONS\n")
	for _, f := range p.Flags {
		fmt.Fprintf(&b, ".TP\n.B \\-\\-%s", roff.Replace(f.Name))
		if f.Value != "" {
			fmt.Fprintf(&b, " %s", roff.Replace(f.Value))
		}
		fmt.Fprintf(&b, "\n%s\n", roff.Replace(f.Help))
	}
	fmt.Fprintf(&b, ".SH NOTES\n%s\n", roff.Replace(p.After))
	_, err := io.WriteString(w, b.String())
	return err
}

// quote makes a text one word of a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// Complete writes the completion for one of Shells.
func (p *Program) Complete(w io.Writer, shell string) error {
	var b strings.Builder
	switch shell {
	case "bash":
		p.bash(&b)
	case "zsh":
		p.zsh(&b)
	case "fish":
		p.fish(&b)
	default:
		return ErrShell
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Program) bash(b *strings.Builder) {
	var words []string
	for _, c := range p.Commands {
		words = append(words, c.Name)
	}
	name := "_" + strings.ReplaceAll(p.Name, "-", "_")
	fmt.Fprintf(b, "%s() {\n  local word=${COMP_WORDS[COMP_CWORD]}\n  case ${COMP_WORDS[COMP_CWORD-1]} in\n", name)
	for _, f := range p.Flags {
		words = append(words, "--"+f.Name)
		if f.Value != "" {
			fmt.Fprintf(b, "    --%s) COMPREPLY=($(compgen -W %s -- \"$word\")); return ;;\n", f.Name, quote(strings.Join(f.Choices, " ")))
		}
	}
	fmt.Fprintf(b, "  esac\n  COMPREPLY=($(compgen -W %s -- \"$word\"))\n}\ncomplete -o default -F %s %s\n", quote(strings.Join(words, " ")), name, p.Name)
}

func (p *Program) zsh(b *strings.Builder) {
	special := strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`)
	fmt.Fprintf(b, "#compdef %s\n_arguments \\\n", p.Name)
	for _, f := range p.Flags {
		spec := "--" + f.Name + "[" + special.Replace(f.Help) + "]"
		switch {
		case len(f.Choices) > 0:
			spec += ":" + f.Value + ":(" + strings.Join(f.Choices, " ") + ")"
		case f.Value != "":
			spec += ":" + f.Value + ":_files"
		}
		fmt.Fprintf(b, "  %s \\\n", quote(spec))
	}
	if p.Argument != "" {
		fmt.Fprintf(b, "  %s\n", quote("1:"+special.Replace(p.Argument)+":"))
		return
	}
	var names []string
	for _, c := range p.Commands {
		names = append(names, c.Name)
	}
	fmt.Fprintf(b, "  %s\n", quote("1:command:("+strings.Join(names, " ")+")"))
}

func (p *Program) fish(b *strings.Builder) {
	for _, c := range p.Commands {
		fmt.Fprintf(b, "complete -c %s -n __fish_use_subcommand -a %s -d %s\n", p.Name, c.Name, quote(c.Help))
	}
	for _, f := range p.Flags {
		fmt.Fprintf(b, "complete -c %s -l %s -d %s", p.Name, f.Name, quote(f.Help))
		switch {
		case len(f.Choices) > 0:
			fmt.Fprintf(b, " -x -a %s", quote(strings.Join(f.Choices, " ")))
		case f.Value != "":
			b.WriteString(" -r")
		}
		b.WriteByte('\n')
	}
}
