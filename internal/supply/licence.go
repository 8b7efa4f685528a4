package supply

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
)

// errUnknown is why a licence is refused.
var errUnknown = errors.New("the text is none of the known licences: read it, and add it if a release may come under it")

// Identify returns the SPDX expression for a licence text. The whole text must
// be a title, copyright lines and the words of one of the licences below, all
// of which let anyone ship the binary as long as the texts go with it. A text
// that says anything more, or anything else, is an error.
func Identify(text string) (string, error) {
	words := normalise(text)
	if terms, appendix, ok := strings.Cut(words, apacheEnd); ok {
		sum := sha256.Sum256([]byte(terms))
		if hex.EncodeToString(sum[:]) == apacheTerms && apacheAppendix.MatchString(appendix) {
			return "Apache-2.0", nil
		}
	}
	words = normalise(withoutHeader(text))
	for _, l := range licences {
		if l.text.MatchString(words) {
			return l.id, nil
		}
	}
	return "", errUnknown
}

var (
	punctuation = regexp.MustCompile(`[^a-z0-9]+`)
	header      = regexp.MustCompile(`(?i)^\s*(` +
		`(the )?(MIT|ISC|BSD [23]-Clause) license( \((MIT|Expat|ISC)\))?|` +
		`copyright\b.*|all rights reserved\.?|)\s*$`)
)

// normalise leaves lower-case words with one space between them.
func normalise(text string) string {
	return strings.TrimSpace(punctuation.ReplaceAllString(strings.ToLower(text), " "))
}

// withoutHeader drops title and copyright lines from the top.
func withoutHeader(text string) string {
	for {
		line, rest, more := strings.Cut(text, "\n")
		if !more || !header.MatchString(line) {
			return text
		}
		text = rest
	}
}

// The Apache licence is always the same but for its appendix.
const (
	apacheEnd   = " end of terms and conditions"
	apacheTerms = "37599287c15c2f2ec060c3c3b55bdf69e3bc7a8aeeb9cd57e18800088789538a" // SHA-256 of what comes before
)

var apacheAppendix = whole(`( appendix how to apply the apache license to your work
	to apply the apache license to your work attach the following boilerplate notice with the fields enclosed by brackets
	replaced with your own identifying information don t include the brackets the text should be enclosed in the appropriate
	comment syntax for the file format we also recommend that a file or class name and description of purpose be included on
	the same printed page as the copyright notice for easier identification within third party archives
	copyright OWNER
	licensed under the apache license version 2 0 the license you may not use this file except in compliance with the license
	you may obtain a copy of the license at http www apache org licenses license 2 0
	unless required by applicable law or agreed to in writing software distributed under the license is distributed on an as
	is basis without warranties or conditions of any kind either express or implied see the license for the specific language
	governing permissions and limitations under the license)?`)

// licences are those a component may have, in normal form.
var licences = []struct {
	id   string
	text *regexp.Regexp
}{
	{"MIT", whole(`permission is hereby granted free of charge to any person obtaining a copy of this software and
		associated documentation files the software to deal in the software without restriction including without limitation
		the rights to use copy modify merge publish distribute sublicense and or sell copies of the software and to permit
		persons to whom the software is furnished to do so subject to the following conditions
		the above copyright notice and this permission notice shall be included in all copies or substantial portions of the
		software
		the software is provided as is without warranty of any kind express or implied including but not limited to the
		warranties of merchantability fitness for a particular purpose and noninfringement in no event shall the authors or
		copyright holders be liable for any claim damages or other liability whether in an action of contract tort or
		otherwise arising from out of or in connection with the software or the use or other dealings in the software`)},
	{"ISC", whole(`permission to use copy modify and (or )?distribute this software for any purpose with or without fee is hereby
		granted provided that the above copyright notice and this permission notice appear in all copies
		the software is provided as is and the author disclaims all warranties with regard to this software including all
		implied warranties of merchantability and fitness in no event shall the author be liable for any special direct
		indirect or consequential damages or any damages whatsoever resulting from loss of use data or profits whether in an
		action of contract negligence or other tortious action arising out of or in connection with the use or performance of
		this software`)},
	{"BSD-2-Clause", whole(bsdTwo + bsdDisclaimer)},
	{"BSD-3-Clause", whole(bsdTwo + `( 3)? neither the name of OWNER nor the names of its contributors may be used to endorse or
		promote products derived from this software without specific prior written permission` + bsdDisclaimer)},
	// libcap's psx, which may be had under either. The text of the GPL follows.
	{"BSD-3-Clause OR GPL-2.0-only", whole(`spdx license identifier bsd 3 clause or gpl 2 0 only
		unless otherwise explicitly stated the following text describes the licensed conditions under which the contents of
		this libcap psx release may be used and distributed
		the licensed conditions are one or the other of these two licenses bsd 3 clause gpl v2 0
		bsd 3 clause redistribution and use in source and binary forms of libcap psx with or without modification are
		permitted provided that the following conditions are met
		1 redistributions of source code must retain any existing copyright notice and this entire permission notice in its
		entirety including the disclaimer of warranties
		2 redistributions in binary form must reproduce all prior and current copyright notices this list of conditions and
		the following disclaimer in the documentation and or other materials provided with the distribution
		3 the name of any author may not be used to endorse or promote products derived from this software without their
		specific prior written permission
		this software is provided as is and any express or implied warranties including but not limited to the implied
		warranties of merchantability and fitness for a particular purpose are disclaimed in no event shall the author s be
		liable for any direct indirect incidental special exemplary or consequential damages including but not limited to
		procurement of substitute goods or services loss of use data or profits or business interruption however caused and
		on any theory of liability whether in contract strict liability or tort including negligence or otherwise arising in
		any way out of the use of this software even if advised of the possibility of such damage
		gpl v2 0 alternatively this product may be distributed under the terms of the gnu general public license v2 0 see
		below in which case the provisions of the gnu gpl are required instead of the above restrictions .*`)},
}

const (
	bsdTwo = `redistribution and use in source and binary forms with or without modification are permitted provided that the
		following conditions are met
		(1 )?redistributions of source code must retain the above copyright notice this list of conditions and the following
		disclaimer
		(2 )?redistributions in binary form must reproduce the above copyright notice this list of conditions and the
		following disclaimer in the documentation and or other materials provided with the distribution`
	bsdDisclaimer = ` this software is provided by the copyright holders and contributors as is and any express or implied
		warranties including but not limited to the implied warranties of merchantability and fitness for a particular
		purpose are disclaimed in no event shall the copyright (owner|holder)s? or contributors be liable for any direct
		indirect incidental special exemplary or consequential damages including but not limited to procurement of substitute
		goods or services loss of use data or profits or business interruption however caused and on any theory of liability
		whether in contract strict liability or tort including negligence or otherwise arising in any way out of the use of
		this software even if advised of the possibility of such damage`
)

// whole compiles an expression for a whole text in normal form.
func whole(expression string) *regexp.Regexp {
	expression = strings.Join(strings.Fields(expression), " ")
	return regexp.MustCompile("^" + strings.ReplaceAll(expression, "OWNER", "[a-z0-9 ]{1,80}") + "$")
}
