package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A stack dump prints the arguments of every frame: pointers as addresses,
// arrays and structs with what is in them. So identifiers and addresses travel
// by pointer, in every package of ours that runs in the relay.
func TestNoIdentifierIsAnArgument(t *testing.T) {
	for _, name := range []string{"lockout", "wire", "roomactor", "relay"} {
		t.Run(name, func(t *testing.T) { checkArguments(t, filepath.Join("..", "..", name)) })
	}
}

// byValue are methods that packages fmt, log and encoding call with a copy, so
// that it is redacted, and the one that clients alone call.
var byValue = map[string]bool{
	"String": true, "GoString": true, "Format": true, "MarshalText": true, "MarshalBinary": true, "Reveal": true,
}

func checkArguments(t *testing.T, dir string) {
	fset := token.NewFileSet()
	files, exports := listPackage(t, dir)
	var parsed []*ast.File
	for _, name := range files {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue)}
	cfg := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	if _, err := cfg.Check(dir, fset, parsed, info); err != nil {
		t.Fatal(err)
	}
	check := func(fields *ast.FieldList) {
		if fields == nil {
			return
		}
		for _, f := range fields.List {
			if typ := info.TypeOf(f.Type); showsIdentifier(typ) {
				t.Errorf("%s: an argument is a %s, whose value stack dumps print", fset.Position(f.Pos()), typ)
			}
		}
	}
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if !byValue[n.Name.Name] {
					check(n.Recv)
				}
			case *ast.FuncType:
				check(n.Params)
			}
			return true
		})
	}
}

// showsIdentifier reports whether a value of the type may hold an identifier or
// an address, and not merely point to one.
func showsIdentifier(t types.Type) bool {
	if named, ok := t.(*types.Named); ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "net/netip" {
		return true
	}
	switch u := t.Underlying().(type) {
	case *types.Array:
		b, ok := u.Elem().Underlying().(*types.Basic)
		return ok && b.Kind() == types.Uint8 && u.Len() >= 8 || showsIdentifier(u.Elem())
	case *types.Struct:
		for f := range u.Fields() {
			if showsIdentifier(f.Type()) {
				return true
			}
		}
	}
	return false
}

// listPackage returns a package's files and where the compiler has put what
// it imports.
func listPackage(t *testing.T, dir string) (files []string, exports map[string]string) {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,GoFiles,DepOnly", ".")
	list.Dir = dir
	out, err := list.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Start(); err != nil {
		t.Fatal(err)
	}
	exports = make(map[string]string)
	for d := json.NewDecoder(out); ; {
		var p struct {
			ImportPath, Export string
			GoFiles            []string
			DepOnly            bool
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			files = p.GoFiles
		}
	}
	if err := list.Wait(); err != nil {
		t.Fatal(err)
	}
	return files, exports
}
