package supply

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// licences of the npm packages in the page, so that a release needs no npm. A
// test holds them against the packages.
//
//go:embed page
var pageLicences embed.FS

// Page returns what went into the page of the checkout at root: its npm
// packages, sorted by name, and the module whose data its table of numbers was
// made from.
func Page(ctx context.Context, root string) ([]Component, error) {
	files := os.DirFS(root)
	var page struct {
		Dependencies map[string]string
	}
	var lock struct {
		Packages map[string]struct{ Version, Integrity string }
	}
	if err := readJSON(files, "web/package.json", &page); err != nil {
		return nil, err
	}
	if err := readJSON(files, "web/package-lock.json", &lock); err != nil {
		return nil, err
	}
	var components []Component
	for name, version := range page.Dependencies {
		locked := lock.Packages["node_modules/"+name]
		if locked.Version != version {
			return nil, fmt.Errorf("web/package.json has %s %s, its lock %q", name, version, locked.Version)
		}
		c := Component{Ecosystem: NPM, Name: name, Version: version, Sum: locked.Integrity}
		licences, err := fs.Sub(pageLicences, path.Join("page", name))
		if err != nil {
			return nil, err
		}
		if err := c.license(licences); err != nil {
			return nil, err
		}
		components = append(components, c)
	}
	slices.SortFunc(components, func(a, b Component) int { return strings.Compare(a.Name, b.Name) })
	table, err := numberTable(ctx, root)
	return append(components, table), err
}

// numberTable is the module that web/build/numbers makes the page's table from.
func numberTable(ctx context.Context, root string) (Component, error) {
	out, err := run(exec.CommandContext(ctx, "go", "mod", "download", "-json", "github.com/nyaruka/phonenumbers"), filepath.Join(root, "web", "build"))
	if err != nil {
		return Component{}, err
	}
	var m module
	if err := json.Unmarshal(out, &m); err != nil {
		return Component{}, fmt.Errorf("read go mod download: %w", err)
	}
	c := Component{Ecosystem: Golang, Name: m.Path, Version: m.Version, Sum: m.Sum, Data: true}
	return c, c.license(os.DirFS(m.Dir))
}
