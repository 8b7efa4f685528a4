// Command papers writes to standard output what goes along with a released
// relay. It runs in the checkout the binary was built from.
//
//	papers sbom BINARY       its parts, as CycloneDX JSON
//	papers notices BINARY…   the licences of their parts
//
// It fails when a part has no licence that is known, or when a binary holds
// other modules than the checkout says.
package main

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"sotto/internal/supply"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "papers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, w io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == "sbom":
		program, components, err := examine(ctx, args[1])
		if err != nil {
			return err
		}
		return supply.WriteSBOM(w, program, components)
	case len(args) >= 2 && args[0] == "notices":
		var all []supply.Component
		seen := map[string]bool{}
		for _, file := range args[1:] {
			_, components, err := examine(ctx, file)
			if err != nil {
				return err
			}
			for i := range components {
				if purl := components[i].PURL(); !seen[purl] {
					seen[purl] = true
					all = append(all, components[i])
				}
			}
		}
		return supply.WriteNotices(w, all)
	}
	return errors.New("usage: papers sbom BINARY | papers notices BINARY…")
}

// examine looks into a binary and says what is in it.
func examine(ctx context.Context, file string) (p supply.Program, components []supply.Component, err error) {
	f, err := os.Open(file) //nolint:gosec // named by who runs this
	if err != nil {
		return p, nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := buildinfo.Read(f)
	if err != nil {
		return p, nil, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return p, nil, err
	}
	p = supply.Program{Version: info.Main.Version, SHA256: hex.EncodeToString(sum.Sum(nil))}
	for _, s := range info.Settings {
		if s.Key == "GOARCH" {
			p.Arch = s.Value
		}
	}
	components, err = supply.Relay(ctx, ".", p.Arch)
	if err != nil {
		return p, nil, err
	}
	if err := compare(info, components); err != nil {
		return p, nil, fmt.Errorf("%s: %w", file, err)
	}
	page, err := supply.Page(ctx, ".")
	return p, append(components, page...), err
}

// compare holds what the checkout says against what the binary says of itself.
func compare(info *buildinfo.BuildInfo, components []supply.Component) error {
	built := map[string]string{"std": info.GoVersion}
	for _, m := range info.Deps {
		built[m.Path] = m.Version + " " + m.Sum
	}
	for i := range components {
		c := &components[i]
		want := c.Version + " " + c.Sum
		if c.Name == "std" {
			want = "go" + c.Version
		}
		if got := built[c.Name]; got != want {
			return fmt.Errorf("it was built with %s %q, the checkout has %q", c.Name, got, want)
		}
		delete(built, c.Name)
	}
	for name := range built {
		return fmt.Errorf("it was built with %s, which the checkout does not have", name)
	}
	return nil
}
