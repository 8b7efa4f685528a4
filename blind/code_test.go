package blind_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"sotto/blind"
	"sotto/internal/vectors"
	"sotto/wire"
)

const (
	testDigits = "4821993701642278531042912"
	testShown  = "48219 93701 64227 85310 42912"
)

func mustFind(t *testing.T, text string) blind.Code {
	t.Helper()
	code, err := blind.FindCode(text)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestFindCode(t *testing.T) {
	t.Parallel()
	mistyped := strings.Replace(testShown, "42912", "42913", 1)
	for name, test := range map[string]struct {
		text string
		want error // nil: the code
	}{
		"said":                 {testShown, nil},
		"typed":                {testDigits, nil},
		"dashes":               {"48219-93701-64227-85310-42912", nil},
		"mixed groups":         {"4821993701-64227 85310 42912", nil},
		"other groups":         {"4821 9937 0164 2278 5310 42912", nil}, // the longest run
		"card":                 {"+44 7700 900123,," + testShown, nil},
		"card dialled":         {"tel:+447700900123,," + testDigits, nil},
		"pause as p":           {"+447700900123p" + testDigits, nil},
		"pause as w":           {"+44 7700 900123 W " + testDigits, nil},
		"extension as x":       {"+44 7700 900123 x" + testDigits, nil},
		"semicolon":            {"+447700900123;" + testDigits, nil},
		"dots":                 {"+44.7700.900123,,48219.93701.64227.85310.42912", nil},
		"run together":         {"447700900123" + testDigits, nil}, // an address book that drops pauses
		"invitation":           {"My other number: +44 7700 900123,," + testShown, nil},
		"sentence":             {"Hi! Reach me at +44 7700 900123,," + testShown + ". See you on 24.12.2026", nil},
		"before another":       {"12345 " + testShown, nil},
		"after a bad one":      {mistyped + "\n" + testShown, nil},
		"arabic digits":        {"٤٨٢١٩ ٩٣٧٠١ ٦٤٢٢٧ ٨٥٣١٠ ٤٢٩١٢", nil},
		"odd spaces, marks":    {"\u200e48219\u00a093701\u200964227\u202f85310\u300042912\u200f", nil},
		"odd dashes":           {"48219–93701—64227‐85310−42912", blind.ErrMistyped}, // the last is no dash but a minus
		"en dashes":            {"48219–93701—64227‐85310-42912", nil},
		"vcard":                {"BEGIN:VCARD\r\nTEL;TYPE=CELL:+447700900123,," + testDigits + "\r\nEND:VCARD", nil},
		"wrong digit":          {mistyped, blind.ErrMistyped},
		"wrong digit on card":  {"+44 7700 900123,," + mistyped, blind.ErrMistyped},
		"digit missing":        {strings.TrimSuffix(testShown, "2"), blind.ErrMistyped},
		"digit too many":       {testShown + "7", blind.ErrMistyped},
		"cut at 20":            {"48219937016422785310", blind.ErrMistyped},
		"16 digits":            {"4821993701642278", blind.ErrMistyped},
		"15 digits":            {"482199370164227", blind.ErrNoCode},
		"number of std-1":      {"My other number: +44 7700 900123, ref 4WNM-VD7H", blind.ErrNoCode},
		"nothing":              {"", blind.ErrNoCode},
		"words":                {"call me maybe", blind.ErrNoCode},
		"not text":             {"\xff\xfe482", blind.ErrNoCode},
		"two lines":            {"48219 93701\n64227 85310 42912", blind.ErrNoCode}, // a code has no line break
		"ends at 4000":         {strings.Repeat("a", 4000-25) + testDigits, nil},
		"cut at 4000":          {strings.Repeat("a", 4000-24) + testDigits, blind.ErrMistyped},
		"pairs count as two":   {strings.Repeat("😀", 1988) + testDigits, blind.ErrMistyped},
		"pairs that just fit":  {strings.Repeat("😀", 1987) + testDigits, nil},
		"four between":         {"482199370164227 -- 8531042912", nil},
		"five between":         {"482199370164227 --- 8531042912", blind.ErrNoCode},
		"first of two":         {testShown + " / 00000 00000 00000 00000 00000", nil},
		"zeros are a code too": {"x 00000000000000000000000018", nil},
	} {
		t.Run(name, func(t *testing.T) {
			code, err := blind.FindCode(test.text)
			if !errors.Is(err, test.want) || code.Set() != (test.want == nil) {
				t.Fatalf("code %v, error %v, want %v", code.Set(), err, test.want)
			}
			if want := testShown; code.Set() && code.Reveal() != want && name != "zeros are a code too" {
				t.Errorf("found %s", code.Reveal())
			}
		})
	}
}

func TestNewCode(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		random [32]byte
		want   string
	}{
		"zeros":       {[32]byte{}, "00000 00000 00000 00000 00000"},
		"one":         {[32]byte{31: 1}, "00000 00000 00000 00000 00018"},
		"wraps":       {[32]byte{22: 0xd3, 0xc2, 0x1b, 0xce, 0xcc, 0xed, 0xa1}, "00000 00000 00000 00000 00000"},
		"more digits": {[32]byte{31: 123}, "00000 00000 00000 00000 01230"},
	} {
		if got := blind.NewCode(test.random); got.Reveal() != test.want {
			t.Errorf("%s: %s, want %s", name, got.Reveal(), test.want)
		}
	}
	// One wrong digit is always found, and so are nearly all two that change places.
	code := mustFind(t, testShown)
	digits := []byte(strings.ReplaceAll(code.Reveal(), " ", ""))
	for i, was := range digits {
		for d := byte('0'); d <= '9'; d++ {
			digits[i] = d
			if _, err := blind.FindCode(string(digits)); (err == nil) != (d == was) {
				t.Errorf("digit %d as %c: %v", i, d, err)
			}
		}
		digits[i] = was
	}
}

