package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// errLicence reports a component without a licence, or with one that nobody
// here has read.
var errLicence = errors.New("licence")

// read are the texts that have been read, by fingerprint. All let anyone ship
// the binary as long as the texts go with it.
var read = map[string]string{
	"73fc107231a38ae5": "(BSD-3-Clause OR GPL-2.0-only)", // kernel.org/pub/linux/libs/security/libcap/psx
	"526279aa5ce65fb2": "BSD-3-Clause",                   // google.golang.org/protobuf
	"cb1ce31a60c2422f": "BSD-3-Clause",                   // golang.org/x/crypto
	"95f35d79ea3bab75": "Apache-2.0",                     // github.com/prometheus/client_golang
	"e87dea5078ce2faa": "Apache-2.0",                     // github.com/pires/go-proxyproto
	"305795ee779a3f7a": "BSD-3-Clause",                   // github.com/munnerz/goautoneg
	"9d602bd8af1e9c9f": "MIT",                            // github.com/mattn/go-isatty
	"6c833965e9ca4cf8": "MIT",                            // github.com/mattn/go-colorable
	"280d76b420aeff51": "ISC",                            // github.com/coder/websocket
	"35a446201226de6b": "MIT",                            // github.com/cespare/xxhash/v2
	"0cf21bdfd1964a97": "MIT",                            // github.com/beorn7/perks
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(un)?licen[cs]es?\b|^copying\b|^copyright\b`)
	noticeFile  = regexp.MustCompile(`(?i)^notice\b`)
	copyright   = regexp.MustCompile(`(?im)^\W*copyright (\(c\)|\d).*$`)
	punctuation = regexp.MustCompile(`[^a-z0-9]+`)
)

// fingerprint is of a text's words, whatever its lines, letters and years.
func fingerprint(body string) string {
	words := punctuation.ReplaceAllString(strings.ToLower(copyright.ReplaceAllString(body, "")), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(words)))
	return hex.EncodeToString(sum[:8])
}

// license fills in licence and texts from the files at the root, where there
// must be one, and in all folders, as modules hold copies of other people's
// packages under licences of their own.
func (c *component) license(files fs.FS) error {
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		licence, notice := licenceFile.MatchString(d.Name()), noticeFile.MatchString(d.Name())
		if d.IsDir() || !licence && !notice || path.Ext(name) == ".go" {
			return nil
		}
		if code, err := fs.Glob(files, path.Join(path.Dir(name), "*.go")); err != nil || c.ecosystem == "golang" && path.Dir(name) != "." && code == nil {
			return err // of a picture
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if notice {
			c.texts = append(c.texts, text{name, string(body)})
			return nil
		}
		return c.add(name, string(body))
	})
	if errors.Is(err, fs.ErrNotExist) || err == nil && !slices.ContainsFunc(c.texts, func(t text) bool { return licenceFile.MatchString(t.name) }) {
		err = fmt.Errorf("%w of %s %s: there is none", errLicence, c.name, c.version)
	}
	return err
}

// add takes a licence in, if it has been read.
func (c *component) add(name, body string) error {
	id := read[fingerprint(body)]
	if id == "" {
		return fmt.Errorf("%w of %s %s: %s is unknown: read it, and add its fingerprint %s if a release may come under it",
			errLicence, c.name, c.version, name, fingerprint(body))
	}
	c.texts = append(c.texts, text{name, body})
	switch {
	case c.licence == "":
		c.licence = id
	case !slices.Contains(strings.Split(c.licence, " AND "), id):
		c.licence += " AND " + id
	}
	return nil
}
