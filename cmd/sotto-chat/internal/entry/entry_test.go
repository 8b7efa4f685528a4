package entry_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"sotto/blind"
	"sotto/client"
	"sotto/cmd/sotto-chat/internal/entry"
)

// TestFind reads numbers as people write them.
func TestFind(t *testing.T) {
	for text, want := range map[string]entry.Card{
		"+44 7700 900123":                                       {Number: "+44 7700 900123"},
		"07700 900123":                                          {Number: "07700 900123"},
		"+1 (415) 555.0100":                                     {Number: "+1 (415) 555.0100"},
		"٠٧٧٠٠ ٩٠٠١٢٣":                                          {Number: "07700 900123"},
		"+44\u00a07700\u2011900123":                             {Number: "+44 7700-900123"},
		"Call +44 7700 900123. Or 5 times.":                     {Number: "+44 7700 900123", Invited: true},
		"My other number: +44 7700 900123, ref 4WNM-VD7H":       {Number: "+44 7700 900123", Ref: ref("4WNM-VD7H"), Invited: true},
		"my other number: +44 7700 900123, ref 4wnm-vd7h, at 5": {Number: "+44 7700 900123", Ref: ref("4WNM-VD7H"), Invited: true},
		"Half-time well-made: +44 7700 900123":                  {Number: "+44 7700 900123", Invited: true},
	} {
		got, err := entry.Find(text)
		if err != nil || got != want {
			t.Errorf("%q: %s %s %v, %v", text, got.Number, got.Ref.Reveal(), got.Invited, err)
		}
	}
	for text, want := range map[string]error{
		"": entry.ErrNoNumber, "12345": entry.ErrNoNumber, "no number": entry.ErrNoNumber,
		"1234567890123456":              blind.ErrMistyped,
		"48219 93701 64227 85310 42913": blind.ErrMistyped,
	} {
		if _, err := entry.Find(text); !errors.Is(err, want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func ref(text string) client.PairingCode {
	code, err := client.ParsePairingCode(text)
	if err != nil {
		panic(err)
	}
	return code
}

// TestMadeIsFound: whatever is made up is found again in all that is made of it.
func TestMadeIsFound(t *testing.T) {
	for range 200 {
		private, short := entry.NewPrivate(), entry.NewShort()
		for _, text := range append(private.Scans(), private.Text(), private.Invitation()) {
			if got, err := entry.Find(text); err != nil || got.Code != private.Code {
				t.Fatalf("%q: %v", text, err)
			}
		}
		got, err := entry.Find(short.Invitation())
		if err != nil || client.Digits(got.Number) != client.Digits(short.Number) {
			t.Fatalf("%q: %v", short.Invitation(), err)
		}
		// One in ten thousand refs has no letter and is not told from a number.
		if strings.ContainsFunc(short.Ref.Reveal(), unicode.IsLetter) && got.Ref != short.Ref {
			t.Fatalf("%q: ref %q", short.Invitation(), got.Ref.Reveal())
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s", entry.NewPrivate(), entry.NewShort(), entry.NewPrivate(), entry.NewShort()); strings.ContainsAny(text, "0123456789") {
		t.Errorf("a card prints as %s", text)
	}
}
