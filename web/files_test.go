package web

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestPolicy(t *testing.T) {
	const rest = "; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	// printf '%s' 'a{}' | openssl dgst -sha256 -binary | base64, and for 'f()'.
	const style, script = "'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='", "'sha256-GcEEE0IkDzIP5EQ6DXZaDPORqT5RTBELX8Fyzyg9yvo='"
	tests := map[string]struct{ document, want string }{
		"document": {
			"<style>a{}</style><script type=module>f()</script>",
			"default-src 'none'; script-src " + script + " 'self'; connect-src 'self'; style-src " + style + rest,
		},
		"text": {"<style>a{}</style>", "default-src 'none'; style-src " + style + rest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := policy([]byte(test.document))
			if err != nil || got != test.want {
				t.Errorf("policy = %s, %v\nwant %s", got, err, test.want)
			}
		})
	}
	for name, document := range map[string]string{
		"no style":       "<script type=module>f()</script>",
		"two styles":     "<style>a{}</style><style>b{}</style>",
		"two scripts":    "<style>a{}</style><script type=module>f()</script><script type=module>g()</script>",
		"another script": "<style>a{}</style><script src=x.js></script>",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := policy([]byte(document)); err == nil {
				t.Errorf("policy = %s, want an error", got)
			}
		})
	}
}

// TestLoadMistakes: a dist that was put together wrongly must not be served.
func TestLoadMistakes(t *testing.T) {
	const text = "<style></style>"
	tests := map[string]struct{ remove, add, content, want string }{
		"no document":         {"index.en.html", "", "", "/ is not there in every language"},
		"no text":             {"about.sw.html", "", "", "/about is not there in every language"},
		"no variant":          {"about.en.html.br", "", "", "about.en.html.br"},
		"another language":    {"", "security.fr.html", text, "/security is not there in every language"},
		"document of nothing": {"", "other.en.html", "", "want exactly one <style>"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fsys := make(fstest.MapFS)
			add := func(name, content string) {
				for _, suffix := range []string{"", ".br", ".gz"} {
					fsys[name+suffix] = &fstest.MapFile{Data: []byte(content)}
				}
			}
			for _, l := range []string{"sw", "en"} {
				for _, base := range []string{"index", "about", "security", "host"} {
					add(base+"."+l+".html", text)
				}
			}
			if _, err := load(fsys); err != nil {
				t.Fatal(err)
			}
			delete(fsys, test.remove)
			if test.add != "" {
				add(test.add, test.content)
			}
			if _, err := load(fsys); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("load = %v, want %q", err, test.want)
			}
		})
	}
}
