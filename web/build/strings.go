package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// table is the strings of one language.
type table struct {
	values map[string]string
	keys   []string // in the order of the file
}

// stringsFile holds the words of the document, laterFile those of what it loads
// later.
func stringsFile(code string) string { return "src/strings/" + code + ".json" }
func laterFile(code string) string   { return "src/strings/later." + code + ".json" }

// list is the table as it travels to a phone that has another language's: the
// values alone, as the keys are there, those of the document first.
func (t *table) list() ([]byte, error) {
	values := make([]string, len(t.keys))
	for i, key := range t.keys {
		values[i] = t.values[key]
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(values); err != nil {
		return nil, fmt.Errorf("encode strings: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// readTables reads every language's strings and checks them against the
// first: a key that is missing in a language would show as "undefined" to
// whoever speaks it, and a placeholder that is missing would hide a number.
func readTables(src tree) (map[string]*table, error) {
	tables := make(map[string]*table, len(languages))
	for _, l := range languages {
		t := &table{values: make(map[string]string)}
		for _, name := range []string{stringsFile(l), laterFile(l)} {
			content, err := fs.ReadFile(src, name)
			if err != nil {
				return nil, err
			}
			if err := t.add(content); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		tables[l] = t
	}
	first := tables[languages[0]]
	var errs []error
	for _, l := range languages[1:] {
		if err := sameKeys(first, tables[l]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", stringsFile(l), err))
		}
	}
	return tables, errors.Join(errs...)
}

// add reads one flat object of strings, each key once.
func (t *table) add(content []byte) error {
	dec := json.NewDecoder(bytes.NewReader(content))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return errors.New("want one object")
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		value, err := dec.Token()
		if err != nil {
			return err
		}
		k := fmt.Sprint(key)
		v, ok := value.(string)
		_, twice := t.values[k]
		switch {
		case !ok:
			return fmt.Errorf("%q is not a string", k)
		case strings.TrimSpace(v) == "":
			return fmt.Errorf("%q is empty", k)
		case twice:
			return fmt.Errorf("%q is there twice", k)
		}
		t.values[k] = v
		t.keys = append(t.keys, k)
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the object")
	}
	for _, key := range []string{"title", "noscript", "dir"} {
		if t.values[key] == "" {
			return fmt.Errorf("%q is missing", key)
		}
	}
	if dir := t.values["dir"]; dir != "ltr" && dir != "rtl" {
		return fmt.Errorf("\"dir\" is %q, want ltr or rtl", dir)
	}
	return nil
}

func sameKeys(first, t *table) error {
	var errs []error
	for key, text := range first.values {
		other, ok := t.values[key]
		if !ok {
			errs = append(errs, fmt.Errorf("%q is missing", key))
		} else if !slices.Equal(placeholders(text), placeholders(other)) {
			errs = append(errs, fmt.Errorf("%q has not the same placeholders as in %s", key, languages[0]))
		}
	}
	for key := range t.values {
		if _, ok := first.values[key]; !ok {
			errs = append(errs, fmt.Errorf("%q is not in %s", key, languages[0]))
		}
	}
	if len(errs) == 0 && !slices.Equal(first.keys, t.keys) {
		errs = append(errs, fmt.Errorf("its keys are not in the order of %s", languages[0]))
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return found
}
