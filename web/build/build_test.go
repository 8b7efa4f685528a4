package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"sotto/web/build/numbers"
)

// TestDistIsFresh is the proof that what a relay serves is what src says: it
// builds everything again and compares it with dist, byte for byte.
func TestDistIsFresh(t *testing.T) {
	numberTable, err := numbers.JSON()
	if err != nil {
		t.Fatal(err)
	}
	want, err := build("..", numberTable)
	if err != nil {
		t.Fatalf("%v (npm ci in web installs what the build needs)", err)
	}
	entries, err := os.ReadDir("../dist")
	if err != nil {
		t.Fatal(err)
	}
	stale := false
	for _, e := range entries {
		if _, ok := want[e.Name()]; !ok {
			t.Errorf("dist/%s is built from nothing", e.Name())
			stale = true
		}
	}
	for name, content := range want {
		got, err := os.ReadFile(filepath.Join("../dist", name))
		switch {
		case err != nil:
			t.Errorf("dist/%s: %v", name, err)
			stale = true
		case !bytes.Equal(got, content):
			t.Errorf("dist/%s differs from what src builds", name)
			stale = true
		}
	}
	if stale {
		t.Error("run go generate ./web and commit web/dist. If only .gz and MANIFEST differ, this release of Go compresses differently.")
	}
}

