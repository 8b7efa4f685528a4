package supply

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Program is the released binary itself.
type Program struct {
	Version string
	Arch    string
	SHA256  string // in hex
}

// WriteSBOM writes what is in a program as a CycloneDX document. It has neither
// serial number nor time: the same build gives the same document.
func WriteSBOM(w io.Writer, p Program, components []Component) error {
	self := Component{Ecosystem: Golang, Name: "sotto", Version: p.Version, Licence: "Apache-2.0"}
	root := describe(&self)
	root.Type = "application"
	root.Hashes = []bomHash{{"SHA-256", p.SHA256}}
	root.Properties = []bomProperty{{"cdx:gomod:build:env:GOOS", "linux"}, {"cdx:gomod:build:env:GOARCH", p.Arch}}
	doc := bom{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", Spec: "1.6", Version: 1,
		Metadata:   bomMetadata{root},
		Components: make([]bomComponent, len(components)),
	}
	needs := bomDependency{Ref: root.Ref}
	for i := range components {
		hashes, err := hashesOf(&components[i])
		if err != nil {
			return err
		}
		doc.Components[i] = describe(&components[i])
		doc.Components[i].Hashes = hashes
		needs.On = append(needs.On, doc.Components[i].Ref)
	}
	doc.Dependencies = []bomDependency{needs}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

func describe(c *Component) bomComponent {
	b := bomComponent{
		Type: "library", Ref: c.PURL(), Name: c.Name, Version: c.Version, PURL: c.PURL(),
		Licences: []bomLicence{{c.Licence}},
	}
	if c.Data {
		b.Type = "data"
	}
	return b
}

// hashesOf is a component's checksum as the format wants it. Of a module it is
// the h1 sum of go.sum, a SHA-256 of the list of its files' SHA-256; cyclonedx-gomod
// says it so.
func hashesOf(c *Component) ([]bomHash, error) {
	if c.Sum == "" {
		return nil, nil
	}
	for prefix, alg := range map[string]string{"h1:": "SHA-256", "sha512-": "SHA-512"} {
		if sum, ok := strings.CutPrefix(c.Sum, prefix); ok {
			raw, err := base64.StdEncoding.DecodeString(sum)
			if err != nil {
				return nil, fmt.Errorf("checksum of %s: %w", c.Name, err)
			}
			return []bomHash{{alg, hex.EncodeToString(raw)}}, nil
		}
	}
	return nil, fmt.Errorf("checksum of %s is of an unknown kind: %s", c.Name, c.Sum)
}

// The part of the format that is used here.
type (
	bom struct {
		Schema       string          `json:"$schema"`
		Format       string          `json:"bomFormat"`
		Spec         string          `json:"specVersion"`
		Version      int             `json:"version"`
		Metadata     bomMetadata     `json:"metadata"`
		Components   []bomComponent  `json:"components"`
		Dependencies []bomDependency `json:"dependencies"`
	}
	bomMetadata struct {
		Component bomComponent `json:"component"`
	}
	bomComponent struct {
		Type       string        `json:"type"`
		Ref        string        `json:"bom-ref"`
		Name       string        `json:"name"`
		Version    string        `json:"version"`
		Hashes     []bomHash     `json:"hashes,omitempty"`
		Licences   []bomLicence  `json:"licenses"`
		PURL       string        `json:"purl"`
		Properties []bomProperty `json:"properties,omitempty"`
	}
	bomHash struct {
		Alg     string `json:"alg"`
		Content string `json:"content"`
	}
	bomLicence struct {
		Expression string `json:"expression"`
	}
	bomProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	bomDependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)
