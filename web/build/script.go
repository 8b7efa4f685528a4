package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// assets are the URLs of what the document loads later, relative to it.
type assets struct {
	more    string // in the document's language
	private string
	strings map[string]string // by language
}

// bundleScript makes the document's script for one language.
func bundleScript(src tree, l string, urls assets) ([]byte, error) {
	defines := map[string]any{
		"__LANG__":         l,
		"__MORE_URL__":     urls.more,
		"__PRIVATE_URL__":  urls.private,
		"__STRINGS_URLS__": urls.strings,
	}
	script, _, err := bundle(src, "src/main.ts", defines, api.BuildOptions{
		Alias: map[string]string{"#strings": "./" + stringsFile(l)},
	})
	return script, err
}

// licencesFile is what the lazily loaded scripts say that they come with.
const licencesFile = "licences.txt"

// bundleLazy makes a script that is loaded later, in one language. The licences
// of the packages that are in it want to be with every copy: used are the files
// that it is made of.
func bundleLazy(src tree, name, l string, defines map[string]any) (script []byte, used []string, err error) {
	if _, err := fs.Stat(src, "node_modules"); err != nil {
		return nil, nil, errors.New("node_modules is not there: run npm ci in web, the QR library and ML-KEM come from it")
	}
	return bundle(src, "src/lazy/"+name+".ts", defines, api.BuildOptions{
		// The document's words are lent to it, not loaded twice.
		Alias:  map[string]string{"#strings": "./src/lazy/words.ts", "#later": "./" + laterFile(l)},
		Banner: map[string]string{"js": "// ./" + licencesFile},
	})
}

// inPackage is the folder of an npm package that a file belongs to.
var inPackage = regexp.MustCompile(`^node_modules/((?:@[^/]+/)?[^/]+)/`)

// readLicences returns the licences of all packages that these files are of.
func readLicences(src tree, inputs []string) ([]byte, error) {
	var names []string
	for _, input := range inputs {
		if found := inPackage.FindStringSubmatch(input); found != nil {
			names = append(names, found[1])
		}
	}
	slices.Sort(names)
	var b bytes.Buffer
	for _, name := range slices.Compact(names) {
		licence, err := fs.ReadFile(src, "node_modules/"+name+"/LICENSE")
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s\n\n%s\n\n", name, bytes.TrimSpace(licence))
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// undefined is a name that the build was to replace and did not know.
var undefined = regexp.MustCompile(`\b__[A-Z]+(_[A-Z]+)*__\b`)

// bundle returns a script, and the files that are in it.
func bundle(src tree, entry string, defines map[string]any, o api.BuildOptions) ([]byte, []string, error) {
	o.Define = make(map[string]string)
	for name, value := range defines {
		literal, err := json.Marshal(value)
		if err != nil {
			return nil, nil, fmt.Errorf("define %s: %w", name, err)
		}
		o.Define[name] = string(literal)
	}
	abs, err := filepath.Abs(src.root)
	if err != nil {
		return nil, nil, err
	}
	o.AbsWorkingDir = abs
	o.EntryPoints = []string{entry}
	o.Bundle = true
	o.Format = api.FormatESModule
	o.Platform = api.PlatformBrowser
	o.Target = api.ES2022
	o.Charset = api.CharsetUTF8
	o.LegalComments = api.LegalCommentsNone
	o.Metafile = true
	o.MinifyWhitespace, o.MinifyIdentifiers, o.MinifySyntax = true, true, true
	// What tsconfig.json says is for the editor and tsc: it must not change
	// what is served.
	o.TsconfigRaw = "{}"
	result := api.Build(o)
	if err := messages(append(result.Errors, result.Warnings...)); err != nil {
		return nil, nil, fmt.Errorf("bundle %s: %w", entry, err)
	}
	script := bytes.TrimSpace(result.OutputFiles[0].Contents)
	if name := undefined.Find(script); name != nil {
		return nil, nil, fmt.Errorf("bundle %s: the build does not know what %s is", entry, name)
	}
	var meta struct{ Inputs map[string]struct{} }
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		return nil, nil, fmt.Errorf("bundle %s: %w", entry, err)
	}
	return script, slices.Sorted(maps.Keys(meta.Inputs)), nil
}

// minifyStyle makes the content of a style element.
func minifyStyle(src tree, name string) ([]byte, error) {
	content, err := fs.ReadFile(src, name)
	if err != nil {
		return nil, err
	}
	result := api.Transform(string(content), api.TransformOptions{
		Loader:           api.LoaderCSS,
		Charset:          api.CharsetUTF8,
		LegalComments:    api.LegalCommentsNone,
		MinifyWhitespace: true, MinifySyntax: true,
		Sourcefile: name,
	})
	if err := messages(append(result.Errors, result.Warnings...)); err != nil {
		return nil, fmt.Errorf("minify %s: %w", name, err)
	}
	return bytes.TrimSpace(result.Code), nil
}

// messages makes one error of esbuild's errors and warnings: a warning that
// nobody has to mend is one that nobody reads.
func messages(all []api.Message) error {
	lines := make([]string, len(all))
	for i, m := range all {
		lines[i] = m.Text
		if m.Location != nil {
			lines[i] = fmt.Sprintf("%s:%d: %s", m.Location.File, m.Location.Line, m.Text)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "; "))
}
