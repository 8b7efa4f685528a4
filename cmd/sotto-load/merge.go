package main

import (
	"context"
	"io"

	"sotto/loadtest"
)

// merge makes one report of several runs against one relay at the same time, and
// judges it; exit codes are those of run.
func merge(_ context.Context, args []string, stdout, _ io.Writer) (int, error) {
	fs := newFlags("merge")
	out := fs.String("out", "", outHelp)
	asJSON := fs.Bool("json", false, "print the report as JSON instead of text")
	done, err := parseFlags(fs, args, "A.json B.json...", stdout)
	if done || err != nil {
		return exitOK, err
	}
	reports, err := readReports(fs.Args())
	if err != nil {
		return 0, err
	}
	if err := makeOut(*out); err != nil {
		return 0, err
	}
	r, err := loadtest.Merge(reports)
	if err != nil {
		return 0, err
	}
	return hand(r, *out, *asJSON, stdout)
}
