package relay

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sotto/wire"
)

// The catalogue has every reason and every close code that there is, and each
// row once.
func TestCatalogue_IsWhole(t *testing.T) {
	for _, reason := range reasons(t) {
		if !slices.ContainsFunc(catalogue, func(a answer) bool { return a.reason == reason && a.code == 0 }) {
			t.Errorf("no row answers %q", reason)
		}
	}
	for _, code := range wire.CloseCodes() {
		if a := closeOf(code, nil); a.label != strconv.Itoa(int(code)) || a.reason == "" {
			t.Errorf("close code %d has the row %+v", code, a)
		}
	}
	for i, a := range catalogue {
		if slices.Contains(catalogue[:i], a) {
			t.Errorf("the row %+v is there twice", a)
		}
		if a.counter == "" && a.label != "" || a.counter != "" && a.label == "" {
			t.Errorf("the row %+v is half counted", a)
		}
	}
}

// Every row is given somewhere: its name, or the reason or code it is made of,
// is used outside the catalogue.
func TestCatalogue_EveryRowIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, dir := range []string{".", "../roomactor", "../wire"} {
		for path, file := range parse(t, dir) {
			if path == "catalogue.go" || filepath.Base(path) == "names.go" {
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					used[id.Name] = true
				}
				return true
			})
		}
	}
	// closeOf picks these, and the slices name them all.
	for _, inFile := range []string{"endedByPeer", "endedLost", "endedFailed"} {
		used[inFile] = true
	}
	used["CloseMoved"] = true // hello comes with it
	for name := range catalogueNames(t) {
		if !used[name] {
			t.Errorf("nothing gives %s", name)
		}
	}
}

// catalogueNames lists the variables of rows, and the reasons and codes of wire
// that rows are made of.
func catalogueNames(t *testing.T) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(parse(t, ".")["catalogue.go"], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for _, id := range n.Names {
				if strings.HasPrefix(id.Name, "http") && id.Name != "httpAnswers" || strings.HasPrefix(id.Name, "reply") ||
					strings.HasPrefix(id.Name, "silent") || strings.HasPrefix(id.Name, "ended") {
					names[id.Name] = true
				}
			}
		case *ast.CallExpr: // a row that is made of a reason or a code
			if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "ofJoin" || f.Name == "ofRoom" || f.Name == "closing") {
				if of, ok := n.Args[0].(*ast.SelectorExpr); ok {
					names[of.Sel.Name] = true
				}
			}
		}
		return true
	})
	if len(names) < 40 {
		t.Fatalf("found only %d names: %v", len(names), slices.Sorted(maps.Keys(names)))
	}
	return names
}

// reasons lists the values of wire's constants of type Reason.
func reasons(t *testing.T) (values []string) {
	ast.Inspect(parse(t, "../wire")["../wire/names.go"], func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "Reason" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) < 19 {
		t.Fatalf("found only the reasons %v", values)
	}
	return values
}

// parse reads the Go files of a directory, without tests.
func parse(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	paths, err := fs.Glob(os.DirFS(dir), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		path = filepath.Join(dir, path)
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = file
	}
	return files
}
