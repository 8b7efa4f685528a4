package wire_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// citation is how PROTOCOL.md names a function, a test or where something is
// kept: `roomactor: (*state).send`, `relay: conn.lastTyping`.
var citation = regexp.MustCompile("`([a-z]+): ([^`]+)`")

// Whatever PROTOCOL.md names is there, and every rule names who decides it and
// what shows it.
func TestProtocol_NamesWhatIsThere(t *testing.T) {
	text := protocol(t)
	declared := map[string]map[string]bool{}
	for _, c := range citation.FindAllStringSubmatch(text, -1) {
		pkg, name := c[1], c[2]
		if declared[pkg] == nil {
			declared[pkg] = declarations(t, filepath.Join("..", pkg))
		}
		if !declared[pkg][name] {
			t.Errorf("PROTOCOL.md names %s: %s, which is not there", pkg, name)
		}
	}
	if n := len(declared); n < 5 {
		t.Errorf("PROTOCOL.md names things in %d packages only", n)
	}
	rules := strings.Split(text, "→")[1:]
	for _, rule := range rules {
		rule, _, _ = strings.Cut(rule, "\n\n")
		deciders, tests, ok := strings.Cut(strings.Join(strings.Fields(rule), " "), "shown by")
		if !ok || !citation.MatchString(deciders) || strings.Contains(deciders, ": Test") || !strings.Contains(tests, ": Test") {
			t.Errorf("a rule does not name a function and a test: %.100s", rule)
		}
	}
	if len(rules) < 40 {
		t.Errorf("PROTOCOL.md has %d rules only", len(rules))
	}
}

// What a comment cites of PROTOCOL.md is a heading or a rule of it.
func TestProtocol_HasWhatIsCited(t *testing.T) {
	named := regexp.MustCompile(`(?m)^#+ (.*)$|\*\*([^*]+)\*\*`).FindAllStringSubmatch(protocol(t), -1)
	var titles strings.Builder
	for _, n := range named {
		titles.WriteString(strings.ToLower(n[1]+n[2]) + "\n")
	}
	cited := regexp.MustCompile(`PROTOCOL\.md,\s+(?:// )?([\w ]+)`)
	// What a stranger looks up is one step away.
	for _, rule := range []string{
		"stale", "ninth socket", "who overwrites the slot", "repeated nonce", "join floor",
		"typing pace", "unjoined times", "no such room",
	} {
		if !strings.Contains(titles.String(), rule) {
			t.Errorf("PROTOCOL.md has no rule called %q", rule)
		}
	}
	found := 0
	for _, dir := range []string{".", "../roomactor", "../relay", "../lockout", "../client", "../blind", "../web/src", "../web/test", "../loadtest"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".ts" {
				return err
			}
			text, err := os.ReadFile(path)
			for _, c := range cited.FindAllStringSubmatch(string(text), -1) {
				found++
				if !strings.Contains(titles.String(), strings.ToLower(c[1])) {
					t.Errorf("PROTOCOL.md has no %q, which %s cites", c[1], path)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found == 0 {
		t.Error("nobody cites PROTOCOL.md")
	}
}

func protocol(t *testing.T) string {
	text, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// declarations lists what the package in dir has at its top level, tests too:
// functions, methods as "(*T).name" or "T.name", types, values, and fields as
// "T.name".
func declarations(t *testing.T, dir string) map[string]bool {
	names := map[string]bool{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				names[receiver(d)+d.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					declare(names, spec)
				}
			}
		}
	}
	return names
}

func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	switch t := d.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		if id, ok := t.X.(*ast.Ident); ok {
			return "(*" + id.Name + ")."
		}
	case *ast.Ident:
		return t.Name + "."
	}
	return "?" // a generic type
}

func declare(names map[string]bool, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, id := range spec.Names {
			names[id.Name] = true
		}
	case *ast.TypeSpec:
		names[spec.Name.Name] = true
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				for _, id := range f.Names {
					names[spec.Name.Name+"."+id.Name] = true
				}
			}
		}
	}
}
