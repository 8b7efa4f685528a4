package supply

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

var sample = []Component{
	{Ecosystem: Golang, Name: "example.org/a", Version: "v1.0.0+incompatible", Sum: "h1:AAEC", Licence: "ISC", Texts: []Text{{"LICENSE", "the ISC\r\ntext\n"}}},
	{Ecosystem: NPM, Name: "@b/c", Version: "2.0.0", Sum: "sha512-AwQF", Licence: "MIT OR ISC", Texts: []Text{{"LICENSE", "the ISC\ntext"}, {"d/NOTICE", "thanks"}}},
	{Ecosystem: Golang, Name: "example.org/d", Version: "v0.1.0", Data: true, Licence: "MIT", Texts: []Text{{"LICENSE", "the MIT text"}}},
}

func TestWriteSBOM(t *testing.T) {
	var first, second bytes.Buffer
	p := Program{Version: "v1.2.3", Arch: "arm64", SHA256: strings.Repeat("ab", 32)}
	for _, w := range []*bytes.Buffer{&first, &second} {
		if err := WriteSBOM(w, p, sample); err != nil {
			t.Fatal(err)
		}
	}
	if first.String() != second.String() {
		t.Error("the same components make different documents")
	}
	if bytes.Contains(first.Bytes(), []byte("timestamp")) || bytes.Contains(first.Bytes(), []byte("serialNumber")) {
		t.Error("the document holds a time or a serial number")
	}
	var doc struct {
		BOMFormat   string
		SpecVersion string
		Metadata    struct {
			Component struct {
				PURL   string
				Hashes []struct{ Alg, Content string }
			}
		}
		Components []struct {
			Type, PURL string
			Hashes     []struct{ Alg, Content string }
			Licenses   []struct{ Expression string }
		}
		Dependencies []struct{ DependsOn []string }
	}
	if err := json.Unmarshal(first.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.BOMFormat != "CycloneDX" || doc.SpecVersion != "1.6" || doc.Metadata.Component.PURL != "pkg:golang/sotto@v1.2.3" ||
		doc.Metadata.Component.Hashes[0].Content != p.SHA256 {
		t.Errorf("the head is %+v", doc)
	}
	want := []string{
		"library pkg:golang/example.org/a@v1.0.0%2Bincompatible ISC SHA-256 000102",
		"library pkg:npm/%40b/c@2.0.0 MIT OR ISC SHA-512 030405",
		"data pkg:golang/example.org/d@v0.1.0 MIT",
	}
	for i, c := range doc.Components {
		got := c.Type + " " + c.PURL + " " + c.Licenses[0].Expression
		for _, h := range c.Hashes {
			got += " " + h.Alg + " " + h.Content
		}
		if i >= len(want) || got != want[i] {
			t.Errorf("component %d is %s", i, got)
		}
		if doc.Dependencies[0].DependsOn[i] != c.PURL {
			t.Errorf("the program does not depend on %s", c.PURL)
		}
	}
	if len(doc.Components) != len(want) {
		t.Errorf("%d components", len(doc.Components))
	}
}

func TestWriteSBOMUnknownSum(t *testing.T) {
	for _, sum := range []string{"md5:AAEC", "h1:not base64"} {
		err := WriteSBOM(new(bytes.Buffer), Program{}, []Component{{Name: "a", Sum: sum}})
		if err == nil {
			t.Errorf("a checksum %q was taken", sum)
		}
	}
}

func TestWriteNotices(t *testing.T) {
	var out strings.Builder
	if err := WriteNotices(&out, sample); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(out.String(), "\n\n")
	rule := strings.Repeat("=", 78) + "\n"
	want := rule + "example.org/a v1.0.0+incompatible\n@b/c 2.0.0\n" + rule + "\nthe ISC\ntext\n\n" +
		rule + "@b/c 2.0.0, folder d\n" + rule + "\nthanks\n\n" +
		rule + "example.org/d v0.1.0\n" + rule + "\nthe MIT text\n"
	if got != want {
		t.Errorf("notices:\n%s\nwant:\n%s", got, want)
	}
}
