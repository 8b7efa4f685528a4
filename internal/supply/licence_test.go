package supply

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

const isc = `ISC License

Copyright (c) 2020 Somebody Else

Permission to use, copy, modify, and distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`

func TestIdentify(t *testing.T) {
	own, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	apache := string(own)
	mit, err := os.ReadFile("page/lean-qr/LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ text, want string }{
		"our own":                        {apache, "Apache-2.0"},
		"Apache without its appendix":    {apache[:strings.Index(apache, "   APPENDIX")], "Apache-2.0"},
		"Apache, owner filled in":        {strings.Replace(apache, "[yyyy] [name of copyright owner]", "2020 Somebody", 1), "Apache-2.0"},
		"Apache, one word changed":       {strings.Replace(apache, "perpetual", "revocable", 1), ""},
		"Apache and something more":      {apache + "\nExcept on Sundays.\n", ""},
		"MIT":                            {string(mit), "MIT"},
		"MIT in other lines and letters": {strings.ToUpper(strings.Join(strings.Fields(strings.SplitAfterN(string(mit), "\n\n", 3)[2]), "\n\t")), "MIT"},
		"MIT under a title of its own":   {"Commons Clause\n\n" + string(mit), ""},
		"MIT with a condition":           {strings.Replace(string(mit), "following conditions:", "following conditions, and not for money:", 1), ""},
		"MIT, half of it":                {string(mit)[:len(mit)/2], ""},
		"ISC":                            {isc, "ISC"},
		"ISC and MIT":                    {isc + string(mit), ""},
		"only a copyright":               {"Copyright 2020 Somebody. All rights reserved.\n", ""},
		"nothing":                        {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Identify(tt.text)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("Identify = %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestLicense(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	mit, err := os.ReadFile("page/lean-qr/LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		files   fstest.MapFS
		folders []string
		want    string // the expression, or "" for an error
		texts   string
	}{
		"one":                 {fstest.MapFS{"LICENSE.txt": file(isc), "a/a.go": file("")}, []string{"a"}, "ISC", "LICENSE.txt"},
		"with a notice":       {fstest.MapFS{"LICENSE": file(isc), "NOTICE": file("Thanks.")}, nil, "ISC", "LICENSE NOTICE"},
		"none":                {fstest.MapFS{"README": file(isc)}, nil, "", ""},
		"none at the root":    {fstest.MapFS{"a/LICENSE": file(isc)}, []string{"a"}, "", ""},
		"an unknown one":      {fstest.MapFS{"COPYING": file("You may not.")}, nil, "", ""},
		"one of two unknown":  {fstest.MapFS{"LICENSE": file(isc), "LICENSE-GPL": file("Share alike.")}, nil, "", ""},
		"another's package":   {fstest.MapFS{"LICENSE": file(isc), "a/LICENSE": file(string(mit)), "a/b/b.go": file("")}, []string{"a/b"}, "ISC AND MIT", "LICENSE a/LICENSE"},
		"a package not in it": {fstest.MapFS{"LICENSE": file(isc), "a/LICENSE": file("You may not."), "b/b.go": file("")}, []string{"b"}, "ISC", "LICENSE"},
		"unknown, further up": {fstest.MapFS{"LICENSE": file(isc), "a/LICENSE": file("You may not."), "a/b/b.go": file("")}, []string{"a/b"}, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := Component{Name: "thing", Version: "v1.0.0"}
			err := c.license(tt.files, tt.folders...)
			if tt.want == "" {
				if !errors.Is(err, ErrLicence) || !strings.Contains(err.Error(), "thing v1.0.0") {
					t.Fatalf("license = %v with %q; want an error that names the component", err, c.Licence)
				}
				return
			}
			if err != nil || c.Licence != tt.want {
				t.Errorf("license = %q, %v; want %q", c.Licence, err, tt.want)
			}
			var names []string
			for _, text := range c.Texts {
				names = append(names, text.Name)
			}
			if got := strings.Join(names, " "); got != tt.texts {
				t.Errorf("texts %q; want %q", got, tt.texts)
			}
		})
	}
}
