package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDependenciesAreListed holds DEPENDENCIES.md against what is there: a
// module or package that comes in has to be named with its reason, and one that
// leaves has to leave the list.
func TestDependenciesAreListed(t *testing.T) {
	inRelay, inTerminal := modulesOf(t, root, "./cmd/sotto"), modulesOf(t, filepath.Join(root, "cmd", "sotto-chat"), ".")
	for name := range inRelay {
		delete(inTerminal, name)
	}
	inPage, beside, tools := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, file := range strings.Fields(ourFiles(t)) {
		if filepath.Base(file) != "go.mod" {
			continue
		}
		var mod struct {
			Require []struct {
				Path     string
				Indirect bool
			}
			Tool []struct{ Path string }
		}
		out, err := command(root, "go", "mod", "edit", "-json", file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &mod); err != nil {
			t.Fatal(err)
		}
		for _, r := range mod.Require {
			for _, tool := range mod.Tool {
				if strings.HasPrefix(tool.Path, r.Path+"/") || tool.Path == r.Path {
					tools[r.Path] = true
				}
			}
			if !r.Indirect && len(mod.Tool) == 0 && !inRelay[r.Path] && !inTerminal[r.Path] && !strings.HasPrefix(r.Path+"/", "sotto/") {
				beside[r.Path] = true
			}
		}
	}
	for _, dir := range []string{"web", "web/e2e"} {
		var pkg struct{ Dependencies, DevDependencies map[string]string }
		if err := readJSON(filepath.Join(root, dir, "package.json"), &pkg); err != nil {
			t.Fatal(err)
		}
		for name := range pkg.DevDependencies {
			beside[name] = true
		}
		for name := range pkg.Dependencies {
			beside[name] = dir != "web"
		}
	}
	parts, err := npmParts(root)
	if err != nil {
		t.Fatal(err)
	}
	for part := range parts {
		name, _, _ := strings.Cut(part, " ")
		inPage[name] = true
		delete(beside, name)
	}
	here := map[string]map[string]bool{"In the relay": inRelay, "In the terminal client": inTerminal, "In the page": inPage, "To build and test": beside, "Tools": tools}

	listed := 0
	row := regexp.MustCompile("^\\| `([^`]+)` \\| (\\S+ \\S.*) \\|\\s$")
	section := ""
	for line := range strings.Lines(readFile(t, "DEPENDENCIES.md")) {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			section = strings.TrimSpace(name)
		}
		if found := row.FindStringSubmatch(line); found != nil {
			listed++
			if !here[section][found[1]] {
				t.Errorf("%s is listed under %q, where it is not", found[1], section)
			}
			delete(here[section], found[1])
		}
	}
	for section, names := range here {
		for name := range names {
			t.Errorf("%s is not in DEPENDENCIES.md under %q: if it is worth having, add it with its reason", name, section)
		}
	}
	if listed < 30 {
		t.Errorf("only %d rows were read: the test is broken", listed)
	}
}

// modulesOf returns the modules in a program that are not ours, without the
// workspace.
func modulesOf(t *testing.T, module, program string) map[string]bool {
	t.Helper()
	t.Setenv("GOWORK", "off")
	t.Setenv("CGO_ENABLED", "0")
	out, err := command(module, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", program)
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]bool{}
	for path := range strings.FieldsSeq(string(out)) {
		modules[path] = true
	}
	delete(modules, "sotto")
	return modules
}
