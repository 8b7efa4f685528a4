// Package numbers makes the table from which the page invents phone numbers:
// for each country its calling code, its trunk prefix, the lengths and leading
// digits of mobile numbers, and the ranges a regulator keeps free for fiction.
//
// The table is made from the metadata of nyaruka/phonenumbers when the page is
// built. Nothing that runs in a relay imports this package.
package numbers

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Country says how numbers of one country are made. All digits are those of
// the national number, without calling code and trunk prefix.
type Country struct {
	// Code is the calling code, such as "254".
	Code string
	// Trunk is what is dialled before a national number within the country,
	// often "0"; empty where there is no such prefix.
	Trunk string
	// Lens are the lengths of mobile numbers. Each goes with every lead.
	Lens []int
	// Leads are leading digits of mobile numbers, all of one length, so that
	// choosing among them evenly chooses evenly among the numbers.
	Leads []string
	// Fiction are leading digits of ranges that belong to nobody, for
	// numbers of the first of Lens. They are to be preferred.
	Fiction []string
}

// MarshalText writes a country as one short line, as the table travels to
// phones: code, trunk, lengths, leads and, if there is any, fiction, with
// spaces between them and commas in the lists.
func (c Country) MarshalText() ([]byte, error) {
	lens := make([]string, len(c.Lens))
	for i, n := range c.Lens {
		lens[i] = strconv.Itoa(n)
	}
	fields := []string{c.Code, c.Trunk, strings.Join(lens, ","), strings.Join(c.Leads, ",")}
	if len(c.Fiction) > 0 {
		fields = append(fields, strings.Join(c.Fiction, ","))
	}
	return []byte(strings.Join(fields, " ")), nil
}

const (
	// hit is the share of all digits after a lead that must give a valid
	// mobile number before the lead is good enough.
	hit = 0.95
	// maxLead bounds the digits of a lead, maxLeads the leads of a country:
	// the table may cost a phone two kilobytes, not twenty.
	maxLead  = 5
	maxLeads = 2
	// maxAreas bounds the area codes of North America, a hundred numbers each.
	maxAreas = 100
)

// Table returns the countries by ISO 3166-1 code.
func Table() (map[string]Country, error) {
	metadata, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	table := make(map[string]Country)
	for _, m := range metadata.GetMetadata() {
		region := m.GetId()
		if len(region) != 2 {
			continue // calling codes of no country, such as satellite phones
		}
		c, err := country(m)
		if err != nil {
			return nil, fmt.Errorf("read mobile numbers of %s: %w", region, err)
		}
		if len(c.Leads) > 0 {
			table[region] = c
		}
	}
	return table, nil
}

// JSON returns the table as the page reads it, an object of one line a country;
// the same bytes each time.
func JSON() ([]byte, error) {
	table, err := Table()
	if err != nil {
		return nil, err
	}
	return json.Marshal(table) // sorts the countries
}

// country makes one row. Where mobile numbers can't be told from others, as in
// North America, the metadata repeats the pattern under both names.
func country(m *phonenumbers.PhoneMetadata) (Country, error) {
	pattern := m.GetMobile().GetNationalNumberPattern()
	if pattern == "" {
		return Country{}, nil
	}
	match, err := compile(pattern)
	if err != nil {
		return Country{}, err
	}
	lengths := m.GetMobile().GetPossibleLength()
	if len(lengths) == 0 { // left out where they are those of all numbers
		lengths = m.GetGeneralDesc().GetPossibleLength()
	}
	c := Country{
		Code:    strconv.Itoa(int(m.GetCountryCode())),
		Trunk:   m.GetNationalPrefix(),
		Fiction: fiction(m.GetId(), match),
	}
	c.Lens, c.Leads = mobile(match, lengths)
	return c, nil
}

// mobile finds the length and the leads that cover the most numbers, and the
// other lengths for which the same leads hold.
func mobile(m *matcher, lengths []int32) (lens []int, leads []string) {
	var best float64
	for _, l := range lengths {
		n := int(l)
		for depth := 1; depth <= min(maxLead, n-4); depth++ {
			found := spread(m.leads(n, depth), maxLeads)
			pool := float64(len(found)) * math.Pow10(n-depth)
			// Half as many again must be won before a longer lead, which
			// costs bytes and looks alike, is preferred to a shorter one.
			if pool > 1.5*best {
				best, lens, leads = pool, []int{n}, found
			}
		}
	}
	for _, l := range lengths {
		n := int(l)
		if !slices.Contains(lens, n) && holds(m, n, leads) {
			lens = append(lens, n)
		}
	}
	slices.Sort(lens)
	return lens, leads
}

// holds reports whether numbers of n digits with these leads are valid too.
func holds(m *matcher, n int, leads []string) bool {
	for _, lead := range leads {
		if len(lead) > n-4 || m.share(lead, n) < hit {
			return false
		}
	}
	return len(leads) > 0
}

// spread picks n of the leads, evenly, so that not only one operator's or one
// region's numbers remain.
func spread(leads []string, n int) []string {
	if len(leads) <= n {
		return leads
	}
	picked := make([]string, n)
	for i := range picked {
		picked[i] = leads[i*len(leads)/n]
	}
	return picked
}
