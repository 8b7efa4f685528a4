package main

import (
	"io"
	"strings"
	"text/tabwriter"

	"github.com/charmbracelet/x/ansi"

	"sotto/internal/manual"
)

const (
	address = "https://relay.example"
	summary = "private chat of two people over a relay, in a terminal"
	about   = "Two people who know the same number and have a PIN each meet in a room that holds one message " +
		"at a time. Number and PIN are typed or pasted, never arguments or environment. Nothing is written to a file."
	surroundings = "HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are heeded; no colours are used. Exit status: 0 when left, " +
		"1 when it could not go on, 2 for wrong arguments."
)

// columns is how wide the help is.
const columns = 80

// label is the flag with its value.
func (o *option) label() string {
	if o.value == "" {
		return "--" + o.name
	}
	return "--" + o.name + " " + o.value
}

func printHelp(w io.Writer) {
	say(w, "%s\n\n  sotto-chat [flags] %s\n\n%s\n\n", strings.ToUpper(summary[:1])+summary[1:]+".", address, ansi.Wrap(about, columns, ""))
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, o := range optionTable() {
		say(tw, "  %s\t%s\n", o.label(), o.help)
	}
	_ = tw.Flush()
	say(w, "\n%s\n", ansi.Wrap(surroundings, columns, ""))
}

// papers is what there is to say about the program, by the same table.
func papers() *manual.Program {
	p := &manual.Program{Name: "sotto-chat", Summary: summary, About: about, Argument: address, After: surroundings}
	for _, o := range optionTable() {
		p.Flags = append(p.Flags, manual.Flag{Name: o.name, Value: o.value, Choices: o.choices, Help: o.help})
	}
	return p
}
