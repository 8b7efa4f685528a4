package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"syscall"

	"sotto/loadtest"
	"sotto/loadtest/relayproc"
	"sotto/loadtest/scenario"
	"sotto/loadtest/tun"
)

// How networks are made.
const (
	netConn = "conn"
	netTUN  = "tun"
)

// runFlags are the flags of run.
type runFlags struct {
	cfg        loadtest.Config
	profiles   string
	slo        string
	out        string
	net        string
	prometheus string
	file       string
	json       bool
	tls        bool
	set        *flag.FlagSet
}

func newRunFlags() *runFlags {
	f := &runFlags{set: newFlags("run")}
	fs, c := f.set, &f.cfg
	fs.StringVar(&c.URL, "url", "", "`URL` of a relay whose limits for addresses are off; default: one of its own, in another process")
	fs.StringVar((*string)(&c.Scenario), "scenario", "pair", "what the phones do: pair, storm, idle, churn, soak or mixed-faults")
	fs.StringVar((*string)(&c.Protocol), "protocol", string(loadtest.ProtocolSotto2), "what the phones speak: sotto-2 or std1")
	fs.StringVar(&c.Profile, "profile", loadtest.DefaultProfile, "the network: a `name` that sotto-load profiles lists, or mix")
	fs.StringVar(&f.profiles, "profiles", "", "JSON `file` with profiles of your own")
	fs.IntVar(&c.Pairs, "pairs", 20, "how many pairs of phones")
	fs.DurationVar(&c.Duration, "duration", 0, "how long they talk, the ramp included (default 1m, 1h for soak)")
	fs.DurationVar(&c.Ramp, "ramp", 0, "how long it takes until all have come (default: a fifth of the duration, 20 phones a second at most)")
	fs.DurationVar(&c.Think, "think", 0, "mean pause before an answer (default 3s, 30s for soak)")
	fs.DurationVar(&c.Freeze, "freeze", 0, "how long tabs freeze and phones doze in mixed-faults, on average (default 10s; browsers: minutes)")
	fs.BoolVar(&c.NoBackoff, "no-backoff", false, "phones that lost the relay dial again once a second, all in step")
	fs.Uint64Var(&c.Seed, "seed", 0, "decides networks, pauses and faults (default: a random one, which the report tells)")
	fs.StringVar(&f.slo, "slo", "", "JSON `file` with bounds in place of the profiles' own, or off")
	fs.StringVar(&f.out, "out", "", outHelp)
	fs.StringVar(&f.file, "file", "", "YAML `file` that says what is to be done, see go doc sotto/loadtest/scenario")
	fs.StringVar(&f.prometheus, "prometheus", "", "`address` at which Prometheus may ask for /metrics while it runs")
	fs.StringVar(&f.net, "net", netConn, "how networks are made: conn, in this process above loopback TCP; or tun, between two namespaces with the kernel's own TCP (Linux, as root or where users may make namespaces)")
	fs.BoolVar(&f.json, "json", false, "print the report as JSON instead of text")
	fs.BoolVar(&f.tls, "tls", false, "TLS to the relay of its own; the bounds on joins are without")
	return f
}

// config reads the files that flags name.
func (f *runFlags) config() error {
	var err error
	switch {
	case f.net != netConn && f.net != netTUN:
		return usage("--net is %s or %s, not %q", netConn, netTUN, f.net)
	case f.net == netTUN && f.cfg.URL != "":
		return usage("--net=%s needs a relay of its own, not one at a URL", netTUN)
	}
	if f.cfg.Own, err = ownProfiles(f.profiles); err != nil {
		return err
	}
	if f.file != "" {
		if err := f.readFile(); err != nil {
			return err
		}
	}
	switch f.slo {
	case "":
	case "off":
		f.cfg.Targets = new(loadtest.Targets)
	default:
		t, err := read(f.slo, loadtest.ReadTargets)
		if err != nil {
			return err
		}
		f.cfg.Targets = &t
	}
	drawn(&f.cfg.Seed)
	return nil
}

// readFile has the file in place of the flags that say what is to be done.
func (f *runFlags) readFile() error {
	var err error
	f.set.Visit(func(set *flag.Flag) {
		switch set.Name {
		case "file", "url", "profiles", "seed", "slo", "out", "net", "json", "tls", "prometheus":
		default:
			err = usage("--%s is for the scenario file to say", set.Name)
		}
	})
	if err != nil {
		return err
	}
	own, seed, url := f.cfg.Own, f.cfg.Seed, f.cfg.URL
	f.cfg, err = read(f.file, func(r io.Reader) (loadtest.Config, error) { return scenario.Read(r, own) })
	if err != nil {
		return err
	}
	f.cfg.URL = url
	if seed != 0 {
		f.cfg.Seed = seed
	}
	return nil
}

// gcPercent trades processor time, of which phones need little, for memory.
const gcPercent = 40

// load runs the harness.
func load(ctx context.Context, args []string, stdout, stderr io.Writer) (code int, err error) {
	f := newRunFlags()
	if done, err := parse(f.set, args, stdout); done || err != nil {
		return exitOK, err
	}
	if err := f.config(); err != nil {
		return 0, err
	}
	if err := makeOut(f.out); err != nil { // find out now, not in an hour
		return 0, err
	}
	if warning := loadtest.FileWarning(f.cfg.Pairs); warning != "" {
		say(stderr, "%s\n", warning)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	start := func() (*relayproc.Process, error) { return relayproc.Start(relayCommand, f.tls) }
	if f.net == netTUN {
		n, err := tun.Open()
		if err != nil {
			return again(ctx, err, stdout, stderr)
		}
		defer n.Close()
		f.cfg.Network = n
		start = func() (*relayproc.Process, error) { return relayproc.StartIn(n, relayCommand, f.tls) }
	}
	if f.cfg.URL == "" {
		p, err := start()
		if err != nil {
			return 0, err
		}
		defer func() {
			if e := p.Stop(); e != nil && err == nil {
				code, err = exitBroken, fmt.Errorf("relay process: %w", e)
			}
		}()
		f.cfg.Server, f.cfg.TLS = p, p.TLS()
	}
	debug.SetGCPercent(gcPercent)
	show := newProgress(stderr)
	f.cfg.Progress = show.update
	if f.prometheus != "" {
		live, err := serveMetrics(f.prometheus, stderr)
		if err != nil {
			return 0, err
		}
		defer live.close()
		f.cfg.Progress = func(now loadtest.Progress) { show.update(now); live.update(now) }
	}
	report, err := loadtest.Run(ctx, f.cfg)
	show.done()
	if err != nil {
		return 0, err
	}
	return hand(report, f.out, f.json, stdout)
}

// relayName is the hidden command that is the relay's process.
const relayName = "relay-process"

func relayCommand() *exec.Cmd {
	cmd := exec.Command(executable(), relayName) //nolint:gosec // this program
	cmd.Stderr = os.Stderr
	return cmd
}

// relay is the relay's process. It ends with its input: Ctrl-C at the terminal is
// for its parent.
func relay(_ context.Context, _ []string, stdout, _ io.Writer) (int, error) {
	signal.Ignore(os.Interrupt)
	return exitOK, relayproc.Serve(os.Stdin, stdout)
}
