package numbers_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"sotto/web/build/numbers"
)

var once = sync.OnceValues(numbers.Table) // takes a second

func table(t *testing.T) map[string]numbers.Country {
	t.Helper()
	table, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// draw makes a national number as the page does.
func draw(r *rand.Rand, prefix string, n int) string {
	b := []byte(prefix)
	for len(b) < n {
		b = append(b, byte('0'+r.IntN(10)))
	}
	return string(b)
}

// TestNumbersAreValid draws numbers as the page does and asks the library the
// table was made from, which matches in its own way, whether they are valid
// mobile numbers of that country.
func TestNumbersAreValid(t *testing.T) {
	const draws, want = 200, 0.91 // 0.95 by count, less the luck of 200 draws
	countries := table(t)
	if len(countries) < 200 {
		t.Errorf("%d countries, want 200 at least", len(countries))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for region, c := range countries {
		for _, n := range c.Lens {
			valid := 0
			for range draws {
				national := draw(r, c.Leads[r.IntN(len(c.Leads))], n)
				number, err := phonenumbers.Parse("+"+c.Code+national, "ZZ")
				if err != nil || !phonenumbers.IsValidNumberForRegion(number, region) {
					continue
				}
				switch phonenumbers.GetNumberType(number) {
				case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
					valid++
				}
			}
			if share := float64(valid) / draws; share < want {
				t.Errorf("%s, %d digits, leads %v: %.2f valid, want %.2f", region, n, c.Leads, share, want)
			}
		}
	}
}

// TestLeadsAreEven holds the page to an even choice: it draws a lead first,
// so leads of different lengths would make some numbers likelier than others.
func TestLeadsAreEven(t *testing.T) {
	for region, c := range table(t) {
		if c.Code == "" || len(c.Lens) == 0 || len(c.Leads) == 0 {
			t.Errorf("%s is incomplete: %+v", region, c)
			continue
		}
		for _, lead := range c.Leads {
			if len(lead) != len(c.Leads[0]) || strings.Trim(lead, "0123456789") != "" {
				t.Errorf("%s: leads %q", region, c.Leads)
			}
		}
		if !slices.IsSorted(c.Lens) || c.Lens[0]-len(c.Leads[0]) < 4 {
			t.Errorf("%s: lengths %v with leads %q leave too little to chance", region, c.Lens, c.Leads)
		}
	}
}

func TestFiction(t *testing.T) {
	countries := table(t)
	r := rand.New(rand.NewPCG(3, 4))
	for _, region := range []string{"AU", "CA", "DE", "FR", "GB", "IE", "US"} {
		c := countries[region]
		var pool float64
		for _, f := range c.Fiction {
			pool += math.Pow10(c.Lens[0] - len(f))
			number, err := phonenumbers.Parse("+"+c.Code+draw(r, f, c.Lens[0]), "ZZ")
			if err != nil || !phonenumbers.IsPossibleNumber(number) {
				t.Errorf("%s: %s makes no possible number", region, f)
			}
		}
		if pool < 1000 {
			t.Errorf("%s: %v numbers for fiction, want 1000 at least", region, pool)
		}
	}
	for region, c := range countries {
		for _, f := range c.Fiction {
			if c.Code == "1" && (c.Lens[0] != 10 || len(f) != 8 || f[3:] != "55501") {
				t.Errorf("%s: %s is not 555-01xx", region, f)
			}
		}
	}
	if got := len(countries["US"].Fiction); got != 100 {
		t.Errorf("%d area codes in the US, want 100", got)
	}
}

func TestJSON(t *testing.T) {
	a, err := numbers.JSON()
	if err != nil {
		t.Fatal(err)
	}
	b, err := numbers.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("two runs differ")
	}
	var rows map[string]string
	if err := json.Unmarshal(a, &rows); err != nil {
		t.Fatal(err)
	}
	for region, want := range map[string]string{
		"KE": "254 0 9 7",
		"DJ": "253  8 77", // no trunk prefix
		"ID": "62 0 9,10,11,12 81,86",
		"IE": "353 0 9 83,87 2091",
	} {
		if rows[region] != want {
			t.Errorf("%s = %q, want %q", region, rows[region], want)
		}
	}
}
