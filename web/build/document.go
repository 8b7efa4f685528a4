package main

import (
	"bytes"
	"fmt"
	"html"
	"io/fs"
	"strings"
)

// document makes the one document of a language, style and script inside.
func document(src tree, l string, t *table, urls assets) ([]byte, error) {
	style, err := minifyStyle(src, "src/style.css")
	if err != nil {
		return nil, err
	}
	script, err := bundleScript(src, l, urls)
	if err != nil {
		return nil, err
	}
	return fill(src, "src/document.html", map[string]string{
		"{{lang}}":      l,
		"{{dir}}":       t.values["dir"],
		"{{title}}":     html.EscapeString(t.values["title"]),
		"{{noscript}}":  html.EscapeString(t.values["noscript"]),
		"<!--style-->":  element("<style>", style, "</style>"),
		"<!--script-->": element("<script type=module>", script, "</script>"),
	})
}

func element(open string, content []byte, end string) string {
	return open + string(content) + end
}

// fill puts values in the places of a template. Every place must be there, once
// unless it is the title's, and what goes in must not end its element early.
func fill(src tree, name string, values map[string]string) ([]byte, error) {
	content, err := fs.ReadFile(src, name)
	if err != nil {
		return nil, err
	}
	template := string(flatten(content))
	rest := template
	var pairs []string
	for place, value := range values {
		if n := strings.Count(template, place); n == 0 || n > 1 && place != "{{title}}" {
			return nil, fmt.Errorf("%s: %s is there %d times", name, place, n)
		}
		inner := strings.TrimSuffix(strings.TrimSuffix(value, "</script>"), "</style>")
		for _, end := range []string{"</script", "</style", "<!--"} {
			if strings.Contains(strings.ToLower(inner), end) {
				return nil, fmt.Errorf("%s: what goes into %s has %q in it", name, place, end)
			}
		}
		pairs = append(pairs, place, value)
		rest = strings.ReplaceAll(rest, place, "")
	}
	if _, unknown, found := strings.Cut(rest, "{{"); found {
		return nil, fmt.Errorf("%s: nothing is known to go into {{%.12s", name, unknown)
	}
	return []byte(strings.NewReplacer(pairs...).Replace(template)), nil
}

// flatten drops the indentation and the line breaks of a template. Between two
// tags nothing remains, elsewhere one space.
func flatten(content []byte) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(content) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if n := b.Len(); n > 0 && b.Bytes()[n-1] != '>' && line[0] != '<' {
			b.WriteByte(' ')
		}
		b.Write(line)
	}
	return b.Bytes()
}
