package wire_test

import (
	"strings"
	"testing"

	"sotto/wire"
)

func TestParseHash(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("0123456789abcdef", 4)
	for name, tc := range map[string]struct {
		in string
		ok bool
	}{
		"64 lower-case digits": {good, true},
		"empty":                {"", false},
		"one short":            {good[1:], false},
		"one long":             {good + "0", false},
		"upper case":           {strings.ToUpper(good), false},
		"one upper-case digit": {good[:63] + "F", false},
		"below the digits":     {good[:63] + "/", false},
		"above the digits":     {good[:63] + ":", false},
		"below a":              {"`" + good[1:], false},
		"g":                    {"g" + good[1:], false},
		"a space":              {" " + good[1:], false},
	} {
		h, ok := wire.ParseHash[wire.AccessHash](tc.in)
		if ok != tc.ok {
			t.Errorf("%s: ok is %v", name, ok)
		}
		if ok && (h.Reveal() != tc.in || string(h.Append([]byte("x"))) != "x"+tc.in) {
			t.Errorf("%s: does not come back as it went in", name)
		}
		if !ok && h != (wire.AccessHash{}) {
			t.Errorf("%s: a refused hash left something behind", name)
		}
	}
}

func TestParseUUID(t *testing.T) {
	t.Parallel()
	good := "01234567-89ab-4cde-bf01-23456789abcd"
	for name, tc := range map[string]struct {
		in string
		ok bool
	}{
		"lower case":            {good, true},
		"upper case":            {strings.ToUpper(good), true},
		"mixed case":            {good[:20] + strings.ToUpper(good[20:]), true},
		"any version":           {"00000000-0000-0000-0000-000000000000", true},
		"empty":                 {"", false},
		"without dashes":        {strings.ReplaceAll(good, "-", ""), false},
		"one short":             {good[:35], false},
		"one long":              {good + "0", false},
		"braces":                {"{" + good[:34] + "}", false},
		"a dash too early":      {"0123456-789ab-4cde-bf01-23456789abcd", false},
		"a dash for a digit":    {"-1234567-89ab-4cde-bf01-23456789abcd", false},
		"a dash before the end": {good[:34] + "-d", false},
		"a dash at the end":     {good[:35] + "-", false},
		"g":                     {good[:35] + "g", false},
		"G":                     {good[:35] + "G", false},
		"@":                     {good[:35] + "@", false},
	} {
		u, ok := wire.ParseUUID[wire.MessageID](tc.in)
		if ok != tc.ok {
			t.Errorf("%s: ok is %v", name, ok)
		}
		if want := strings.ToLower(tc.in); ok && (u.Reveal() != want || string(u.Append(nil)) != want) {
			t.Errorf("%s: does not come back in lower case", name)
		}
		if !ok && u != (wire.MessageID{}) {
			t.Errorf("%s: a refused UUID left something behind", name)
		}
	}
}

func TestNewUUID(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fill byte
		want string
	}{
		"all zero": {0x00, "00000000-0000-4000-8000-000000000000"},
		"all one":  {0xff, "ffffffff-ffff-4fff-bfff-ffffffffffff"},
	} {
		var random [16]byte
		for i := range random {
			random[i] = tc.fill
		}
		if got := wire.NewUUID[wire.RoomID](&random).Reveal(); got != tc.want {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestParseNonce(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in string
		ok bool
	}{
		"shortest":     {strings.Repeat("a", wire.MinNonce), true},
		"longest":      {strings.Repeat("F", wire.MaxNonce), true},
		"odd length":   {strings.Repeat("0", 17), true},
		"empty":        {"", false},
		"too short":    {strings.Repeat("a", wire.MinNonce-1), false},
		"too long":     {strings.Repeat("a", wire.MaxNonce+1), false},
		"not a digit":  {strings.Repeat("a", 15) + "g", false},
		"not ASCII":    {strings.Repeat("é", 10), false},
		"case matters": {strings.Repeat("aA", 8), true},
	} {
		n, ok := wire.ParseNonce(tc.in)
		if ok != tc.ok || n.Set() != tc.ok {
			t.Errorf("%s: ok is %v, set is %v", name, ok, n.Set())
		}
	}
	if nonce(t, "aaaaaaaaaaaaaaaa") == nonce(t, "AAAAAAAAAAAAAAAA") {
		t.Error("digits were not kept as they were sent")
	}
}
