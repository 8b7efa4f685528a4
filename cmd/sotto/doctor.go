package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"sotto/internal/sandbox"
)

// finding is one line of the doctor's.
type finding struct {
	level string // ok, warn or bad
	text  string // what is, and what to do about it; no address, no secret
}

func ok(format string, a ...any) finding   { return finding{"ok", fmt.Sprintf(format, a...)} }
func warn(format string, a ...any) finding { return finding{"warn", fmt.Sprintf(format, a...)} }
func bad(format string, a ...any) finding  { return finding{"bad", fmt.Sprintf(format, a...)} }

// errBad is the doctor's error when something has to be mended.
var errBad = errors.New("doctor: see the lines that say bad")

// visit is what the doctor is asked for beside the relay's own options.
type visit struct {
	url  string        // the address that people use, "" for none
	idle time.Duration // how long a quiet socket is to last there
	// kernel: only what the kernel enforces, by the doctor's own second process.
	kernel bool
}

// parseVisit takes the address and the time from the words behind "doctor".
func parseVisit(args []string) (v visit, rest []string, err error) {
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		word := args[0]
		args = args[1:]
		switch {
		case word == kernelWord:
			v.kernel = true
		case strings.HasPrefix(word, "https://"), strings.HasPrefix(word, "http://"):
			v.url = strings.TrimSuffix(word, "/")
		default:
			if v.idle, err = parsePositive(word); err != nil {
				return v, nil, fmt.Errorf("usage: sotto doctor [https://name [6m]] [flags]: %q %w", word, err)
			}
		}
	}
	return v, args, nil
}

// kernelWord has the doctor say only what the kernel enforces: it ends in that
// sandbox itself, and could not even write to a file any more.
const kernelWord = "kernel"

// doctor looks at the machine and, from outside, at the relay that these options
// start.
func doctor(ctx context.Context, o *options, v visit, w io.Writer) error {
	serious := false
	say := func(findings ...finding) {
		for _, f := range findings {
			serious = serious || f.level == "bad"
			fmt.Fprintf(w, "%-4s  %s\n", f.level, f.text) //nolint:errcheck // nowhere left to say it
		}
	}
	if v.kernel {
		say(ofKernel(sandbox.Enforce(sandbox.Policy{LockMemory: o.lockMemory}))...)
		return nil
	}
	root := os.DirFS("/")
	say(ofSwap(root, o.lockMemory), ofCores(root))
	say(o.ofFiles(), o.ofMemory())
	say(o.ofRelay(ctx, v)...)
	locked := "off"
	if o.lockMemory {
		locked = "on"
	}
	out := []byte(nil)
	self, err := os.Executable()
	if err == nil {
		out, err = exec.CommandContext(ctx, self, "doctor", kernelWord, "--lock-memory", locked).Output() //nolint:gosec // this program
	}
	if err != nil {
		say(warn("kernel: what it enforces could not be tried: see the metric sotto_sandbox"))
	}
	_, _ = w.Write(out)
	if serious {
		return errBad
	}
	return nil
}

func ofSwap(root fs.FS, locked bool) finding {
	text, err := fs.ReadFile(root, "proc/swaps")
	switch {
	case err != nil:
		return warn("swap: /proc/swaps can't be read: see to it that swap is off")
	case strings.Count(strings.TrimSpace(string(text)), "\n") == 0:
		return ok("swap: off")
	case locked:
		return ok("swap: on, and --lock-memory keeps the relay out of it")
	}
	return bad("swap: on, so messages may get onto a disk: swapoff -a, and take it out of /etc/fstab; or --lock-memory on")
}

func ofCores(root fs.FS) finding {
	text, err := fs.ReadFile(root, "proc/sys/kernel/core_pattern")
	if err == nil && strings.HasPrefix(string(text), "|") {
		return warn("core dumps: a program of this machine takes them; the relay refuses them, other programs of yours do not: sysctl kernel.core_pattern=core")
	}
	return ok("core dumps: none that a program takes")
}

// fewFiles is what a machine out of the box allows, for some 900 people.
const fewFiles = 1024

func (o *options) ofFiles() finding {
	files, known := fileLimit()
	switch {
	case !known:
		return warn("open files: the limit is not known here")
	case files <= fewFiles:
		return warn("open files: %d, so as many connections less %d: raise it (ulimit -n, LimitNOFILE)", files, spareFiles)
	}
	return ok("open files: %d", files)
}

func (o *options) ofMemory() finding {
	memory := memoryLimit()
	if memory == 0 {
		return warn("memory: no limit is set, so a flood of rooms meets none: set GOMEMLIMIT to nine tenths of what it may take")
	}
	cfg := o.relay
	if err := o.fit(&cfg, memory); err != nil {
		return bad("memory: %v", err)
	}
	if full := o.reckoned(&cfg); full > memory {
		return bad("memory: full of people the relay takes %d MiB and may take %d: lower --max-conns or --max-rooms", full>>20, memory>>20)
	}
	return ok("memory: %d MiB, for %d connections and %d rooms", memory>>20, cfg.MaxConns, cfg.MaxRooms)
}

// ofKernel says what the sandbox gets here.
func ofKernel(r sandbox.Report) []finding {
	if len(r.Missing) == 0 {
		return []finding{ok("kernel: enforces the whole sandbox: %s", sandbox.Words(r.Held))}
	}
	var all []finding
	for _, m := range sandbox.Measures() {
		if err := r.Missing[m]; err != nil {
			all = append(all, warn("kernel: %s does not hold: %v", m, err))
		}
	}
	return all
}
