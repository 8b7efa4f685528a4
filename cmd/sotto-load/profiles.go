package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"

	"sotto/loadtest"
)

// profiles prints the built-in profiles and those of a file.
func profiles(_ context.Context, args []string, stdout, _ io.Writer) (int, error) {
	fs := newFlags("profiles")
	file := fs.String("profiles", "", "JSON `file` with profiles of your own")
	asJSON := fs.Bool("json", false, "print what --profiles reads")
	slo := fs.String("slo", "", "print what --slo reads: the bounds of the profile of this `name`")
	if done, err := parse(fs, args, stdout); done || err != nil {
		return exitOK, err
	}
	own, err := ownProfiles(*file)
	if err != nil {
		return 0, err
	}
	// Own ones go before those of the same name.
	all := slices.Concat(slices.DeleteFunc(loadtest.Profiles(), func(p loadtest.Profile) bool {
		return slices.ContainsFunc(own, func(o loadtest.Profile) bool { return o.Name == p.Name })
	}), own)
	if *slo != "" {
		i := slices.IndexFunc(all, func(p loadtest.Profile) bool { return p.Name == *slo })
		if i < 0 {
			return 0, usage("no profile %q to print the bounds of", *slo)
		}
		return exitOK, printJSON(stdout, all[i].Targets)
	}
	if *asJSON {
		return exitOK, printJSON(stdout, all)
	}
	return exitOK, loadtest.WriteProfiles(stdout, all)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// ownProfiles reads the profiles in a file; none if it has no name.
func ownProfiles(file string) ([]loadtest.Profile, error) {
	if file == "" {
		return nil, nil
	}
	return read(file, loadtest.ReadProfiles)
}

// read reads a file that the user names.
func read[T any](name string, from func(io.Reader) (T, error)) (v T, err error) {
	f, err := os.Open(name) //nolint:gosec // the user names it
	if err != nil {
		return v, usage("%v", err)
	}
	defer func() { _ = f.Close() }() // only read
	if v, err = from(f); err != nil {
		return v, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// drawn draws a seed that was not given.
func drawn(seed *uint64) {
	if *seed == 0 {
		*seed = rand.Uint64N(1_000_000) + 1 //nolint:gosec // short enough to type again
	}
}

func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs
}

// parse is parseFlags for commands without other arguments.
func parse(fs *flag.FlagSet, args []string, stdout io.Writer) (done bool, err error) {
	done, err = parseFlags(fs, args, "", stdout)
	if err == nil && fs.NArg() > 0 {
		return false, usage("unexpected %q", fs.Arg(0))
	}
	return done, err
}

// parseFlags reports whether only help was wanted, which it has then printed.
func parseFlags(fs *flag.FlagSet, args []string, more string, stdout io.Writer) (done bool, err error) {
	switch err := fs.Parse(args); {
	case err == flag.ErrHelp: //nolint:errorlint // returned as it is
		say(stdout, "sotto-load %s [flags] %s\n", fs.Name(), more)
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return true, nil
	case err != nil:
		return false, usage("%v", err)
	}
	return false, nil
}
