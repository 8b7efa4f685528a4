package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// component is one thing of others in a release.
type component struct {
	ecosystem string // as in package URLs: golang, npm
	name      string // a module's path or a package's name; "std" is Go's library
	version   string
	sum       string // of what was built in, as in go.sum or package-lock.json; "" for std
	data      bool   // something was made from it, none of its code is there
	licence   string // SPDX expression
	texts     []text // licences and notices that must go with it, sorted by name
}

// text is a file that goes along with a component.
type text struct {
	name string // relative to the component, with slashes
	body string
}

// purl returns the package URL.
func (c *component) purl() string {
	escape := strings.NewReplacer("@", "%40", "+", "%2B")
	return "pkg:" + c.ecosystem + "/" + escape.Replace(c.name) + "@" + escape.Replace(url.PathEscape(c.version))
}

// goModule is a module of a version (path@version), as the go command has it.
func goModule(dir, which string) (component, error) {
	out, err := command(dir, "go", "mod", "download", "-json", which)
	if err != nil {
		return component{}, err
	}
	var m struct{ Path, Version, Dir, Sum string }
	if err := json.Unmarshal(out, &m); err != nil {
		return component{}, fmt.Errorf("read go mod download: %w", err)
	}
	c := component{ecosystem: "golang", name: m.Path, version: m.Version, sum: m.Sum}
	return c, c.license(os.DirFS(m.Dir))
}

// library is the standard library and runtime, which are in every binary.
func library(version string) (component, error) {
	out, err := command(".", "go", "env", "GOVERSION", "GOROOT")
	if err != nil {
		return component{}, err
	}
	ours, goroot, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if ours != version {
		return component{}, fmt.Errorf("it was built with %s, this is %s", version, ours)
	}
	c := component{ecosystem: "golang", name: "std", version: strings.TrimPrefix(version, "go")}
	licence, err := fs.ReadFile(os.DirFS(goroot), "LICENSE")
	if err != nil {
		return c, err
	}
	return c, c.add("LICENSE", string(licence))
}

// npmParts returns the checksum of each npm package that building the page needs, by
// name and version, from its lock file.
func npmParts(root string) (map[string]string, error) {
	var lock struct {
		Packages map[string]struct {
			Version, Integrity string
			Dev                bool
		}
	}
	if err := readJSON(filepath.Join(root, "web/package-lock.json"), &lock); err != nil {
		return nil, err
	}
	parts := make(map[string]string)
	for folder, p := range lock.Packages {
		if name, ok := strings.CutPrefix(folder, "node_modules/"); ok && !p.Dev {
			parts[name+" "+p.Version] = p.Integrity
		}
	}
	return parts, nil
}

// pageParts returns what went into the page: its npm packages, sorted by name,
// and the module whose data its table of numbers was made from. The page brings the
// licences of the packages in it, so a release needs no npm.
func pageParts(root string) ([]component, error) {
	parts, err := npmParts(root)
	if err != nil {
		return nil, err
	}
	licences, err := os.ReadFile(filepath.Join(root, "web/dist/licences.txt")) //nolint:gosec // in the checkout
	if err != nil {
		return nil, err
	}
	rest := "\n\n" + string(licences)
	var components []component
	for _, part := range slices.Backward(slices.Sorted(maps.Keys(parts))) {
		name, version, _ := strings.Cut(part, " ")
		before, licence, ok := strings.Cut(rest, "\n\n"+name+"\n\n")
		if !ok {
			continue // nothing of it is in the page
		}
		rest = before
		c := component{ecosystem: "npm", name: name, version: version, sum: parts[part]}
		if err := c.add("LICENSE", licence); err != nil {
			return nil, err
		}
		components = append(components, c)
	}
	if rest != "" {
		return nil, fmt.Errorf("%w: web/dist/licences.txt begins with %.40q, which no package is called", errLicence, rest)
	}
	slices.Reverse(components)
	table, err := goModule(filepath.Join(root, "web/build"), "github.com/nyaruka/phonenumbers")
	table.data = true
	return append(components, table), err
}

// readJSON decodes a file.
func readJSON(name string, into any) error {
	body, err := os.ReadFile(name) //nolint:gosec // in the checkout
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}
