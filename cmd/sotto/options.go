package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	"sotto/relay"
)

// options are the parsed flags.
type options struct {
	listen      string
	adminListen string // "" when off
	tlsCert     string
	tlsKey      string
	logFormat   string
	logLevel    zerolog.Level
	sandbox     string // on, off or require
	lockMemory  bool
	// maxConns is 0 when it is to come from the file limit.
	maxConns int
	// relay is the part of the configuration the library knows.
	relay relay.Config
}

// option declares one flag, its environment variable, its row of the help and
// of the README.
type option struct {
	name     string
	value    string // the default
	help     string
	set      func(*options, string) error
	optional bool // "" is fine
}

// env returns the name of the option's environment variable.
func (o *option) env() string {
	return "SOTTO_" + strings.ToUpper(strings.ReplaceAll(o.name, "-", "_"))
}

// optionTable is every flag, in the order of the help.
var optionTable = []option{
	{
		name: "listen", value: ":8080", help: "address of the relay and its page",
		set: func(o *options, v string) (err error) { o.listen, err = parseListen(v); return err },
	},
	{
		name: "admin-listen", value: "127.0.0.1:8081", help: "address of metrics, health and profiles, or off; keep it private",
		set: func(o *options, v string) (err error) {
			if v == "off" {
				return nil
			}
			o.adminListen, err = parseListen(v)
			return err
		},
	},
	{
		name: "tls-cert", help: "certificate file (PEM); SIGHUP reads it again", optional: true,
		set: func(o *options, v string) error { o.tlsCert = v; return nil },
	},
	{
		name: "tls-key", help: "key file (PEM) of the certificate", optional: true,
		set: func(o *options, v string) error { o.tlsKey = v; return nil },
	},
	{
		name: "room-ttl", value: "168h", help: "how long a room lives from its creation",
		set: func(o *options, v string) (err error) { o.relay.RoomTTL, err = parsePositive(v); return err },
	},
	{
		name: "unpaired-ttl", value: "24h", help: "how long it lives while only one person came",
		set: func(o *options, v string) (err error) { o.relay.UnpairedTTL, err = parsePositive(v); return err },
	},
	{
		name: "max-rooms", value: "1000000", help: "rooms alive at once, or off",
		set: func(o *options, v string) (err error) { o.relay.MaxRooms, err = parseLimit(v); return err },
	},
	{
		name: "max-conns", value: "0", help: "sockets at once, or off; 0: from the limit of open files",
		set: func(o *options, v string) (err error) { o.maxConns, err = parseLimitOrZero(v); return err },
	},
	{
		name: "max-ciphertext", value: "8192", help: "bytes of one message, 512 to 32768",
		set: func(o *options, v string) (err error) { o.relay.MaxCiphertextBytes, err = strconv.Atoi(v); return err },
	},
	{
		name: "create-rate", value: "20", help: "rooms and seats an address may take in a minute, or off",
		set: func(o *options, v string) (err error) { o.relay.CreateRate, err = parseLimit(v); return err },
	},
	{
		name: "upgrade-rate", value: "120", help: "sockets an address may open in a minute, or off",
		set: func(o *options, v string) (err error) { o.relay.UpgradeRate, err = parseLimit(v); return err },
	},
	{
		name: "ping", value: "240s", help: "longest pause between pings, or off",
		set: func(o *options, v string) (err error) { o.relay.PingInterval, err = parseDurationOrOff(v); return err },
	},
	{
		name: "join-floor", value: "500ms", help: "least time every join takes, or off",
		set: func(o *options, v string) (err error) { o.relay.JoinFloor, err = parseDurationOrOff(v); return err },
	},
	{
		name: "lockout-attempts", value: "10", help: "failed joins that lock a room, or off",
		set: func(o *options, v string) (err error) { o.relay.Lockout.Attempts, err = parseLimit(v); return err },
	},
	{
		name: "lockout-for", value: "30m", help: "how long a lock lasts",
		set: func(o *options, v string) (err error) { o.relay.Lockout.For, err = parsePositive(v); return err },
	},
	{
		name: "trusted-proxies", help: "proxies (CIDR,…) that tell a client's address by header or PROXY protocol", optional: true,
		set: func(o *options, v string) (err error) { o.relay.TrustedProxies, err = parsePrefixes(v); return err },
	},
	{
		name: "allowed-origins", help: "other origins (https://host,…) whose pages may connect", optional: true,
		set: func(o *options, v string) error { o.relay.AllowedOrigins = splitList(v); return nil },
	},
	{
		name: "sandbox", value: "on", help: "on: what this kernel offers; require: refuse to start with less; or off",
		set: func(o *options, v string) error {
			if v != "on" && v != "off" && v != "require" {
				return errors.New("is none of on, off, require")
			}
			o.sandbox = v
			return nil
		},
	},
	{
		name: "lock-memory", value: "off", help: "on: keep all memory out of swap; needs unlimited locked memory",
		set: func(o *options, v string) error {
			if v != "on" && v != "off" {
				return errors.New("is neither on nor off")
			}
			o.lockMemory = v == "on"
			return nil
		},
	},
	{
		name: "log-format", value: "console", help: "console or json",
		set: func(o *options, v string) error {
			if v != "console" && v != "json" {
				return errors.New("is neither console nor json")
			}
			o.logFormat = v
			return nil
		},
	},
	{
		name: "log-level", value: "info", help: "debug, info, warn or error",
		set: func(o *options, v string) error {
			level, err := zerolog.ParseLevel(v)
			if err != nil || level < zerolog.DebugLevel || level > zerolog.ErrorLevel {
				return errors.New("is none of debug, info, warn, error")
			}
			o.logLevel = level
			return nil
		},
	},
}

