package numbers

import "fmt"

// reserved are the ranges that a regulator has documented as free for use in
// films, books and the like, by the first digits of the national number. What
// follows makes it as long as the shortest mobile number.
//
// A country is listed only if that makes a thousand numbers at least, so fixed
// lines are among them, and Sweden's five hundred are not. The number is half
// of what two people share: out of a hundred, two pairs on one relay would
// soon draw the same one.
var reserved = map[string][]string{
	// ACMA, "Phone numbers for use in TV shows, films and creative works":
	// (0x) 5550 xxxx and (0x) 7010 xxxx in each region. Its mobile numbers
	// are thirty single ones.
	"AU": {
		"25550", "27010", "35550", "37010",
		"75550", "77010", "85550", "87010",
	},
	// Bundesnetzagentur, Mitteilung 148/2021, "Rufnummern für
	// Medienproduktionen": a thousand in each of five cities.
	"DE": {
		"3023125", "4066969", "6990009", "8999998", "2214710",
	},
	// ARCEP, plan national de numérotation (décision 2018-0881), numéros
	// pour les œuvres audiovisuelles: ten thousand in each block.
	"FR": {
		"19900", "26191", "35301", "46571", "53649", "63998",
	},
	// Ofcom, "Telephone numbers for use in TV and radio drama programmes":
	// 07700 900xxx, and a thousand in each of these areas.
	"GB": {
		"7700900",
		"1134960", "1144960", "1154960", "1164960", "1174960",
		"1184960", "1214960", "1314960", "1414960", "1514960",
		"1614960", "1914980", "1632960", "2079460", "2920180",
	},
	// ComReg, National Numbering Conventions: 020 91x xxxx for drama.
	"IE": {"2091"},
}

// northAmerica are the countries that share the NANPA's rule: 555-0100 to
// 555-0199 is for fiction in every area code (ATIS-0300115, 555 NXX line
// numbers).
var northAmerica = map[string]bool{"CA": true, "US": true}

// fiction returns the ranges set aside in a region, or nil. m matches the
// region's mobile numbers; in North America these are all numbers there are, so
// that it knows the area codes.
func fiction(region string, m *matcher) []string {
	if !northAmerica[region] {
		return reserved[region]
	}
	var areas []string
	for area := 200; area < 1000; area++ {
		prefix := fmt.Sprintf("%d55501", area)
		if m.share(prefix, 10) == 1 {
			areas = append(areas, prefix)
		}
	}
	return spread(areas, maxAreas)
}
