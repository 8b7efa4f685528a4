// Package supply knows what others made of a released relay: the modules in
// the binary, Go's own library, and what went into the page that it embeds. It
// finds the licence of each, and refuses any that is not among the few it
// knows. Command papers writes this beside a release; the tests of this package
// hold it against README.md.
package supply

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Component is one thing of others in a release.
type Component struct {
	Ecosystem Ecosystem
	Name      string // a module's path or a package's name; "std" is Go's library
	Version   string
	Sum       string // of what was built in, as in go.sum or package-lock.json; "" for std
	Data      bool   // something was made from it, none of its code is there
	Licence   string // SPDX expression
	Texts     []Text // licences and notices that must go with it, sorted by name
}

// Ecosystem is the type of a component in package URLs.
type Ecosystem string

// The ecosystems that a release draws from.
const (
	Golang Ecosystem = "golang"
	NPM    Ecosystem = "npm"
)

// Text is a file that goes along with a component.
type Text struct {
	Name string // relative to the component, with slashes
	Body string
}

// PURL returns the package URL.
func (c *Component) PURL() string {
	escape := strings.NewReplacer("@", "%40", "+", "%2B")
	return "pkg:" + string(c.Ecosystem) + "/" + escape.Replace(c.Name) + "@" + escape.Replace(url.PathEscape(c.Version))
}

// ErrLicence reports a component without a licence, or with one that is not
// among the known.
var ErrLicence = errors.New("supply: licence")

var (
	licenceFile = regexp.MustCompile(`(?i)^(un)?licen[cs]es?\b|^copying\b|^copyright\b`)
	noticeFile  = regexp.MustCompile(`(?i)^notice\b`)
)

// license fills in Licence and Texts from the files at the root of files and in
// the given folders and all above them, as modules hold copies of other
// people's packages under licences of their own.
func (c *Component) license(files fs.FS, folders ...string) error {
	seen := map[string]bool{}
	var ids []string
	for _, dir := range append(folders, ".") {
		for ; !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			found, err := c.licenseFolder(files, dir)
			if err != nil {
				return fmt.Errorf("%w of %s %s: %w", ErrLicence, c.Name, c.Version, err)
			}
			if dir == "." && len(found) == 0 {
				return fmt.Errorf("%w of %s %s: there is none", ErrLicence, c.Name, c.Version)
			}
			ids = append(ids, found...)
		}
	}
	slices.Sort(ids)
	c.Licence = conjunction(slices.Compact(ids))
	slices.SortFunc(c.Texts, func(a, b Text) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// licenseFolder reads one folder's files and returns the licences found.
func (c *Component) licenseFolder(files fs.FS, dir string) (ids []string, err error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		licence := licenceFile.MatchString(e.Name())
		if e.IsDir() || !licence && !noticeFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		name := path.Join(dir, e.Name())
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		if licence {
			id, err := Identify(string(body))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			ids = append(ids, id)
		}
		c.Texts = append(c.Texts, Text{Name: name, Body: string(body)})
	}
	return ids, nil
}

// conjunction joins SPDX expressions that all hold.
func conjunction(ids []string) string {
	if len(ids) == 1 {
		return ids[0]
	}
	terms := slices.Clone(ids)
	for i, id := range terms {
		if strings.Contains(id, " OR ") {
			terms[i] = "(" + id + ")"
		}
	}
	return strings.Join(terms, " AND ")
}

// readJSON decodes a file.
func readJSON(files fs.FS, name string, into any) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}
