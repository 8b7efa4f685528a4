package supply

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDependenciesAreListed holds the section "Dependencies" of README.md
// against what is there: a module or package that comes in has to be named
// with its reason, and one that leaves has to leave the list.
func TestDependenciesAreListed(t *testing.T) {
	listed := listedDependencies(t)
	inRelay := map[string]bool{}
	for _, arch := range []string{"amd64", "arm64"} {
		modules, err := relayModules(t.Context(), root, arch)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range modules {
			inRelay[m.Path] = true
		}
	}
	beside := map[string]bool{}
	required := requiredByTests(t)
	for path := range ourImports(t) {
		if m := moduleOf(path, required); m != "" && !inRelay[m] {
			beside[m] = true
		}
	}
	pkg := npmPackages(t, "web/package.json")
	e2e := npmPackages(t, "web/e2e/package.json")
	for _, packages := range []map[string]string{pkg.DevDependencies, e2e.Dependencies, e2e.DevDependencies} {
		for name := range packages {
			beside[name] = true
		}
	}
	inPage := map[string]bool{}
	for name := range pkg.Dependencies {
		inPage[name] = true
	}
	tools := map[string]bool{}
	mod := editedMod(t, "tools")
	for _, tool := range mod.Tool {
		tools[moduleOf(tool.Path, mod.modules())] = true
	}

	want := map[string]map[string]bool{
		"In the relay": inRelay, "In the page": inPage, "To build and test": beside, "Tools": tools,
	}
	for section, names := range want {
		t.Run(section, func(t *testing.T) {
			if len(names) == 0 {
				t.Fatal("nothing was found to be here: the test is broken")
			}
			for name := range names {
				if _, ok := listed[section][name]; !ok {
					t.Errorf("%s is not in README.md, section Dependencies, %q: if it is worth having, add it with its reason", name, section)
				}
			}
			for name, reason := range listed[section] {
				if !names[name] {
					t.Errorf("README.md lists %s under %q, where it is not", name, section)
				}
				if len(strings.Fields(reason)) < 2 {
					t.Errorf("README.md gives %q as the reason for %s", reason, name)
				}
			}
		})
	}
	for section := range listed {
		if want[section] == nil {
			t.Errorf("README.md has a list of dependencies %q that nothing is held against", section)
		}
	}
}

// requiredByTests returns what the module and those of its tests require.
func requiredByTests(t *testing.T) (modules []string) {
	t.Helper()
	for _, file := range ourFiles(t) {
		if dir, isMod := strings.CutSuffix("./"+file, "/go.mod"); isMod && dir != "./tools" {
			modules = append(modules, editedMod(t, dir).modules()...)
		}
	}
	return slices.DeleteFunc(modules, func(m string) bool { return m == "sotto" || strings.HasPrefix(m, "sotto/") })
}

var dependencyRow = regexp.MustCompile("^\\| `([^`]+)` \\| (.*) \\|$")

// listedDependencies reads the tables of the README: section, name, reason.
func listedDependencies(t *testing.T) map[string]map[string]string {
	t.Helper()
	_, text, ok := strings.Cut(readFile(t, "README.md"), "\n## Dependencies\n")
	if !ok {
		t.Fatal("README.md has no section Dependencies")
	}
	text, _, _ = strings.Cut(text, "\n## ")
	listed := map[string]map[string]string{}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "### "); ok {
			section = name
			listed[section] = map[string]string{}
		}
		if row := dependencyRow.FindStringSubmatch(line); row != nil {
			if section == "" {
				t.Fatalf("README.md lists %s outside a section", row[1])
			}
			listed[section][row[1]] = row[2]
		}
	}
	return listed
}

// goMod is what `go mod edit -json` prints.
type goMod struct {
	Require []struct{ Path string }
	Tool    []struct{ Path string }
}

func (m goMod) modules() []string {
	var paths []string
	for _, r := range m.Require {
		paths = append(paths, r.Path)
	}
	return paths
}

func editedMod(t *testing.T, dir string) (m goMod) {
	t.Helper()
	readFile(t, filepath.Join(dir, "go.mod")) // for the test cache
	out, err := run(exec.CommandContext(t.Context(), "go", "mod", "edit", "-json"), filepath.Join(root, dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// moduleOf returns the module that provides a package, "" for the standard
// library and for ours.
func moduleOf(pkg string, modules []string) string {
	best := ""
	for _, m := range modules {
		if (pkg == m || strings.HasPrefix(pkg, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

type npmFile struct {
	Dependencies, DevDependencies map[string]string
}

func npmPackages(t *testing.T, name string) (f npmFile) {
	t.Helper()
	if err := readJSON(os.DirFS(root), name, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLicences finds a known licence for every part of a release.
func TestLicences(t *testing.T) {
	ourFiles(t) // for the test cache
	for _, arch := range []string{"amd64", "arm64"} {
		components, err := Relay(t.Context(), root, arch)
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(components, func(c Component) bool { return c.Name == "std" }); i < 0 || components[i].Licence != "BSD-3-Clause" {
			t.Errorf("%s: Go's library is at %d of %d components", arch, i, len(components))
		}
	}
	components, err := Page(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range components {
		if c.Ecosystem != NPM {
			continue
		}
		ours, err := pageLicences.ReadFile("page/" + c.Name + "/LICENSE")
		if err != nil {
			t.Fatal(err)
		}
		if theirs := readFile(t, "web/node_modules/"+c.Name+"/LICENSE"); theirs != string(ours) {
			t.Errorf("page/%s/LICENSE is not the package's: %s", c.Name, theirs)
		}
	}
}