// fixture writes a small tree with everything that build reads.
func fixture(t *testing.T, change map[string]string) string {
	t.Helper()
	tree := map[string]string{
		"node_modules/tiny/index.js":     `export const tiny = 7`,
		"src/document.html":              "<!doctype html>\n<html lang=\"{{lang}}\" dir=\"{{dir}}\">\n  <title>{{title}}</title>\n  <!--style-->\n  <noscript>{{noscript}}</noscript>\n  <!--script-->\n",
		"src/style.css":                  "/* a comment */ body { color : #ff0000 }",
		"src/lazy/style.css":             "p { color : #ff0000 }",
		"src/lazy/voice.css":             "p { color : #00ff00 }",
		"src/lazy/voice.ts":              "export const play = __VOICE_STYLE__\n",
		"src/main.ts":                    "import s from '#strings'\nconst t: string = s.hello\nconsole.log(t, __LANG__, __PRIVATE_URL__, __STRINGS_URLS__)\nconst later = __MORE_URL__\nvoid import(later).then((m) => m.draw())\n",
		"src/lazy/more.ts":               "import { tiny } from 'tiny'\nexport const draw = (): string => tiny + __NUMBERS_URL__\n",
		"src/lazy/words.ts":              "export default {}\n",
		"src/lazy/private.ts":            "export const secret = 1\n",
		"src/strings/later.en.json":      `{"later":"Bye"}`,
		"src/strings/later.sw.json":      `{"later":"Kwaheri"}`,
		"src/strings/en.json":            `{"title":"N & M","noscript":"On, please","dir":"rtl","hello":"Hello {n}"}`,
		"src/strings/sw.json":            `{"title":"N & M","noscript":"Washa","dir":"ltr","hello":"Habari {n}"}`,
		"pages/page.html":                "<html lang={{lang}} dir={{dir}}><title>{{title}}</title><!--style--><nav>{{nav}}</nav><main>{{text}}</main>",
		"pages/page.css":                 "main { margin : 0 }",
		"pages/en/about.md":              "# About\n\nSome *words*\nhere.\n",
		"pages/en/security.md":           "# Safe?\n\n- One\n- Two {{hash}}\n",
		"pages/en/host.md":               "# Hosts\n\nWords.\n",
		"pages/sw/host.md":               "# Wenyeji\n\nManeno.\n",
		"node_modules/tiny/LICENSE":      "Copyright T. Iny\n",
		"pages/sw/about.md":              "# Kuhusu\n\nManeno.\n",
		"pages/sw/security.md":           "# Salama?\n\n- Moja\n",
		"node_modules/tiny/package.json": `{"name":"tiny","type":"module","main":"index.js"}`,
	}
	for _, l := range languages[2:] {
		tree["src/strings/"+l+".json"] = tree["src/strings/sw.json"]
		tree["src/strings/later."+l+".json"] = tree["src/strings/later.sw.json"]
	}
	for name, content := range change {
		tree[name] = content
	}
	root := t.TempDir()
	for name, content := range tree {
		if content == "" {
			continue
		}
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func mustBuild(t *testing.T, root string) files {
	t.Helper()
	out, err := build(root, []byte(`{"KE":"254 0 9 7"}`))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBuild(t *testing.T) {
	out := mustBuild(t, fixture(t, nil))
	doc := string(out["index.sw.html"])
	for _, want := range []string{
		`<!doctype html><html lang="sw" dir="ltr"><title>N &amp; M</title><style>body{color:red}</style>`,
		`<noscript>Washa</noscript><script type=module>`,
		`Habari {n}`,
		`"./strings-en-`,
		`"./more-`,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("the Swahili document has no %q:\n%s", want, doc)
		}
	}
	for _, not := range []string{"Hello", "__", "a comment"} {
		if strings.Contains(doc, not) {
			t.Errorf("the Swahili document has %q:\n%s", not, doc)
		}
	}
	if doc := string(out["index.en.html"]); !strings.Contains(doc, `<html lang="en" dir="rtl">`) {
		t.Errorf("the direction is not the table's: %s", doc)
	}
	page := string(out["about.en.html"])
	want := `<title>N &amp; M</title><style>main{margin:0}</style>` +
		`<nav><a href="./">N &amp; M</a><a href="./about" aria-current=page>About</a><a href="./security">Safe?</a><a href="./host">Hosts</a></nav>` +
		"<main><h1>About</h1>\n<p>Some <em>words</em>\nhere.</p></main>"
	if !strings.Contains(page, want) {
		t.Errorf("about = %s\nwant %s", page, want)
	}
	// What something refers to must be there, under that name.
	for name, content := range out {
		for _, url := range regexp.MustCompile(`"\./([\w.-]+\.js(on)?)"`).FindAllSubmatch(content, -1) {
			if out[string(url[1])] == nil {
				t.Errorf("%s refers to %s, which is not there", name, url[1])
			}
		}
	}
	if got, want := string(out["licences.txt"]), "tiny\n\nCopyright T. Iny"; got != want {
		t.Errorf("licences.txt = %q, want %q", got, want)
	}
	// The keys are known where the values come to: these go in the order of the
	// table, the document's before the later part's.
	for name, content := range out {
		if strings.HasPrefix(name, "strings-en-") && strings.HasSuffix(name, ".json") {
			if want := `["N & M","On, please","rtl","Hello {n}","Bye"]`; string(content) != want {
				t.Errorf("%s = %s, want %s", name, content, want)
			}
		}
	}
}

func TestHelp(t *testing.T) {
	out := mustBuild(t, fixture(t, nil))
	hash := fmt.Sprintf("%x", sha256.Sum256(out["index.en.html"]))[:12]
	want := `{"about":[["h2","About"],["p","Some words here."]],"security":[["h2","Safe?"],["li","One"],["li","Two ` + hash + `"]]}`
	if got := string(out["help-en.json"]); got != want {
		t.Errorf("help-en.json = %s\nwant %s", got, want)
	}
	if !bytes.Contains(out["security.en.html"], []byte("Two "+hash)) {
		t.Errorf("/security does not say the document's hash: %s", out["security.en.html"])
	}
}

// TestVariants reads every compressed variant and the manifest back.
func TestVariants(t *testing.T) {
	out := mustBuild(t, fixture(t, nil))
	var manifest strings.Builder
	names := 0
	for line := range strings.Lines(string(out["MANIFEST"])) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok || sum != fmt.Sprintf("%x", sha256.Sum256(out[name])) {
			t.Errorf("MANIFEST is wrong about %q", name)
		}
		names++
		manifest.WriteString(line)
	}
	if names != len(out)-1 {
		t.Errorf("MANIFEST lists %d files, want %d", names, len(out)-1)
	}
	for name, content := range out {
		if name == "MANIFEST" || strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") {
			continue
		}
		br, err := io.ReadAll(brotli.NewReader(bytes.NewReader(out[name+".br"])))
		if err != nil || !bytes.Equal(br, content) {
			t.Errorf("%s.br is not %s (%v)", name, name, err)
		}
		zr, err := gzip.NewReader(bytes.NewReader(out[name+".gz"]))
		if err != nil {
			t.Errorf("%s.gz: %v", name, err)
			continue
		}
		gz, err := io.ReadAll(zr)
		if err != nil || !bytes.Equal(gz, content) {
			t.Errorf("%s.gz is not %s (%v)", name, name, err)
		}
	}
}

