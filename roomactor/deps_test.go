package roomactor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

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
