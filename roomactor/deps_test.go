package roomactor_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// ours are the packages that rooms and protocols are made of and what each may
// import of this module.
var ours = map[string][]string{
	"roomactor": {"sotto/lockout", "sotto/wire"},
	"lockout":   nil,
	"blind":     {"sotto/wire"},
	"wire":      nil,
}

// forbidden are the standard library's packages that none of ours may import
// itself, each with the reason.
var forbidden = map[string]string{
	"os":            "nothing is written to disk, and the environment is the program's",
	"net":           "rooms know members, not sockets or addresses",
	"net/http":      "rooms know members, not requests",
	"log":           "rooms see what must never be logged",
	"log/slog":      "rooms see what must never be logged",
	"encoding/json": "it makes strings of ciphertext, which can't be overwritten",
	"math/rand":     "ids and tokens must not be guessed",
	"math/rand/v2":  "ids and tokens must not be guessed",
	"unsafe":        "nothing here needs it",
	"testing":       "for tests",
}

// TestDeps: rooms import the standard library, lockout and wire, sotto-2 the
// standard library and wire, and nothing else; and of the standard library not
// what has no place there.
func TestDeps(t *testing.T) {
	for dir, allowed := range ours {
		pkg, err := build.ImportDir("../"+dir, 0)
		if err != nil {
			t.Fatalf("read package %s: %v", dir, err)
		}
		if len(pkg.Imports) == 0 {
			t.Errorf("%s imports nothing: this checked nothing", dir)
		}
		for _, path := range pkg.Imports {
			if reason, ok := forbidden[path]; ok {
				t.Errorf("%s imports %s: %s", dir, path, reason)
			}
			if !isStandard(path) && !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s: it may import the standard library and %v", dir, path, allowed)
			}
		}
	}
}

// isStandard: the paths of the standard library have no dot in their first
// part, and ours begin with the module's name.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != "sotto" && !strings.Contains(first, ".")
}

// pure are the packages that the rules may import. They have no clock but
// package time's.
var pure = []string{"bytes", "crypto/subtle", "iter", "slices", "time", "sotto/lockout", "sotto/wire"}

// TestRulesArePure: state.step has no goroutine, clock, randomness or I/O.
func TestRulesArePure(t *testing.T) {
	for _, name := range []string{"state.go", "state_join.go", "state_slot.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			if path := strings.Trim(i.Path.Value, `"`); !slices.Contains(pure, path) {
				t.Errorf("%s imports %s: the rules are pure", name, path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt, *ast.SendStmt, *ast.SelectStmt, *ast.ChanType:
				t.Errorf("%s has a goroutine or a channel: the rules are pure", name)
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && !slices.Contains(timeless, n.Sel.Name) {
					t.Errorf("%s uses time.%s: the rules have no clock", name, n.Sel.Name)
				}
			}
			return true
		})
	}
}

// timeless is what the rules use of package time.
var timeless = []string{"Duration", "Minute", "Time"}
