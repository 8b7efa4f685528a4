package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"sotto/loadtest"
)

const outHelp = "`folder` that gets report.txt, report.json, latency.hlog (HdrHistogram), timeline.csv and junit.xml"

// makeOut makes the folder for reports, if one is wanted.
func makeOut(out string) error {
	if out == "" {
		return nil
	}
	if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // reports are for all to read
		return usage("--out: %v", err)
	}
	return nil
}

// hand writes a report wherever it is wanted, and returns the exit code of its
// verdict.
func hand(r *loadtest.Report, out string, asJSON bool, stdout io.Writer) (int, error) {
	printed := r.WriteText
	if asJSON {
		printed = r.WriteJSON
	}
	if err := printed(stdout); err != nil {
		return 0, fmt.Errorf("print report: %w", err)
	}
	if out != "" {
		for name, write := range map[string]func(io.Writer) error{
			"report.txt": r.WriteText, "report.json": r.WriteJSON, "latency.hlog": r.WriteHDR,
			"timeline.csv": r.WriteCSV, "junit.xml": r.WriteJUnit,
		} {
			if err := writeFile(filepath.Join(out, name), write); err != nil {
				return 0, fmt.Errorf("write report: %w", err)
			}
		}
	}
	switch r.Verdict {
	case loadtest.Failed:
		return exitFailed, nil
	case loadtest.Invalid:
		return exitInvalid, nil
	}
	return exitOK, nil
}

func writeFile(name string, write func(io.Writer) error) error {
	file, err := os.Create(name) //nolint:gosec // the user names the folder
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		_ = file.Close() // the first error tells
		return err
	}
	return file.Close()
}
