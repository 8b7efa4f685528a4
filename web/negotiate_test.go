package web

import "testing"

func TestEncoding(t *testing.T) {
	tests := map[string]struct {
		header []string
		want   int
	}{
		"no header":                {nil, identity},
		"empty":                    {[]string{""}, identity},
		"a browser":                {[]string{"gzip, deflate, br, zstd"}, brotli},
		"a browser without TLS":    {[]string{"gzip, deflate"}, gzip},
		"two lines":                {[]string{"gzip", "br"}, brotli},
		"weights":                  {[]string{"br;q=0.5, gzip;q=0.8"}, gzip},
		"equal weights":            {[]string{"gzip;q=0.5, br;q=0.5"}, brotli},
		"no brotli":                {[]string{"br;q=0, *"}, gzip},
		"anything":                 {[]string{"*"}, brotli},
		"anything but":             {[]string{"*;q=0, gzip"}, gzip},
		"identity preferred":       {[]string{"identity, br;q=0.9"}, identity},
		"identity as good":         {[]string{"identity, gzip"}, gzip},
		"nothing allowed":          {[]string{"identity;q=0"}, identity},
		"nothing allowed at all":   {[]string{"*;q=0"}, identity},
		"old name":                 {[]string{"x-gzip"}, gzip},
		"unknown":                  {[]string{"deflate, zstd"}, identity},
		"upper case and spaces":    {[]string{"  BR ; Q=1.0 "}, brotli},
		"weight is no number":      {[]string{"br;q=x, gzip;q=0.1"}, gzip},
		"weight is NaN":            {[]string{"br;q=NaN, gzip;q=0.1"}, gzip},
		"weight is out of range":   {[]string{"br;q=7, gzip;q=0.1"}, gzip},
		"weight is infinite":       {[]string{"br;q=Inf, gzip;q=-1"}, identity},
		"other parameters":         {[]string{"br;level=1;q=0.2, gzip;q=0.3"}, gzip},
		"a name that begins alike": {[]string{"brotli, gzipped"}, identity},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := encoding(test.header); got != test.want {
				t.Errorf("encoding(%q) = %d, want %d", test.header, got, test.want)
			}
		})
	}
}

func TestLanguage(t *testing.T) {
	tests := map[string]struct {
		header []string
		want   string
	}{
		"no header":             {nil, "en"},
		"Swahili":               {[]string{"sw"}, "sw"},
		"a phone in Kenya":      {[]string{"sw-KE,sw;q=0.9,en-US;q=0.8,en;q=0.7"}, "sw"},
		"a phone in Tanzania":   {[]string{"en-TZ,en;q=0.9,sw;q=0.8"}, "en"},
		"neither":               {[]string{"fr-FR,de;q=0.5"}, "en"},
		"neither, then one":     {[]string{"fr-FR,sw;q=0.1"}, "sw"},
		"equally, by order":     {[]string{"sw,en"}, "sw"},
		"equally, by order too": {[]string{"en;q=0.5,sw;q=0.5"}, "en"},
		"refused":               {[]string{"sw;q=0"}, "en"},
		"first refused":         {[]string{"en;q=0, *"}, "sw"},
		"any":                   {[]string{"*"}, "en"},
		"any but one first":     {[]string{"*;q=0.5, sw"}, "sw"},
		"any before one":        {[]string{"sw;q=0.3, *;q=0.5"}, "en"},
		"two lines":             {[]string{"fr", "sw"}, "sw"},
		"a longer name":         {[]string{"swg"}, "en"},
		"upper case":            {[]string{"SW-TZ"}, "sw"},
		"weight is no number":   {[]string{"sw;q=often, en;q=0.1"}, "en"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := language(test.header, []string{"en", "sw"}); got != test.want {
				t.Errorf("language(%q) = %s, want %s", test.header, got, test.want)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	tests := map[string]struct {
		header []string
		want   bool
	}{
		"no header":   {nil, false},
		"the same":    {[]string{`"abc"`}, true},
		"weak":        {[]string{`W/"abc"`}, true},
		"in a list":   {[]string{`"x", "abc"`}, true},
		"second line": {[]string{`"x"`, `"abc"`}, true},
		"any":         {[]string{"*"}, true},
		"another":     {[]string{`"abcd"`}, false},
		"unquoted":    {[]string{"abc"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := matches(test.header, `"abc"`); got != test.want {
				t.Errorf("matches(%q) = %v", test.header, got)
			}
		})
	}
}
