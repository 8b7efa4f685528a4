package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// root is the checkout.
const root = "../.."

func readFile(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// ourFiles returns the names of the checkout's files, one a line. As it looks
// at each, the test cache knows that a test depends on them all.
func ourFiles(t *testing.T) string {
	t.Helper()
	files, err := command(root, "git", "ls-files")
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(files)) {
		_, _ = os.Stat(filepath.Join(root, strings.TrimSpace(name))) // may be removed and not committed
	}
	return string(files)
}

// What papers writes of a relay names its parts, with a licence for each.
func TestLicences(t *testing.T) {
	ourFiles(t)
	// As it is released, without the workspace.
	t.Setenv("GOWORK", "off")
	t.Setenv("CGO_ENABLED", "0")
	binary := filepath.Join(t.TempDir(), "sotto")
	if _, err := command(root, "go", "build", "-o", binary, "./cmd/sotto"); err != nil {
		t.Fatal(err)
	}
	var sbom, notices strings.Builder
	for word, to := range map[string]*strings.Builder{"sbom": &sbom, "notices": &notices} {
		if err := run([]string{word, binary}, to); err != nil {
			t.Fatal(err)
		}
	}
	var doc struct {
		SpecVersion string
		Metadata    struct {
			Component struct{ Hashes []struct{ Content string } }
		}
		Components   []struct{ Type, PURL string }
		Dependencies []struct{ DependsOn []string }
	}
	if err := json.Unmarshal([]byte(sbom.String()), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.SpecVersion != "1.6" || len(doc.Metadata.Component.Hashes[0].Content) != 64 || len(doc.Dependencies[0].DependsOn) != len(doc.Components) {
		t.Errorf("the head is %+v", doc)
	}
	parts := ""
	for _, c := range doc.Components {
		parts += c.Type + " " + c.PURL + "\n"
	}
	for _, want := range []string{
		"library pkg:golang/github.com/coder/websocket@v", "library pkg:golang/std@1.", "library pkg:npm/lean-qr@",
		"data pkg:golang/github.com/nyaruka/phonenumbers@v",
	} {
		if !strings.Contains(parts, want) {
			t.Errorf("the parts lack %q:\n%s", want, parts)
		}
	}
	for _, want := range []string{"github.com/coder/websocket v", "lean-qr ", "hlog/internal/mutil", "Permission is hereby granted"} {
		if !strings.Contains(notices.String(), want) {
			t.Errorf("the notices lack %q", want)
		}
	}
}

// A licence that nobody has read, or none, is refused by the name of what has it.
func TestLicence(t *testing.T) {
	file := func(body string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(body)} }
	_, mit, _ := strings.Cut(readFile(t, "web/dist/licences.txt"), "lean-qr\n\n")
	tests := map[string]struct {
		files       fstest.MapFS
		want, texts string // want "": refused
	}{
		"one":                  {fstest.MapFS{"LICENSE.txt": file(mit)}, "MIT", "LICENSE.txt"},
		"another year":         {fstest.MapFS{"LICENSE": file(strings.Replace(mit, "Copyright (c) 20", "Copyright (c) 19", 1))}, "MIT", "LICENSE"},
		"with a notice":        {fstest.MapFS{"LICENSE": file(mit), "NOTICE": file("Thanks.")}, "MIT", "LICENSE NOTICE"},
		"of a folder with Go":  {fstest.MapFS{"LICENSE": file(mit), "a/a.go": file(""), "a/LICENSE": file("You may not.")}, "", ""},
		"of a picture":         {fstest.MapFS{"LICENSE": file(mit), "a/a.png": file(""), "a/LICENSE": file("You may not.")}, "MIT", "LICENSE"},
		"none":                 {fstest.MapFS{"README": file(mit)}, "", ""},
		"a condition more":     {fstest.MapFS{"LICENSE": file(mit + "\nExcept on Sundays.\n")}, "", ""},
		"one word changed":     {fstest.MapFS{"LICENSE": file(strings.Replace(mit, "free of charge", "for money", 1))}, "", ""},
		"one of two not known": {fstest.MapFS{"LICENSE": file(mit), "LICENSE-GPL": file("Share alike.")}, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := component{ecosystem: "golang", name: "thing", version: "v1.0.0"}
			err := c.license(tt.files)
			if tt.want == "" {
				if !errors.Is(err, errLicence) || !strings.Contains(err.Error(), "thing v1.0.0") {
					t.Fatalf("license = %v with %q; want an error that names the component", err, c.licence)
				}
				return
			}
			var names []string
			for _, text := range c.texts {
				names = append(names, text.name)
			}
			if err != nil || c.licence != tt.want || strings.Join(names, " ") != tt.texts {
				t.Errorf("license = %q of %q, %v; want %q of %q", c.licence, names, err, tt.want, tt.texts)
			}
		})
	}
}
