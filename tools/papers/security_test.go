package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestSecurityNamesItsTests finds every test and file that SECURITY.md calls
// as a witness.
func TestSecurityNamesItsTests(t *testing.T) {
	grep := func(pattern string, where ...string) string {
		out, err := command(root, append([]string{"git", "grep", "-hoE", pattern, "--"}, where...)...)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	files := "\n" + ourFiles(t)
	// `TestName`, or `folder: TestName` where several folders could have it.
	text, tests := readFile(t, "SECURITY.md"), map[string]string{}
	named := regexp.MustCompile("`(?:(\\w+): )?(Test\\w+)`").FindAllStringSubmatch(text, -1)
	for _, name := range named {
		where := "*_test.go"
		if name[1] != "" {
			where = name[1] + "/*_test.go"
		}
		if tests[where] == "" {
			tests[where] = grep(`^func Test\w+\(`, where)
		}
		if !strings.Contains(tests[where], "func "+name[2]+"(") {
			t.Errorf("SECURITY.md names %s, which is not in %s", name[2], where)
		}
	}
	// A file, and perhaps the titles of some of its tests.
	titles, title := 0, regexp.MustCompile(`"([^"]+)"`)
	for _, found := range regexp.MustCompile("`((?:cmd|web|scripts|internal|tools)/[^`]+)`(:?(?:[\\s,]+\"[^\"]+\")*)").FindAllStringSubmatch(text, -1) {
		file := found[1]
		if !strings.Contains(files, "\n"+file+"\n") && !strings.Contains(files, "\n"+file+"/") {
			t.Errorf("SECURITY.md names %s, which is not there", file)
			continue
		}
		for _, quoted := range title.FindAllStringSubmatch(found[2], -1) {
			titles++
			if words := strings.Join(strings.Fields(quoted[1]), " "); !strings.Contains(readFile(t, file), `"`+words+`"`) {
				t.Errorf("SECURITY.md says %s has a test %q", file, words)
			}
		}
	}
	if len(named) < 30 || titles < 5 {
		t.Errorf("%d tests and %d titles are named: the search is broken", len(named), titles)
	}
}
