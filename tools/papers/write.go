package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
)

// writeNotices writes the licences and notices of all components, those that
// share a text together.
func writeNotices(w io.Writer, components []component) error {
	var texts []string // in order of first use
	holders := map[string][]string{}
	for _, c := range components {
		for _, t := range c.texts {
			holder := c.name + " " + c.version
			if dir := path.Dir(t.name); dir != "." {
				holder += ", folder " + dir
			}
			body := strings.TrimSpace(strings.ReplaceAll(t.body, "\r\n", "\n"))
			if holders[body] == nil {
				texts = append(texts, body)
			}
			holders[body] = append(holders[body], holder)
		}
	}
	out := "Sotto comes under the licence in LICENSE. A released relay holds the following\n" +
		"work of others as well, under licences of their own.\n"
	rule := strings.Repeat("=", 78)
	for _, body := range texts {
		out += fmt.Sprintf("\n%s\n%s\n%s\n\n%s\n", rule, strings.Join(holders[body], "\n"), rule, body)
	}
	_, err := io.WriteString(w, out)
	return err
}

// object is one of JSON.
type object = map[string]any

// writeSBOM writes what is in a program as a CycloneDX document. It has neither
// serial number nor time: the same build gives the same document.
func writeSBOM(w io.Writer, p program, components []component) error {
	relay := component{ecosystem: "golang", name: "sotto", version: p.version, licence: "Apache-2.0"}
	self := describe(&relay)
	self["type"] = "application"
	self["hashes"] = []object{{"alg": "SHA-256", "content": p.sha256}}
	self["properties"] = []object{
		{"name": "cdx:gomod:build:env:GOOS", "value": "linux"},
		{"name": "cdx:gomod:build:env:GOARCH", "value": p.arch},
	}
	var parts []object
	var refs []string
	for i := range components {
		c := &components[i]
		part := describe(c)
		if c.sum != "" {
			hash, err := hashOf(c)
			if err != nil {
				return err
			}
			part["hashes"] = []object{hash}
		}
		parts, refs = append(parts, part), append(refs, c.purl())
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(object{
		"$schema":   "http://cyclonedx.org/schema/bom-1.6.schema.json",
		"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
		"metadata":     object{"component": self},
		"components":   parts,
		"dependencies": []object{{"ref": relay.purl(), "dependsOn": refs}},
	})
}

func describe(c *component) object {
	kind := "library"
	if c.data {
		kind = "data"
	}
	return object{
		"type": kind, "bom-ref": c.purl(), "name": c.name, "version": c.version, "purl": c.purl(),
		"licenses": []object{{"expression": c.licence}},
	}
}

// hashOf is a component's checksum as the format wants it. Of a module it is
// the h1 sum of go.sum, a SHA-256 of the list of its files' SHA-256;
// cyclonedx-gomod says it so.
func hashOf(c *component) (object, error) {
	for prefix, alg := range map[string]string{"h1:": "SHA-256", "sha512-": "SHA-512"} {
		if sum, ok := strings.CutPrefix(c.sum, prefix); ok {
			raw, err := base64.StdEncoding.DecodeString(sum)
			if err != nil {
				return nil, fmt.Errorf("checksum of %s: %w", c.name, err)
			}
			return object{"alg": alg, "content": hex.EncodeToString(raw)}, nil
		}
	}
	return nil, fmt.Errorf("checksum of %s is of an unknown kind: %s", c.name, c.sum)
}
