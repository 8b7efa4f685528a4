// Command papers writes to standard output what goes along with a released
// relay: the modules in the binary, Go's own library, and what went into the
// page that it embeds. It runs anywhere in the checkout the binary was built
// from.
//
//	papers sbom BINARY       its parts, as CycloneDX JSON
//	papers notices BINARY…   the licences of their parts
//
// It fails when a part has no licence that is known. Its tests hold
// DEPENDENCIES.md and SECURITY.md against the tree.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "papers:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	root, err := command(".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	switch {
	case len(args) == 2 && args[0] == "sbom":
		p, components, err := examine(strings.TrimSpace(string(root)), args[1])
		if err != nil {
			return err
		}
		return writeSBOM(w, p, components)
	case len(args) >= 2 && args[0] == "notices":
		var all []component
		seen := map[string]bool{}
		for _, file := range args[1:] {
			_, components, err := examine(strings.TrimSpace(string(root)), file)
			if err != nil {
				return err
			}
			for _, c := range components {
				if !seen[c.purl()] {
					seen[c.purl()] = true
					all = append(all, c)
				}
			}
		}
		return writeNotices(w, all)
	}
	return errors.New("usage: papers sbom BINARY | papers notices BINARY…")
}

// program is the released binary itself.
type program struct {
	version, arch string
	sha256        string // in hex
}

// examine looks into a binary and says what is in it.
func examine(root, file string) (program, []component, error) {
	body, err := os.ReadFile(file) //nolint:gosec // named by who runs this
	if err != nil {
		return program{}, nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(body))
	if err != nil {
		return program{}, nil, fmt.Errorf("%s: %w", file, err)
	}
	sum := sha256.Sum256(body)
	p := program{version: info.Main.Version, sha256: hex.EncodeToString(sum[:])}
	for _, s := range info.Settings {
		if s.Key == "GOARCH" {
			p.arch = s.Value
		}
	}
	var components []component
	for _, m := range info.Deps {
		if m.Replace != nil {
			return p, nil, fmt.Errorf("%s: module %s is replaced by another", file, m.Path)
		}
		c, err := goModule(filepath.Join(root, "tools", "papers"), m.Path+"@"+m.Version)
		if err != nil {
			return p, nil, err
		}
		if c.sum != m.Sum {
			return p, nil, fmt.Errorf("%s: module %s was built with the sum %s, the cache has %s", file, m.Path, m.Sum, c.sum)
		}
		components = append(components, c)
	}
	std, err := library(info.GoVersion)
	if err != nil {
		return p, nil, err
	}
	page, err := pageParts(root)
	return p, append(append(components, std), page...), err
}

// command runs a program and returns its standard output; what it complains of
// is in the error.
func command(dir string, words ...string) ([]byte, error) {
	var complaint strings.Builder
	cmd := exec.Command(words[0], words[1:]...) //nolint:gosec // words of this program
	cmd.Dir, cmd.Stderr = dir, &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(complaint.String()))
	}
	return out, nil
}
