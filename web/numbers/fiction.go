package numbers

import "fmt"

// reserved are the ranges that a regulator has documented as free for use in
// films, books and the like, by national prefix and length.
//
// A country is listed only if that makes a thousand numbers at least, so fixed
// lines are among them, and Sweden's five hundred are not. The number is half
// of what two people share: out of a hundred, two pairs on one relay would
// soon draw the same one.
var reserved = map[string][]Range{
	// ACMA, "Phone numbers for use in TV shows, films and creative works":
	// (0x) 5550 xxxx and (0x) 7010 xxxx in each region. Its mobile numbers
	// are thirty single ones.
	"AU": {
		{"25550", 9}, {"27010", 9}, {"35550", 9}, {"37010", 9},
		{"75550", 9}, {"77010", 9}, {"85550", 9}, {"87010", 9},
	},
	// Bundesnetzagentur, Mitteilung 148/2021, "Rufnummern für
	// Medienproduktionen": a thousand in each of five cities.
	"DE": {
		{"3023125", 10}, {"4066969", 10}, {"6990009", 10}, {"8999998", 10}, {"2214710", 10},
	},
	// ARCEP, plan national de numérotation (décision 2018-0881), numéros
	// pour les œuvres audiovisuelles: ten thousand in each block.
	"FR": {
		{"19900", 9}, {"26191", 9}, {"35301", 9}, {"46571", 9}, {"53649", 9}, {"63998", 9},
	},
	// Ofcom, "Telephone numbers for use in TV and radio drama programmes":
	// 07700 900xxx, and a thousand in each of these areas.
	"GB": {
		{"7700900", 10},
		{"1134960", 10}, {"1144960", 10}, {"1154960", 10}, {"1164960", 10}, {"1174960", 10},
		{"1184960", 10}, {"1214960", 10}, {"1314960", 10}, {"1414960", 10}, {"1514960", 10},
		{"1614960", 10}, {"1914980", 10}, {"1632960", 10}, {"2079460", 10}, {"2920180", 10},
	},
	// ComReg, National Numbering Conventions: 020 91x xxxx for drama.
	"IE": {{"2091", 9}},
}

// northAmerica are the countries that share the NANPA's rule: 555-0100 to
// 555-0199 is for fiction in every area code (ATIS-0300115, 555 NXX line
// numbers).
var northAmerica = map[string]bool{"CA": true, "US": true}

// fiction returns the ranges set aside in a region, or nil. m matches the
// region's mobile numbers; in North America these are all numbers there are, so
// that it knows the area codes.
func fiction(region string, m *matcher) []Range {
	if !northAmerica[region] {
		return reserved[region]
	}
	var ranges []Range
	for area := 200; area < 1000; area++ {
		prefix := fmt.Sprintf("%d55501", area)
		if m.share(prefix, 10) == 1 {
			ranges = append(ranges, Range{prefix, 10})
		}
	}
	return ranges
}
