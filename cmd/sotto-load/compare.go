package main

import (
	"context"
	"io"
	"slices"

	"sotto/loadtest"
)

const compareHelp = `BEFORE.json AFTER.json
sotto-load compare BEFORE.json BEFORE.json... -- AFTER.json AFTER.json...

Exit code 3 if something is worse: a failed run, an offence in the ledger or a
phone that was not served, where there was none; or throughput or a quantile by
more than a tenth (and 5 ms). Of several runs, all after must be beyond all
before, else the change is called noise. Invalid runs do not count.`

// compare shows what changed between runs; exit 3 if something is worse.
func compare(_ context.Context, args []string, stdout, _ io.Writer) (int, error) {
	if done, err := parseFlags(newFlags("compare"), args, compareHelp, stdout); done || err != nil {
		return exitOK, err
	}
	at := slices.Index(args, "--")
	if at < 0 && len(args) == 2 {
		at, args = 1, []string{args[0], "--", args[1]}
	}
	if at < 1 || at == len(args)-1 {
		return 0, usage("compare needs two reports, or several with -- between the sides")
	}
	before, err := readReports(args[:at])
	if err != nil {
		return 0, err
	}
	after, err := readReports(args[at+1:])
	if err != nil {
		return 0, err
	}
	changes, err := loadtest.Compare(before, after)
	if err != nil {
		return 0, err
	}
	if err := loadtest.WriteChanges(stdout, changes); err != nil {
		return 0, err
	}
	if slices.ContainsFunc(changes, func(c loadtest.Change) bool { return c.Tendency == loadtest.Worse }) {
		return exitFailed, nil
	}
	return exitOK, nil
}

func readReports(names []string) ([]*loadtest.Report, error) {
	var reports []*loadtest.Report
	for _, name := range names {
		r, err := read(name, loadtest.ReadReport)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}
