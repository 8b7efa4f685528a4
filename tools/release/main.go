// Command release makes what is published of a version from the binaries that
// scripts/release has built: packages for Debian and RPM, an image, provenance
// and signatures. The same binaries make the same bytes, but for signatures,
// which are the same for the same key.
//
//	release FLAGS DIR
//
// DIR has sotto-linux-ARCH and sotto-linux-ARCH.cdx.json; what is made goes there.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// release is what all of it is made from.
type release struct {
	root    string // of the checkout
	dir     string
	version string // v1.2.3
	commit  string
	source  string // where the commit can be had, "" if that is nobody's business
	time    time.Time
	arches  []arch
}

// arch is a kind of machine, as those say it who need a name of it.
type arch struct {
	name, pkg string // ours, and nfpm's
	oci       platform
}

type platform struct{ architecture, variant string }

var arches = map[string]arch{
	"amd64": {"amd64", "amd64", platform{"amd64", ""}},
	"arm64": {"arm64", "arm64", platform{"arm64", "v8"}},
	"armv7": {"armv7", "arm7", platform{"arm", "v7"}},
}

func (r *release) binary(a arch) string { return filepath.Join(r.dir, "sotto-linux-"+a.name) }

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	var r release
	var seconds int64
	var names, key string
	flags.StringVar(&r.root, "root", ".", "the checkout")
	flags.StringVar(&r.version, "version", "", "v1.2.3")
	flags.StringVar(&r.commit, "commit", "", "what was built")
	flags.StringVar(&r.source, "source", "", "where the commit can be had")
	flags.Int64Var(&seconds, "time", 0, "the commit's, in seconds since 1970: that of all files")
	flags.StringVar(&names, "arches", "amd64 arm64 armv7", "kinds of machine")
	flags.StringVar(&key, "key", "", "key file of minisign; its password is in MINISIGN_PASSWORD")
	sign := flags.Bool("sign", false, "only sign SHA256SUMS, with -key")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || r.version == "" {
		return errors.New("usage: release FLAGS DIR")
	}
	r.dir, r.time = flags.Arg(0), time.Unix(seconds, 0).UTC()
	if *sign {
		return r.sign(key)
	}
	for _, name := range strings.Fields(names) {
		a, ok := arches[name]
		if !ok {
			return fmt.Errorf("no machine is called %q", name)
		}
		r.arches = append(r.arches, a)
	}
	if err := r.packages(); err != nil {
		return err
	}
	if err := r.image(); err != nil {
		return err
	}
	return r.provenance()
}
