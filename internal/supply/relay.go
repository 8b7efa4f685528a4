package supply

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Relay returns the modules whose packages get into ./cmd/sotto of the checkout
// at root, built for Linux on arch without cgo, sorted by path, and after them
// Go's own library.
func Relay(ctx context.Context, root, arch string) ([]Component, error) {
	modules, err := relayModules(ctx, root, arch)
	if err != nil {
		return nil, err
	}
	var components []Component
	for _, m := range modules {
		c := Component{Ecosystem: Golang, Name: m.Path, Version: m.Version, Sum: m.Sum}
		if err := c.license(os.DirFS(m.Dir), m.folders...); err != nil {
			return nil, err
		}
		components = append(components, c)
	}
	std, err := library(ctx, root)
	return append(components, std), err
}

// module is what the go command tells of one, and the folders of it in use.
type module struct {
	Path, Version, Dir, Sum string
	Main                    bool
	Replace                 *struct{}
	folders                 []string
}

func relayModules(ctx context.Context, root, arch string) ([]module, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,Module", "./cmd/sotto")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	out, err := run(cmd, root)
	if err != nil {
		return nil, err
	}
	found := map[string]*module{}
	for packages := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct {
			Dir    string
			Module *module
		}
		if err := packages.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		if pkg.Module == nil || pkg.Module.Main {
			continue
		}
		m, ok := found[pkg.Module.Path]
		if !ok {
			m = pkg.Module
			found[m.Path] = m
		}
		if m.Replace != nil {
			return nil, fmt.Errorf("module %s is replaced by another", m.Path)
		}
		folder, err := filepath.Rel(m.Dir, pkg.Dir)
		if err != nil {
			return nil, err
		}
		m.folders = append(m.folders, filepath.ToSlash(folder))
	}
	var modules []module
	for _, m := range found {
		modules = append(modules, *m)
	}
	slices.SortFunc(modules, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// library is the standard library and runtime, which are in every binary.
func library(ctx context.Context, root string) (Component, error) {
	out, err := run(exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOROOT"), root)
	if err != nil {
		return Component{}, err
	}
	version, goroot, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	c := Component{Ecosystem: Golang, Name: "std", Version: strings.TrimPrefix(version, "go")}
	return c, c.license(os.DirFS(goroot))
}

// run returns the standard output; what the command complains of is in the
// error.
func run(cmd *exec.Cmd, dir string) ([]byte, error) {
	var complaint strings.Builder
	cmd.Dir, cmd.Stderr = dir, &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(complaint.String()))
	}
	return out, nil
}
