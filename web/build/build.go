package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
)

// languages are those of src/strings. The first is the one that others are
// checked against, and what who speaks none of them is served. Those of pages
// have the texts too; the others are shown the first one's.
var (
	languages     = []string{"en", "sw", "fr", "es", "pt", "ar", "hi"}
	textLanguages = languages[:2]
)

// files are what was built, by name in dist.
type files map[string][]byte

// addHashed adds a file whose name says what is in it, and returns its URL
// relative to the document.
func (f files) addHashed(base, ext string, content []byte) string {
	sum := sha256.Sum256(content)
	name := base + "-" + hex.EncodeToString(sum[:4]) + ext
	f[name] = content
	return "./" + name
}

// tree is the folder web: files by slash-separated path, and where it is on
// disk, as esbuild wants to know.
type tree struct {
	fs.FS
	root string
}

// build makes everything that goes into dist, in memory. numberTable is what
// numbers.JSON returns.
func build(root string, numberTable []byte) (files, error) {
	out := make(files)
	src := tree{os.DirFS(root), root}
	tables, err := readTables(src)
	if err != nil {
		return nil, err
	}
	private, used, err := bundleLazy(src, "private", languages[0], nil)
	if err != nil {
		return nil, err
	}
	urls := assets{private: out.addHashed("rest", ".js", private), strings: make(map[string]string)}
	for _, l := range languages {
		list, err := tables[l].list()
		if err != nil {
			return nil, err
		}
		urls.strings[l] = out.addHashed("strings-"+l, ".json", list)
	}
	style, err := minifyStyle(src, "src/lazy/style.css")
	if err != nil {
		return nil, err
	}
	voiceStyle, err := minifyStyle(src, "src/lazy/voice.css")
	if err != nil {
		return nil, err
	}
	// In all languages: few ask for it.
	voice, files, err := bundleLazy(src, "voice", languages[0], map[string]any{"__VOICE_STYLE__": string(voiceStyle)})
	if err != nil {
		return nil, err
	}
	used = append(used, files...)
	defines := map[string]any{
		"__NUMBERS_URL__": out.addHashed("numbers", ".json", numberTable),
		"__STYLE__":       string(style),
		"__VOICE_URL__":   out.addHashed("side", ".js", voice),
	}
	for _, l := range languages {
		more, files, err := bundleLazy(src, "more", l, defines)
		if err != nil {
			return nil, err
		}
		used = append(used, files...)
		urls.more = out.addHashed("more-"+l, ".js", more)
		if err := buildLanguage(src, l, tables[l], urls, out); err != nil {
			return nil, fmt.Errorf("build %s: %w", l, err)
		}
	}
	if out[licencesFile], err = readLicences(src, used); err != nil {
		return nil, err
	}
	for _, name := range slices.Collect(maps.Keys(out)) {
		if out[name+".br"], err = brotliOf(out[name]); err != nil {
			return nil, err
		}
		if out[name+".gz"], err = gzipOf(out[name]); err != nil {
			return nil, err
		}
	}
	out["MANIFEST"] = manifest(out)
	return out, nil
}

// buildLanguage adds the document, the pages and the help sheet of a language.
func buildLanguage(src tree, l string, t *table, urls assets, out files) error {
	doc, err := document(src, l, t, urls)
	if err != nil {
		return err
	}
	out["index."+l+".html"] = doc
	sum := sha256.Sum256(doc)
	hash := hex.EncodeToString(sum[:6])

	texts, own := make(map[string]*text, len(pages)), slices.Contains(textLanguages, l)
	from := languages[0]
	if own {
		from = l
	}
	help := make(map[string][][2]string, len(helpPages))
	for _, page := range pages {
		texts[page], err = readText(src, "pages/"+from+"/"+page+".md", hash)
		if err != nil {
			return err
		}
	}
	for _, page := range helpPages {
		help[page] = texts[page].blocks
	}
	for _, page := range pages {
		if !own {
			break
		}
		if out[page+"."+l+".html"], err = renderPage(src, l, t, texts, page); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(help); err != nil {
		return fmt.Errorf("encode help: %w", err)
	}
	out["help-"+l+".json"] = bytes.TrimSpace(b.Bytes())
	return nil
}

// manifest lists the files as sha256sum does, so that sha256sum -c checks it.
func manifest(f files) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(f[name]), name)
	}
	return b.Bytes()
}
