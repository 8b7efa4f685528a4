package web

import (
	"strconv"
	"strings"
)

// The encodings a file is stored in, in the order they are preferred when a
// browser likes them equally.
const (
	brotli = iota
	gzip
	identity
	encodings
)

// encoding chooses by Accept-Encoding (RFC 9110, 12.5.3). Identity is sent
// when nothing else will do, even to someone who says they refuse it: a page
// that can't be read beats an error that can't either.
func encoding(header []string) int {
	best, bestQ := identity, 0.0
	q := [encodings]float64{-1, -1, -1}
	other := -1.0
	for value, weight := range weighted(header) {
		switch value {
		case "br":
			q[brotli] = weight
		case "gzip", "x-gzip":
			q[gzip] = weight
		case "identity":
			q[identity] = weight
		case "*":
			other = weight
		}
	}
	for e := range q {
		if q[e] < 0 && other >= 0 {
			q[e] = other
		}
		if q[e] > bestQ {
			best, bestQ = e, q[e]
		}
	}
	return best
}

// language chooses by Accept-Language (RFC 9110, 12.5.4) among the languages
// on offer: the one liked best, by its first subtag, the earlier in the header
// of two that are liked equally. Without a match it is the first on offer.
func language(header []string, offer []string) string {
	type liking struct {
		q     float64
		place int // in the header
	}
	likes := make(map[string]liking)
	place := 0
	for value, q := range weighted(header) {
		primary, _, _ := strings.Cut(value, "-")
		place++
		if old, ok := likes[primary]; !ok || q > old.q {
			likes[primary] = liking{q, place}
		}
	}
	best, bestLiking := offer[0], liking{0, place + 1}
	for _, l := range offer {
		like, ok := likes[l]
		if !ok {
			like = likes["*"]
		}
		if like.q > bestLiking.q || like.q == bestLiking.q && like.q > 0 && like.place < bestLiking.place {
			best, bestLiking = l, like
		}
	}
	return best
}

// weighted ranges over the values of a list header in lower case, with their
// weights from 0 to 1. A weight that is no number counts as 0.
func weighted(header []string) func(yield func(string, float64) bool) {
	return func(yield func(string, float64) bool) {
		for _, line := range header {
			for item := range strings.SplitSeq(line, ",") {
				value, params, _ := strings.Cut(item, ";")
				value = strings.ToLower(strings.TrimSpace(value))
				if value != "" && !yield(value, weight(params)) {
					return
				}
			}
		}
	}
}

func weight(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) { // not a number fails both
			return 0
		}
		return q
	}
	return 1
}

// matches reports whether If-None-Match names the ETag, compared weakly.
func matches(header []string, etag string) bool {
	for _, line := range header {
		for item := range strings.SplitSeq(line, ",") {
			item = strings.TrimSpace(item)
			if item == "*" || strings.TrimPrefix(item, "W/") == etag {
				return true
			}
		}
	}
	return false
}
