package relay

import (
	"fmt"
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

	"github.com/rs/zerolog"

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

// PROTOCOL.md has the catalogue as a table, row for row; only what each row
// means stands there alone.
func TestCatalogue_IsInTheProtocol(t *testing.T) {
	text, err := os.ReadFile("../wire/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n| by | told |")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")[2:] // without the head
	for i, a := range catalogue {
		want := fmt.Sprintf("| %s | %s | %s | %s | %s | ", a.by(), dash(a.reason), a.counted(), a.logged(), again(a.retry))
		if i >= len(rows) || !strings.HasPrefix(rows[i], want) || len(rows[i]) < len(want)+len("x |") {
			t.Fatalf("row %d should be %q and what it means", i+1, want)
		}
	}
	if len(rows) != len(catalogue) {
		t.Errorf("the table has %d rows; want %d", len(rows), len(catalogue))
	}
}

func (a answer) by() string {
	switch {
	case a.status != 0:
		return fmt.Sprint("HTTP ", a.status)
	case a.code != 0:
		return fmt.Sprint("close ", a.code)
	case a.reason != "":
		return "reply"
	}
	return dash("")
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func (a answer) counted() string {
	if a.counter == "" {
		return "–"
	}
	return strings.TrimSuffix(strings.TrimPrefix(a.counter, "sotto_"), "_total") + ": " + a.label
}

func (a answer) logged() string {
	if a.level == zerolog.Disabled {
		return "–"
	}
	return a.level.String()
}

func again(retry bool) string {
	if retry {
		return "yes"
	}
	return "no"
}
