package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed dist
var dist embed.FS

// fallback is the language of who speaks none of those on offer.
const fallback = "en"

// A route is what is served under one path: a file a language, or one file for
// all.
type route struct {
	files map[string]*file // by language, or under "" alone
	offer []string         // the languages, the fallback first
	vary  string
}

// language returns the key into files for an Accept-Language.
func (rt *route) language(accept []string) string {
	if rt.files[""] != nil {
		return ""
	}
	return language(accept, rt.offer)
}

type file struct {
	contentType string
	policy      string // its own Content-Security-Policy; "" is secheaders.Strict
	variants    [encodings]variant
}

type variant struct {
	encoding string // as Content-Encoding names it
	body     []byte
	hash     string // the first 12 hex digits of the body's SHA-256
	etag     string
}

// routes reads the embedded files once. They were built and tested together,
// so one that is missing is a mistake of whoever built the program: it panics.
var routes = sync.OnceValue(func() map[string]*route {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(fmt.Sprintf("web: open dist: %v", err))
	}
	rs, err := load(sub)
	if err != nil {
		panic(fmt.Sprintf("web: load dist: %v", err))
	}
	return rs
})

// load reads a folder as web/build writes it: name.lang.html is served at
// /name, and index.lang.html at /; other files under their own names. Each has
// a .br and a .gz beside it.
func load(fsys fs.FS) (map[string]*route, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	rs := make(map[string]*route)
	for _, e := range entries {
		name := e.Name()
		ext := path.Ext(name)
		contentType, served := contentTypes[ext]
		if !served {
			continue // compressed variants, MANIFEST
		}
		f, err := read(fsys, name)
		if err != nil {
			return nil, err
		}
		f.contentType = contentType
		at, lang, vary := "/"+name, "", "Accept-Encoding"
		if ext == ".html" {
			base := strings.TrimSuffix(name, ext)
			base, lang, _ = strings.Cut(base, ".")
			at, vary = "/"+strings.TrimSuffix(base, "index"), "Accept-Encoding, Accept-Language"
			if f.policy, err = policy(f.variants[identity].body); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		if rs[at] == nil {
			rs[at] = &route{files: make(map[string]*file), vary: vary}
		}
		rs[at].files[lang] = f
		if lang == fallback {
			rs[at].offer = slices.Insert(rs[at].offer, 0, lang)
		} else {
			rs[at].offer = append(rs[at].offer, lang)
		}
	}
	for _, at := range []string{"/", "/about", "/security", "/host"} {
		whole := rs["/"] // the texts are not there in all of its languages, but all in the same
		if rs[at] == nil || rs[at].offer[0] != fallback || at != "/" && (!slices.Equal(rs[at].offer, rs["/host"].offer) ||
			slices.ContainsFunc(rs[at].offer, func(l string) bool { return !slices.Contains(whole.offer, l) })) {
			return nil, fmt.Errorf("%s is not there in every language", at)
		}
	}
	return rs, nil
}

var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".txt":  "text/plain; charset=utf-8",
}

func read(fsys fs.FS, name string) (*file, error) {
	f := new(file)
	for e, stored := range [encodings]struct{ encoding, suffix string }{
		brotli:   {"br", ".br"},
		gzip:     {"gzip", ".gz"},
		identity: {"", ""},
	} {
		body, err := fs.ReadFile(fsys, name+stored.suffix)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		hash := hex.EncodeToString(sum[:6])
		f.variants[e] = variant{stored.encoding, body, hash, `"` + hash + `"`}
	}
	return f, nil
}

// policy makes the Content-Security-Policy of a document from what is in it:
// its one style and its one script are allowed by their hashes. A document
// without a script may run none and connect to nothing.
//
// script-src has 'self' for import() of the lazily loaded script, the only way
// to load one that works with Trusted Types in Chromium and Firefox.
func policy(document []byte) (string, error) {
	style, err := between(document, "<style>", "</style>")
	if err != nil {
		return "", err
	}
	p := "default-src 'none'; "
	if bytes.Contains(document, []byte("<script")) {
		script, err := between(document, "<script type=module>", "</script>")
		if err != nil {
			return "", err
		}
		p += "script-src " + source(script) + " 'self'; connect-src 'self'; "
	}
	return p + "style-src " + source(style) + "; img-src data:; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'", nil
}

func source(inline []byte) string {
	sum := sha256.Sum256(inline)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// between returns what one element holds. A second element of the same kind
// would be refused by every browser, as only one hash is in the policy.
func between(document []byte, open, end string) ([]byte, error) {
	if bytes.Count(document, []byte(open)) != 1 || bytes.Count(document, []byte(end)) != 1 {
		return nil, fmt.Errorf("want exactly one %s…%s", open, end)
	}
	_, rest, _ := bytes.Cut(document, []byte(open))
	inline, _, _ := bytes.Cut(rest, []byte(end))
	return inline, nil
}
