// Command sotto is the relay and its page as one program.
//
//	sotto [flags]       serve; see sotto --help
//	sotto version       print what this binary is
//	sotto healthcheck   exit 0 if the relay that these flags start is healthy
//	sotto drain         have it take no new rooms, and end when it is empty
//	sotto doctor [URL [TIME]]  look at the machine, and at the relay by its public address
//	sotto man           print the manual page
//	sotto completion X  print what makes a shell complete: bash, zsh or fish
//
// Exit codes: 0 after an orderly end, 1 when it could not run, 2 when flags
// or environment are unfit; then every fault is named.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

// run is main without the process around it.
func run(ctx context.Context, args []string, env lookupEnv, stdout, stderr io.Writer) int {
	command := ""
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		command, args = args[0], args[1:]
	}
	if command == "man" || command == "completion" {
		return printPapers(command, args, stdout, stderr)
	}
	var asked visit
	if command == "doctor" {
		var err error
		if asked, args, err = parseVisit(args); err != nil {
			fmt.Fprintln(stderr, err) //nolint:errcheck // nowhere left to say it
			return exitUsage
		}
	}
	opts, help, err := parseOptions(args, env)
	switch {
	case help:
		printHelp(stdout)
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "%v\nsotto --help lists all flags\n", err) //nolint:errcheck // nowhere left to say it
		return exitUsage
	}
	switch command {
	case "":
		if !opts.pprof {
			stderr, err = withoutCrashes(stderr)
		}
		if err == nil {
			err = serve(ctx, opts, env, stdout, stderr)
		}
	case "version":
		err = printVersion(stdout)
	case "healthcheck":
		err = healthcheck(ctx, opts)
	case "doctor":
		err = doctor(ctx, opts, asked, stdout)
	case "drain":
		err = drain(ctx, opts, stdout)
	default:
		fmt.Fprintf(stderr, "sotto: unknown command %q\nsotto --help lists all commands\n", command) //nolint:errcheck // as above
		return exitUsage
	}
	if err != nil {
		fmt.Fprintf(stderr, "sotto: %v\n", err) //nolint:errcheck // as above
		return exitError
	}
	return exitOK
}
