package wire_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	packages := map[string]string{}
	for _, c := range citation.FindAllStringSubmatch(text, -1) {
		pkg, name := c[1], c[2]
		if packages[pkg] == "" {
			packages[pkg] = source(t, pkg)
		}
		if !declares(packages[pkg], name) {
			t.Errorf("PROTOCOL.md names %s: %s, which is not there", pkg, name)
		}
	}
	if n := len(packages); n < 5 {
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

// source is the text of a package, tests too.
func source(t *testing.T, pkg string) string {
	var all strings.Builder
	paths, err := filepath.Glob(filepath.Join("..", pkg, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// declares reports whether a package has name at its top level: a function, type
// or value, a method as "(*T).name" or "T.name", or a field as "T.name".
func declares(source, name string) bool {
	forms := []string{"\nfunc N(", "\nfunc N[", "\ntype N ", "\nvar N ", "\nconst N ", "\n\tN "}
	if of, member, ok := strings.Cut(name, "."); ok {
		_, fields, _ := strings.Cut(source, "\ntype "+of+" struct {")
		fields, _, _ = strings.Cut(fields, "\n}\n")
		if regexp.MustCompile(`(?m)^\t(?:\w+, )*` + member + `\b`).MatchString(fields) {
			return true
		}
		name, forms = member, []string{" " + strings.Trim(of, "()") + ") N("}
	}
	return slices.ContainsFunc(forms, func(form string) bool {
		return strings.Contains(source, strings.Replace(form, "N", name, 1))
	})
}
