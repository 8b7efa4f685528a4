package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"sotto/loadtest"
	"sotto/loadtest/calibrate"
	"sotto/loadtest/tun"
)

// maxLag is how late the emulation may be for a comparison to count.
const maxLag = 5 * time.Millisecond

// compareModes measures both ways to make networks; exit 3 if the one that needs
// no rights is too far from the kernel's.
func compareModes(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	fs := newFlags("calibrate")
	cfg := calibrate.Config{}
	fs.DurationVar(&cfg.Duration, "duration", time.Minute, "how long measurements begin, at all networks at once")
	fs.IntVar(&cfg.Phones, "phones", 20, "phones at each network, in each mode")
	profile := fs.String("profile", "", "measure bulk and joins at this profile `name` only (default: at each)")
	fs.Uint64Var(&cfg.Seed, "seed", 0, "decides the networks (default: a random one, which the table tells)")
	if done, err := parse(fs, args, stdout); done || err != nil {
		return exitOK, err
	}
	cfg.Profiles = loadtest.Profiles()
	if *profile != "" {
		cfg.Profiles = nil
		shares, err := loadtest.Blend(*profile, nil)
		if err != nil {
			return 0, err
		}
		for _, s := range shares {
			cfg.Profiles = append(cfg.Profiles, s.Profile)
		}
	}
	drawn(&cfg.Seed)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	n, err := tun.Open()
	if err != nil {
		return again(ctx, err, stdout, stderr)
	}
	defer n.Close()
	cfg.Kernel = n
	result, err := calibrate.Run(ctx, cfg)
	if err != nil {
		return 0, err
	}
	return writeComparison(stdout, result, cfg, n.Congestion())
}

// writeComparison prints the table and what follows from it.
func writeComparison(w io.Writer, r calibrate.Result, cfg calibrate.Config, congestion string) (int, error) {
	say(w, "milliseconds, p50/p95/p99, for %s, seed %d\nkernel %s, congestion control %s\n\n",
		cfg.Duration, cfg.Seed, loadtest.Kernel(), congestion)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	say(t, "network\ttimed\tcount\ttun\tconn\tconn/tun\t\n")
	code := exitOK
	for _, row := range r.Rows {
		p50, p95, p99 := row.Ratios()
		verdict := fmt.Sprintf("within %.0f %%", calibrate.Tolerance*100)
		switch {
		case !row.Enough():
			verdict = "too few"
		case !row.Within():
			verdict, code = "OUTSIDE", exitFailed
		}
		say(t, "%s\t%s\t%d\t%s\t%s\t%.2f/%.2f/%.2f\t%s\n", row.Network, row.Measure, row.Kernel.Count,
			milliseconds(row.Kernel), milliseconds(row.Stream), p50, p95, p99, verdict)
	}
	if err := t.Flush(); err != nil {
		return 0, err
	}
	say(w, "\nschedule lag p99 %s\n", r.LagP99.Round(10*time.Microsecond))
	if r.LagP99 > maxLag {
		say(w, "INVALID: above %s, so this machine was measured\n", maxLag)
		return exitInvalid, nil
	}
	return code, nil
}

func milliseconds(q calibrate.Quantiles) string {
	return fmt.Sprintf("%d/%d/%d", q.P50.Milliseconds(), q.P95.Milliseconds(), q.P99.Milliseconds())
}