// lookupEnv is os.LookupEnv.
type lookupEnv func(string) (string, bool)

// parseOptions reads flags over environment over defaults. The error names
// every fault.
func parseOptions(args []string, env lookupEnv) (o *options, help bool, err error) {
	values, help, faults := parseArgs(args)
	if help {
		return nil, true, nil
	}
	o = new(options)
	for i := range optionTable {
		opt := &optionTable[i]
		source := "flag --" + opt.name
		v, given := values[opt.name]
		if !given {
			if v, given = env(opt.env()); given {
				source = "environment " + opt.env()
			} else {
				v = opt.value
			}
		}
		if v == "" && opt.optional {
			continue
		}
		if err := opt.set(o, v); err != nil {
			faults = append(faults, fmt.Errorf("%s: %q %w", source, v, plain(err)))
		}
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		faults = append(faults, errors.New("flags --tls-cert and --tls-key go together"))
	}
	if len(faults) == 0 {
		// What the library finds unfit is named here, before anything starts.
		if rl, err := relay.New(o.relay); err != nil {
			faults = append(faults, err)
		} else {
			_ = rl.Close()
		}
	}
	return o, false, errors.Join(faults...)
}

// parseArgs splits --name value, --name=value and -h. It goes on after a
// fault, so that all are named.
func parseArgs(args []string) (values map[string]string, help bool, faults []error) {
	values = make(map[string]string)
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name := strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
		if name == arg {
			faults = append(faults, fmt.Errorf("unexpected argument %q", arg))
			continue
		}
		if name == "h" || name == "help" {
			return nil, true, nil
		}
		name, value, joined := strings.Cut(name, "=")
		if !joined && len(args) > 0 && !strings.HasPrefix(args[0], "--") {
			value, joined = args[0], true
			args = args[1:]
		}
		_, twice := values[name]
		switch {
		case !isOption(name):
			faults = append(faults, fmt.Errorf("unknown flag --%s", name))
		case !joined:
			faults = append(faults, fmt.Errorf("flag --%s needs a value", name))
		case twice:
			faults = append(faults, fmt.Errorf("flag --%s is given twice", name))
		}
		values[name] = value
	}
	return values, false, faults
}

func isOption(name string) bool {
	for i := range optionTable {
		if optionTable[i].name == name {
			return true
		}
	}
	return false
}

func printHelp(w io.Writer) {
	_, _ = fmt.Fprint(w, `Sotto is a relay and a page for private two-person chat. Nothing is kept.

  sotto [flags]       serve
  sotto version       print what this binary is
  sotto healthcheck   exit 0 if the relay that these flags start is healthy

Each flag can be given by environment too. "off" or a negative number turns a
limit off.

`)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range optionTable {
		o := &optionTable[i]
		value := o.value
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(tw, "  --%s\t%s\t%s\t%s\n", o.name, value, o.env(), o.help) //nolint:errcheck // as above
	}
	_ = tw.Flush()
}

// plain drops the function name and input that strconv and time repeat.
func plain(err error) error {
	var num *strconv.NumError
	if errors.As(err, &num) {
		return fmt.Errorf("is not a whole number: %w", num.Err)
	}
	return err
}

func parseListen(v string) (string, error) {
	if _, port, err := net.SplitHostPort(v); err != nil {
		return "", errors.New("is not host:port")
	} else if _, err := net.LookupPort("tcp", port); err != nil {
		return "", errors.New("has no usable port")
	}
	return v, nil
}

// parseLimit reads a positive number, or off.
func parseLimit(v string) (int, error) {
	n, err := parseLimitOrZero(v)
	if err == nil && n == 0 {
		return 0, errors.New("is 0: use off for no limit")
	}
	return n, err
}

func parseLimitOrZero(v string) (int, error) {
	if v == "off" {
		return -1, nil
	}
	return strconv.Atoi(v)
}

func parsePositive(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil {
		return 0, errNotDuration
	}
	if d <= 0 {
		return 0, errors.New("is not more than 0")
	}
	return d, nil
}

var errNotDuration = errors.New("is not a duration such as 500ms, 30m or 24h")

// parseDurationOrOff reads a positive duration, or off, or a negative one,
// which means off.
func parseDurationOrOff(v string) (time.Duration, error) {
	if v == "off" {
		return -1, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		return 0, errNotDuration
	}
	if d == 0 {
		return 0, errors.New("is 0: use off")
	}
	return d, nil
}

func parsePrefixes(v string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, s := range splitList(v) {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil {
				return nil, fmt.Errorf("has %q, which is neither CIDR nor address", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		prefixes = append(prefixes, p)
	}
	return prefixes, nil
}

func splitList(v string) []string {
	var out []string
	for _, s := range strings.Split(v, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
