package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"sotto/internal/manual"
)

const summary = "a relay and a page for private two-person chat"

// commands are what may come before the flags.
var commands = []manual.Entry{
	{Name: "version", Help: "print what this binary is"},
	{Name: "healthcheck", Help: "exit 0 if the relay that these flags start is healthy"},
	{Name: "drain", Help: "have it take no new rooms, and end when it is empty or after --drain-for"},
	{Name: "doctor", Help: "say what is wrong with this machine and, with https://NAME, as seen from there; with a time (6m), whether a quiet socket lasts"},
	{Name: "man", Help: "print the manual page"},
	{Name: "completion", Help: "print what makes a shell complete: bash, zsh or fish"},
}

func printHelp(w io.Writer) {
	_, _ = fmt.Fprintf(w, "Sotto is %s. Nothing is kept.\n\n", summary)
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprint(tw, "  sotto [flags]\tserve\n")
	for _, c := range commands {
		_, _ = fmt.Fprintf(tw, "  sotto %s\t%s\n", c.Name, c.Help)
	}
	_ = tw.Flush()
	_, _ = fmt.Fprint(w, "\nEach flag can be given by environment too. \"off\" or a negative number turns a\nlimit off.\n\n")
	tw = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range optionTable {
		o := &optionTable[i]
		value := o.value
		if value == "" {
			value = "-"
		}
		_, _ = fmt.Fprintf(tw, "  --%s\t%s\t%s\t%s\n", o.name, value, o.env(), o.help)
	}
	_ = tw.Flush()
}

// printPapers prints the manual page or a completion.
func printPapers(command string, args []string, stdout, stderr io.Writer) int {
	p := manual.Program{
		Name: "sotto", Summary: summary, Commands: commands,
		About: "Serves rooms of two people who hold one message at a time, in memory only, and the page they use. " +
			"It ends in order on SIGTERM, SIGINT, SIGQUIT and SIGABRT, reads its certificate again on SIGHUP, and is drained by SIGUSR1.",
		After: "Each flag can be given by environment, too, as SOTTO_ with the name in capitals: --max-rooms is SOTTO_MAX_ROOMS. " +
			"GOMEMLIMIT says how much memory there is. Exit status: 0 after an orderly end, 1 when it could not run, 2 when flags or environment are unfit.",
	}
	for i := range optionTable {
		o := &optionTable[i]
		f := manual.Flag{Name: o.name, Value: "VALUE", Help: o.help}
		if o.value != "" {
			f.Help += "; " + o.value + " unless said"
			f.Choices = []string{o.value}
		}
		p.Flags = append(p.Flags, f)
	}
	var err error
	switch {
	case command == "man" && len(args) == 0:
		err = p.Page(stdout)
	case command == "completion" && len(args) == 1:
		err = p.Complete(stdout, args[0])
	default:
		_, _ = fmt.Fprintf(stderr, "usage: sotto man | sotto completion %s\n", strings.Join(manual.Shells, "|"))
		return exitUsage
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "sotto: %v\n", err)
		return exitError
	}
	return exitOK
}
