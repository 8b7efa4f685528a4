// Command build makes web/dist from web/src and web/pages: go generate ./web
// runs it in web. It needs no Node, only the QR library that npm ci puts into
// web/node_modules.
//
// The same sources give the same bytes on every machine, as esbuild, brotli,
// goldmark and the phone metadata are pinned in go.mod. gzip is Go's own, so a
// new release of Go may compress differently: build_test.go says so then.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sotto/web/build/numbers"
)

func main() {
	root := flag.String("root", ".", "the folder web, which has src and pages in it")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "web/build:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	numberTable, err := numbers.JSON()
	if err != nil {
		return err
	}
	files, err := build(root, numberTable)
	if err != nil {
		return err
	}
	return write(files, filepath.Join(root, "dist"))
}

// write makes the folder hold these files and no others: go:embed takes what
// is there.
func write(files files, dist string) error {
	//nolint:gosec // G301: what is published may be read by everybody.
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	old, err := os.ReadDir(dist)
	if err != nil {
		return err
	}
	for _, e := range old {
		if _, ok := files[e.Name()]; !ok {
			if err := os.Remove(filepath.Join(dist, e.Name())); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		//nolint:gosec // G306: likewise.
		if err := os.WriteFile(filepath.Join(dist, name), files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
