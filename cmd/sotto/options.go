package main

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/acme/autocert"

	"sotto/lockout"
	"sotto/relay"
)

// options are the parsed flags.
type options struct {
	listen      string
	adminListen string // "" when off
	// redirectListen is "" when off.
	redirectListen string
	tlsCert        string
	tlsKey         string
	acme           acmeOptions
	adminHosts     []string
	pprof          bool
	logFormat      string
	logLevel       zerolog.Level
	sandbox        string // on, off or require
	lockMemory     bool
	drainFor       time.Duration
	// relay is the part of the configuration the library knows. Its MaxConns and
	// MaxRooms are 0 when they are to follow from what there is.
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
		name: "admin-listen", value: "127.0.0.1:8081", help: "address of status page, metrics and health, or off; keep it private",
		set: func(o *options, v string) (err error) { o.adminListen, err = parseListenOrOff(v); return err },
	},
	{
		name: "admin-hosts", help: "names (a,b,…) by which it may be asked, beside its address and localhost", optional: true,
		set: func(o *options, v string) (err error) { o.adminHosts, err = parseHosts(v); return err },
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
		name: "acme-domain", help: "domains (a,b,…) for which to get certificates by ACME, accepting its terms", optional: true,
		set: func(o *options, v string) (err error) { o.acme.domains, err = parseDomains(v); return err },
	},
	{
		name: "acme-cache", help: "folder that keeps those certificates; without one a restart asks for new ones", optional: true,
		set: func(o *options, v string) error { o.acme.cache = v; return nil },
	},
	{
		name: "acme-directory", value: autocert.DefaultACMEDirectory, help: "the authority's address",
		set: func(o *options, v string) error {
			if u, err := url.Parse(v); err != nil || u.Scheme != "https" || u.Host == "" {
				return errors.New("is not https://host…")
			}
			o.acme.directory = v
			return nil
		},
	},
	{
		name: "redirect-listen", value: "off", help: "address (such as :80) that sends browsers to https on port 443, or off",
		set: func(o *options, v string) (err error) { o.redirectListen, err = parseListenOrOff(v); return err },
	},
	{
		name: "room-ttl", value: text(relay.DefaultRoomTTL), help: "how long a room lives from its creation",
		set: func(o *options, v string) (err error) { o.relay.RoomTTL, err = parsePositive(v); return err },
	},
	{
		name: "unpaired-ttl", value: text(relay.DefaultUnpairedTTL), help: "how long it lives while only one person came",
		set: func(o *options, v string) (err error) { o.relay.UnpairedTTL, err = parsePositive(v); return err },
	},
	{
		name: "max-rooms", value: "0", help: "rooms alive at once, or off; 0: from the limit of memory, or 100,000 where there is none",
		set: func(o *options, v string) (err error) { o.relay.MaxRooms, err = parseLimitOrZero(v); return err },
	},
	{
		name: "max-conns", value: "0", help: "sockets at once; 0 or off: from the limits of open files and of memory",
		set: func(o *options, v string) (err error) { o.relay.MaxConns, err = parseLimitOrZero(v); return err },
	},
	{
		name: "max-conns-per-address", value: strconv.Itoa(relay.DefaultMaxConnsPerAddress), help: "connections an address may have at once, or off",
		set: func(o *options, v string) (err error) { o.relay.MaxConnsPerAddress, err = parseLimit(v); return err },
	},
	{
		name: "max-ciphertext", value: strconv.Itoa(relay.DefaultMaxCiphertextBytes), help: "bytes of one message, 512 to 65536; 8192: no voice notes",
		set: func(o *options, v string) (err error) { o.relay.MaxCiphertextBytes, err = strconv.Atoi(v); return err },
	},
	{
		name: "max-slot-memory", value: "0", help: "bytes of all messages above 8192 each, or off; 0: an eighth of the memory, or 64 MiB where there is no limit",
		set: func(o *options, v string) error {
			n, err := parseLimitOrZero(v)
			o.relay.MaxSlotMemory = int64(n)
			return err
		},
	},
	{
		name: "create-rate", value: strconv.Itoa(relay.DefaultCreateRate), help: "rooms and seats an address may take in a minute, or off",
		set: func(o *options, v string) (err error) { o.relay.CreateRate, err = parseLimit(v); return err },
	},
	{
		name: "upgrade-rate", value: strconv.Itoa(relay.DefaultUpgradeRate), help: "sockets an address may open in a minute, or off",
		set: func(o *options, v string) (err error) { o.relay.UpgradeRate, err = parseLimit(v); return err },
	},
	{
		name: "frame-rate", value: strconv.Itoa(relay.DefaultFrameRate), help: "frames a socket may send in a second, or off; more are read later",
		set: func(o *options, v string) (err error) { o.relay.FrameRate, err = parseLimit(v); return err },
	},
	{
		name: "ping", value: text(relay.DefaultPingInterval), help: "longest pause between pings, or off",
		set: func(o *options, v string) (err error) { o.relay.PingInterval, err = parseDurationOrOff(v); return err },
	},
	{
		name: "join-floor", value: text(relay.DefaultJoinFloor), help: "least time every join takes, or off",
		set: func(o *options, v string) (err error) { o.relay.JoinFloor, err = parseDurationOrOff(v); return err },
	},
	{
		name: "lockout-attempts", value: strconv.Itoa(lockout.DefaultAttempts), help: "failed joins that lock a room, or off",
		set: func(o *options, v string) (err error) { o.relay.Lockout.Attempts, err = parseLimit(v); return err },
	},
	{
		name: "lockout-for", value: text(lockout.DefaultFor), help: "how long a lock lasts",
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
		name: "drain-for", value: "10m", help: "how long people have before an announced end: sotto drain, or SIGUSR1",
		set: func(o *options, v string) (err error) { o.drainFor, err = parsePositive(v); return err },
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
		set: func(o *options, v string) (err error) { o.lockMemory, err = parseOnOff(v); return err },
	},
	{
		name: "pprof", value: "off", help: "on: profiles below /debug/pprof/ of the admin listener, and what Go prints of a crash; both show memory",
		set: func(o *options, v string) (err error) { o.pprof, err = parseOnOff(v); return err },
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
	faults = append(faults, o.contradictions()...)
	if len(faults) == 0 {
		// What the library finds unfit is named here, before anything starts.
		faults = append(faults, o.relay.Validate())
	}
	return o, false, errors.Join(faults...)
}

// contradictions returns what flags say against each other.
func (o *options) contradictions() (faults []error) {
	fault := func(is bool, text string) {
		if is {
			faults = append(faults, errors.New(text))
		}
	}
	byACME := len(o.acme.domains) > 0
	fault((o.tlsCert == "") != (o.tlsKey == ""), "flags --tls-cert and --tls-key go together")
	fault(byACME && o.tlsCert != "", "flags --acme-domain and --tls-cert exclude each other")
	fault(!byACME && o.acme.cache != "", "flag --acme-cache needs --acme-domain")
	fault(!o.servesTLS() && o.redirectListen != "", "flag --redirect-listen needs --acme-domain or --tls-cert")
	fault(byACME && o.sandbox == "require",
		"flag --sandbox require excludes --acme-domain, for which the sandbox must let connections out")
	return faults
}

// servesTLS reports whether the relay ends TLS itself.
func (o *options) servesTLS() bool { return o.tlsCert != "" || len(o.acme.domains) > 0 }

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
