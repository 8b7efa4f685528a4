package supply

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile("`(Test[A-Za-z0-9_]+)`")
	// A file, and perhaps the titles of some of its tests.
	fileName  = regexp.MustCompile("`((?:cmd|web|scripts|internal)/[^`]+)`(:?(?:[\\s,]+\"[^\"]+\")*)")
	testTitle = regexp.MustCompile(`"([^"]+)"`)
	testFunc  = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
)

// TestSecurityNamesItsTests finds every test and file that SECURITY.md calls
// as a witness.
func TestSecurityNamesItsTests(t *testing.T) {
	files := ourFiles(t)
	there := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			for _, f := range testFunc.FindAllStringSubmatch(readFile(t, file), -1) {
				there[f[1]] = true
			}
		}
	}
	text := readFile(t, "SECURITY.md")
	named := testName.FindAllStringSubmatch(text, -1)
	if len(named) < 30 {
		t.Fatalf("only %d tests are named: the search is broken", len(named))
	}
	for _, name := range named {
		if !there[name[1]] {
			t.Errorf("SECURITY.md names %s, which is not there", name[1])
		}
	}
	titles := 0
	for _, found := range fileName.FindAllStringSubmatch(text, -1) {
		file := found[1]
		if !slices.ContainsFunc(files, func(f string) bool { return f == file || strings.HasPrefix(f, file+"/") }) {
			t.Errorf("SECURITY.md names %s, which is not there", file)
			continue
		}
		for _, title := range testTitle.FindAllStringSubmatch(found[2], -1) {
			titles++
			if words := strings.Join(strings.Fields(title[1]), " "); !strings.Contains(readFile(t, file), `"`+words+`"`) {
				t.Errorf("SECURITY.md says %s has a test %q", file, words)
			}
		}
	}
	if titles < 5 {
		t.Errorf("only %d titles of tests were read: the search is broken", titles)
	}
}
