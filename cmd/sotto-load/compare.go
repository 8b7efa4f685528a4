package main

import (
	"context"
	"io"
	"os"

	"sotto/loadtest"
)

// compare shows what changed between two reports; exit 3 if something is worse.
func compare(_ context.Context, args []string, stdout, _ io.Writer) (int, error) {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		say(stdout, "sotto-load compare BEFORE.json AFTER.json\nExit code 3 if a quantile grew by more than a tenth and 5 ms.\n")
		return exitOK, nil
	}
	if len(args) != 2 {
		return 0, usage("compare needs two reports")
	}
	var reports [2]*loadtest.Report
	for i, name := range args {
		r, err := readReport(name)
		if err != nil {
			return 0, usage("%s: %v", name, err)
		}
		reports[i] = r
	}
	changes, err := loadtest.Compare(reports[0], reports[1])
	if err != nil {
		return 0, err
	}
	if err := loadtest.WriteChanges(stdout, changes); err != nil {
		return 0, err
	}
	for _, c := range changes {
		if c.Worse {
			return exitFailed, nil
		}
	}
	return exitOK, nil
}

func readReport(name string) (*loadtest.Report, error) {
	f, err := os.Open(name) //nolint:gosec // the user names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return loadtest.ReadReport(f)
}