// TestWrite writes over an older dist: what is no longer built must go.
func TestWrite(t *testing.T) {
	dist := filepath.Join(t.TempDir(), "dist")
	for _, want := range []files{
		{"more-00000000.js": []byte("old"), "MANIFEST": []byte("older and longer")},
		{"more-11111111.js": []byte("new"), "MANIFEST": []byte("newer")},
	} {
		if err := write(want, dist); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dist)
		if err != nil {
			t.Fatal(err)
		}
		got := make(files)
		for _, e := range entries {
			if got[e.Name()], err = os.ReadFile(filepath.Join(dist, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
		if !maps.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("dist holds %q, want %q", got, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	tests := map[string]struct {
		change map[string]string
		want   string
	}{
		"key missing":         {map[string]string{"src/strings/sw.json": `{"title":"N","noscript":"x","dir":"ltr"}`}, `sw.json: "hello" is missing`},
		"key too many":        {map[string]string{"src/strings/sw.json": `{"title":"N","noscript":"x","dir":"ltr","hello":"{n}","bye":"y"}`}, `"bye" is not in en`},
		"placeholder missing": {map[string]string{"src/strings/sw.json": `{"title":"N","noscript":"x","dir":"ltr","hello":"y"}`}, `"hello" has not the same placeholders`},
		"key twice":           {map[string]string{"src/strings/en.json": `{"title":"N","noscript":"x","dir":"ltr","title":"M"}`}, `"title" is there twice`},
		"no string":           {map[string]string{"src/strings/en.json": `{"title":{"a":"b"},"noscript":"x","dir":"ltr"}`}, `"title" is not a string`},
		"empty string":        {map[string]string{"src/strings/en.json": `{"title":" ","noscript":"x","dir":"ltr"}`}, `"title" is empty`},
		"no direction":        {map[string]string{"src/strings/en.json": `{"title":"N","noscript":"x","dir":"up"}`}, `"dir" is "up"`},
		"no title":            {map[string]string{"src/strings/en.json": `{"noscript":"x","dir":"ltr"}`}, `"title" is missing`},
		"two objects":         {map[string]string{"src/strings/en.json": `{"title":"N","noscript":"x","dir":"ltr"} {}`}, "there is more"},
		"import of nothing":   {map[string]string{"src/main.ts": "import './nowhere'"}, "nowhere"},
		"style warning":       {map[string]string{"src/style.css": "body { color: red; colr: red"}, "minify src/style.css"},
		"script ends early":   {map[string]string{"src/main.ts": `console.log("<!-- <script>", __LANG__)`}, `has "<!--" in it`},
		"no place":            {map[string]string{"src/document.html": "<html lang={{lang}} dir={{dir}}><!--style--><!--script-->{{noscript}}"}, "{{title}} is there 0 times"},
		"place twice":         {map[string]string{"src/document.html": "{{title}}{{lang}}{{lang}}{{dir}}<!--style--><!--script-->{{noscript}}"}, "{{lang}} is there 2 times"},
		"unknown place":       {map[string]string{"pages/page.html": "{{lang}}{{dir}}{{title}}<!--style-->{{nav}}{{text}}{{more}}"}, "nothing is known to go into {{more"},
		"unknown define":      {map[string]string{"src/main.ts": "console.log(__NUMBERS_URL__)"}, "does not know what __NUMBERS_URL__ is"},
		"no heading":          {map[string]string{"pages/en/about.md": "Words."}, "begin with a heading"},
		"deep heading":        {map[string]string{"pages/en/about.md": "# A\n\n### B\n"}, "second level only"},
		"block quote":         {map[string]string{"pages/en/about.md": "# A\n\n> B\n"}, "Blockquote can't be shown"},
		"raw HTML":            {map[string]string{"pages/en/about.md": "# A\n\n<b>B</b>\n"}, "RawHTML can't be shown"},
		"image":               {map[string]string{"pages/en/about.md": "# A\n\n![x](y)\n"}, "Image can't be shown"},
		"nested list":         {map[string]string{"pages/en/about.md": "# A\n\n- B\n  - C\n"}, "plain points"},
		"no licence":          {map[string]string{"node_modules/tiny/LICENSE": ""}, "node_modules/tiny/LICENSE"},
		"another order":       {map[string]string{"src/strings/sw.json": `{"noscript":"x","title":"N","dir":"ltr","hello":"{n}"}`}, "not in the order of en"},
		"no page":             {map[string]string{"pages/sw/about.md": ""}, "about.md"},
		"no QR library":       {map[string]string{"node_modules/tiny/index.js": "", "node_modules/tiny/package.json": "", "node_modules/tiny/LICENSE": ""}, "npm ci"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := build(fixture(t, test.change), []byte("{}"))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("build = %v, want %q", err, test.want)
			}
		})
	}
}
