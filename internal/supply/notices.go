package supply

import (
	"fmt"
	"io"
	"path"
	"strings"
)

// WriteNotices writes the licences and notices of all components, those that
// share a text together.
func WriteNotices(w io.Writer, components []Component) error {
	var texts []string // in order of first use
	holders := map[string][]string{}
	for i := range components {
		c := &components[i]
		for _, t := range c.Texts {
			holder := c.Name + " " + c.Version
			if dir := path.Dir(t.Name); dir != "." {
				holder += ", folder " + dir
			}
			body := strings.TrimSpace(strings.ReplaceAll(t.Body, "\r\n", "\n"))
			if holders[body] == nil {
				texts = append(texts, body)
			}
			holders[body] = append(holders[body], holder)
		}
	}
	rule := strings.Repeat("=", 78)
	if _, err := fmt.Fprint(w, "Sotto comes under the licence in LICENSE. A released relay holds the following\n"+
		"work of others as well, under licences of their own.\n"); err != nil {
		return err
	}
	for _, body := range texts {
		_, err := fmt.Fprintf(w, "\n%s\n%s\n%s\n\n%s\n", rule, strings.Join(holders[body], "\n"), rule, body)
		if err != nil {
			return err
		}
	}
	return nil
}
