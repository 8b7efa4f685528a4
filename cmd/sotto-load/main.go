// Command sotto-load lets phones on bad networks talk over a relay and reports
// what they saw.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"sotto/loadtest"
)

// Exit codes.
const (
	exitOK      = 0
	exitBroken  = 1 // the harness could not do what it should
	exitUsage   = 2
	exitFailed  = 3 // the relay failed an SLO or the ledger
	exitInvalid = 4 // the harness was the bottleneck
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// command is a subcommand. Its help is one line.
type command struct {
	name, help string
	run        func(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error)
}

func commands() []command {
	return []command{
		{"run", "let phones talk and report", load},
		{relayName, "", relay},
		{"compare", "compare runs: sotto-load compare BEFORE.json... -- AFTER.json...", compare},
		{"merge", "one report of several processes': sotto-load merge A.json B.json...", merge},
		{"calibrate", "compare the two ways to make networks, at some of them", compareModes},
		{"proxy", "put the network of a phone before any TCP service", network},
		{"profiles", "print the networks there are, with their sources", profiles},
	}
}

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		help(stdout)
		return exitOK
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		code, err := c.run(ctx, args[1:], stdout, stderr)
		if err == nil {
			return code
		}
		say(stderr, "sotto-load: %v\n", err)
		if errors.Is(err, loadtest.ErrConfig) {
			say(stderr, "sotto-load %s --help lists its flags\n", c.name)
			return exitUsage
		}
		return exitBroken
	}
	say(stderr, "sotto-load: unknown command %q\nsotto-load help lists all commands\n", args[0])
	return exitUsage
}

// say writes where nothing can be done about a failure.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

func help(w io.Writer) {
	say(w, "sotto-load lets phones on bad networks talk over a relay and reports what they saw.\n\n")
	for _, c := range commands() {
		if c.help != "" {
			say(w, "  sotto-load %-10s %s\n", c.name, c.help)
		}
	}
	say(w, "\nExit codes: 0 fine, 1 the harness broke, 2 usage, 3 the relay failed, 4 the run is not valid.\n")
}

// usage makes an error about the command line.
func usage(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{loadtest.ErrConfig}, args...)...)
}