func TestCard(t *testing.T) {
	t.Parallel()
	card := blind.Card{Number: "+44 7700 900123", Code: mustFind(t, testDigits)}
	for got, want := range map[string]string{
		card.Text():                        "+44 7700 900123,," + testShown,
		card.Invitation("My other number"): "My other number: +44 7700 900123,," + testShown,
		card.Tel():                         "tel:+447700900123,," + testDigits,
		card.VCard(): "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;;;;\r\nFN:+44 7700 900123\r\n" +
			"TEL:+447700900123,," + testDigits + "\r\nEND:VCARD\r\n",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if found := mustFind(t, got); found != card.Code {
			t.Errorf("%q gives %s", got, found.Reveal())
		}
	}
	odd := blind.Card{Number: "020 7946,0123;\r\nEND:VCARD", Code: card.Code}
	if got := odd.VCard(); strings.Count(got, "\r\n") != 6 || !strings.Contains(got, `FN:020 7946\,0123\;  END:VCARD`) {
		t.Errorf("a number breaks out of its line: %q", got)
	}
}

func TestDerivation(t *testing.T) {
	t.Parallel()
	v := vectors.ReadBlind()
	root := mustFind(t, v.Code).Root()
	access, err := root.Access(v.PIN)
	if err != nil {
		t.Fatal(err)
	}
	room, ok := wire.ParseUUID[wire.RoomID](strings.ToUpper(v.RoomID))
	if !ok {
		t.Fatal("room_id is no UUID")
	}
	given := blind.NewRootKey([32]byte(v.K))
	for name, pair := range map[string][2]string{
		"room":         {root.Room().Reveal(), v.Room},
		"room given K": {given.Room().Reveal(), v.Room},
		"access":       {access.Reveal(), v.Access},
		"gate":         {root.Gate().Reveal(), v.Gate},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s = %s, want %s", name, pair[0], pair[1])
		}
	}
	if *root.Life(room) != *blind.NewLifeKey([32]byte(v.Life)) {
		t.Error("life differs")
	}
	for _, pin := range []string{"", "12345", "1234567890123", "12345a", "٤٨٢١٩٩", "123 456"} {
		if _, err := root.Access(pin); !errors.Is(err, blind.ErrPIN) {
			t.Errorf("a PIN of %q: %v", pin, err)
		}
	}
	root.Wipe()
	if *root != *blind.NewRootKey([32]byte{}) {
		t.Error("a wiped key is not all zeros")
	}
}

func TestSecretsPrintRedacted(t *testing.T) {
	t.Parallel()
	code := mustFind(t, testDigits)
	root := blind.NewRootKey([32]byte([]byte(strings.Repeat("k", 32))))
	life := blind.NewLifeKey([32]byte([]byte(strings.Repeat("k", 32))))
	card := blind.Card{Number: "0123", Code: code}
	for name, value := range map[string]any{
		"Code": code, "*Code": &code, "RootKey": *root, "*RootKey": root, "LifeKey": *life, "*LifeKey": life,
		"Card": card, "*Card": &card,
		"Hello": blind.Hello{Page: blind.PageID{107, 107}}, "Header": blind.Header{To: blind.KeyID{107, 107}},
		"HelloReply": blind.HelloReply{Hello: []byte("canary")}, "HelloReceived": blind.HelloReceived{Hello: []byte("canary")},
		"Message": blind.Message{Bytes: []byte("canary")}, "MessageEdited": blind.MessageEdited{Bytes: []byte("canary")},
		"SendHello": blind.SendHello{Hello: []byte("canary")}, "Transmit": blind.Transmit{Bytes: []byte("canary")},
		"Returned": blind.Returned{Content: blind.Content{Text: "canary"}}, "View": blind.View{Check: "canary"},
		"Page": blind.NewPage(life, blind.PageID{}, wire.SenderHash{}),
		"Body": blind.Body{Content: blind.Content{Text: "canary"}}, "Content": &blind.Content{Text: "canary"},
	} {
		marshalled, err := json.Marshal(value)
		for _, got := range []string{
			fmt.Sprint(value), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value), fmt.Sprintf("%x", value), fmt.Sprintf("%d", value),
			value.(fmt.Stringer).String(), value.(fmt.GoStringer).GoString(), strings.Trim(string(marshalled), `"`),
		} {
			if got != "[redacted]" {
				t.Errorf("%s prints as %s, %v", name, got, err)
			}
		}
	}
}

func FuzzCode(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		code, err := blind.FindCode(text)
		if err != nil {
			if code.Set() || !errors.Is(err, blind.ErrNoCode) && !errors.Is(err, blind.ErrMistyped) {
				t.Fatalf("error %v", err)
			}
			return
		}
		for _, form := range []string{code.Reveal(), blind.Card{Number: "+44 7700 900123", Code: code}.Tel()} {
			if again, err := blind.FindCode(form); err != nil || again != code {
				t.Fatalf("%q is not found again: %v", form, err)
			}
		}
	})
}
