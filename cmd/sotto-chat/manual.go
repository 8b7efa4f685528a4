package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

const (
	summary = "private chat of two people over a relay, in a terminal"
	about   = "Two people who know the same number and have a PIN each meet in a room that holds one message " +
		"at a time. Number and PIN are typed or pasted, never arguments or environment. Nothing is written to a file."
	surroundings = "HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are heeded; no colours are used. Exit status: 0 when left, " +
		"1 when it could not go on, 2 for wrong arguments."
)

// label is the flag with its value.
func (o *option) label() string {
	if o.value == "" {
		return "--" + o.name
	}
	return "--" + o.name + " " + o.value
}

func printHelp(w io.Writer) {
	say(w, "%s\n\n  sotto-chat [flags] https://relay.example\n\n%s\n\n", strings.ToUpper(summary[:1])+summary[1:]+".", wrap(about))
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, o := range optionTable() {
		say(tw, "  %s\t%s\n", o.label(), o.help)
	}
	_ = tw.Flush()
	say(w, "\n%s\n", wrap(surroundings))
}

// wrap breaks lines at 80 columns.
func wrap(text string) string {
	const width = 80
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
		case column+1+len(word) > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

// roff escapes a text for a manual page.
var roff = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`)

func printManual(w io.Writer) {
	say(w, ".TH SOTTO\\-CHAT 1\n.SH NAME\nsotto\\-chat \\- %s\n.SH SYNOPSIS\n.B sotto\\-chat\n[flags]\n.I https://relay.example\n", roff.Replace(summary))
	say(w, ".SH DESCRIPTION\n%s\n.SH OPTIONS\n", roff.Replace(about))
	for _, o := range optionTable() {
		say(w, ".TP\n.BI \\-\\-%s", roff.Replace(o.name))
		if o.value != "" {
			say(w, " \" %s\"", o.value)
		}
		say(w, "\n%s\n", roff.Replace(o.help))
	}
	say(w, ".SH ENVIRONMENT AND EXIT STATUS\n%s\n", roff.Replace(surroundings))
}

// quote makes a text a word of a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func printCompletion(w io.Writer, shell string) {
	switch shell {
	case "bash":
		var names, cases strings.Builder
		for _, o := range optionTable() {
			fmt.Fprintf(&names, "--%s ", o.name)
			if o.value != "" {
				fmt.Fprintf(&cases, "    --%s) COMPREPLY=($(compgen -W %s -- \"${COMP_WORDS[COMP_CWORD]}\")); return ;;\n", o.name, quote(strings.Join(o.choices, " ")))
			}
		}
		say(w, "_sotto_chat() {\n  case ${COMP_WORDS[COMP_CWORD-1]} in\n%s  esac\n"+
			"  COMPREPLY=($(compgen -W %s -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -F _sotto_chat sotto-chat\n",
			cases.String(), quote(strings.TrimSpace(names.String())))
	case "zsh":
		say(w, "#compdef sotto-chat\n_arguments \\\n")
		special := strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`)
		for _, o := range optionTable() {
			spec := "--" + o.name + "[" + special.Replace(o.help) + "]"
			if o.value != "" {
				spec += ":" + o.value + ":(" + strings.Join(o.choices, " ") + ")"
			}
			say(w, "  %s \\\n", quote(spec))
		}
		say(w, "  '1:address of the relay:'\n")
	case "fish":
		for _, o := range optionTable() {
			line := "complete -c sotto-chat -f -l " + o.name + " -d " + quote(o.help)
			if o.value != "" {
				line += " -x -a " + quote(strings.Join(o.choices, " "))
			}
			say(w, "%s\n", line)
		}
	}
}
