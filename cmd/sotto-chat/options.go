package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"sotto/internal/manual"
)

// options are the parsed arguments.
type options struct {
	url   string
	plain bool
	idle  time.Duration
	// strict: rather not at all than with less of a sandbox.
	strict bool
	// print, if set, is all there is to do.
	print func(io.Writer)
}

// option declares one flag, its line in the help and the manual, and what a
// shell completes.
type option struct {
	name string
	// value names the flag's value to people; "" for a flag that has none.
	value string
	// choices are all values there are; nil: any.
	choices []string
	help    string
	set     func(*options, string) error
}

// optionTable is every flag, in the order of the help.
func optionTable() []option {
	return []option{
		{
			name: "plain", help: "one JSON object a line on standard input and output, for bots and tests",
			set: func(o *options, _ string) error { o.plain = true; return nil },
		},
		{
			name: "idle", value: "DURATION", choices: []string{"1m", "2m", "5m", "10m"}, help: "draw the curtain when nothing was typed for so long; 2m unless said",
			set: func(o *options, v string) (err error) {
				if o.idle, err = time.ParseDuration(v); err == nil && o.idle < 10*time.Second {
					err = errors.New("is less than 10s")
				}
				return err
			},
		},
		{
			name: "sandbox", value: "HOW", choices: []string{"on", "require"}, help: "on: what this system offers, the help screen says what is missing; require: refuse to start with less",
			set: func(o *options, v string) error { o.strict = v == "require"; return oneOf(v, "on", "require") },
		},
		{
			name: "completion", value: "SHELL", choices: manual.Shells, help: "print what makes a shell complete these flags",
			set: func(o *options, v string) error {
				o.print = func(w io.Writer) { _ = papers().Complete(w, v) } // a closed pipe is nobody's loss
				return oneOf(v, manual.Shells...)
			},
		},
		{
			name: "man", help: "print the manual page: sotto-chat --man | man -l -",
			set: func(o *options, _ string) error { o.print = func(w io.Writer) { _ = papers().Page(w) }; return nil },
		},
		{
			name: "help", help: "print this list",
			set: func(o *options, _ string) error { o.print = printHelp; return nil },
		},
	}
}

func oneOf(v string, choices ...string) error {
	if slices.Contains(choices, v) {
		return nil
	}
	return errors.New("is none of " + strings.Join(choices, ", "))
}

// parseOptions reads the arguments. The error names every fault.
func parseOptions(args []string) (*options, error) {
	o, table := &options{idle: 2 * time.Minute}, optionTable()
	var faults []error
	fault := func(format string, a ...any) { faults = append(faults, fmt.Errorf(format, a...)) }
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, isFlag := strings.CutPrefix(arg, "-")
		if !isFlag {
			if o.url != "" {
				// It is not repeated: it could be a number, or a PIN.
				fault("more than one address; number and PIN are no arguments, they are asked for")
			}
			o.url = arg
			continue
		}
		name, value, joined := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		if name == "h" {
			name = "help"
		}
		at := slices.IndexFunc(table, func(o option) bool { return o.name == name })
		if at < 0 {
			fault("unknown flag --%s", name)
			continue
		}
		opt := &table[at]
		switch {
		case opt.value == "" && joined:
			fault("flag --%s has no value", name)
			continue
		case opt.value != "" && !joined:
			if len(args) == 0 {
				fault("flag --%s needs a value", name)
				continue
			}
			value, args = args[0], args[1:]
		}
		if err := opt.set(o, value); err != nil {
			fault("flag --%s: %q %w", name, value, err)
		}
	}
	if o.print == nil && len(faults) == 0 {
		if err := checkURL(o.url); err != nil {
			faults = append(faults, err)
		}
	}
	return o, errors.Join(faults...)
}

// checkURL refuses what is not a relay's address. Without TLS the path, which
// names the room, would be there to read; onion services and one's own machine
// need none.
func checkURL(text string) error {
	if text == "" {
		return errors.New("the relay's address is missing: sotto-chat https://relay.example")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("the relay's address is not https://host[:port][/path]")
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	own := host == "localhost" || ip != nil && ip.IsLoopback() || strings.HasSuffix(host, ".onion")
	if u.Scheme == "https" || u.Scheme == "http" && own {
		return nil
	}
	return errors.New("the relay's address does not begin with https, which only this machine and onion services need not")
}
