package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"sotto/wire"
)

// objectOf returns an object of n keys.
func objectOf(n int) string {
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	return "{" + strings.Join(keys, ",") + "}"
}

func arrays(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

func objects(depth int) string {
	return strings.Repeat(`{"k":`, depth) + "0" + strings.Repeat("}", depth)
}

// goodFrames are frames with nothing wrong, whatever else they are.
var goodFrames = map[string]string{
	"no more than an event":     `{"event":"typing"}`,
	"white space":               " \t\r\n{ \t\r\n\"event\" \t\r\n: \t\r\n\"typing\" , \"x\" : [ 1 , 2 ] \t\r\n}\r\n\t ",
	"event last":                `{"data":{},"ref":"1","event":"typing"}`,
	"unknown event":             `{"event":"dance","ref":"1"}`,
	"empty event":               `{"event":""}`,
	"a broadcast's event":       `{"event":"new_message"}`,
	"empty ref":                 `{"event":"typing","ref":""}`,
	"longest ref":               `{"event":"typing","ref":"` + strings.Repeat("r", 64) + `"}`,
	"longest ref, escaped":      `{"event":"typing","ref":"` + strings.Repeat(`\u0072`, 64) + `"}`,
	"longest ref, not ASCII":    `{"event":"typing","ref":"` + strings.Repeat("é", 64/2) + `"}`,
	"longest ref, outside BMP":  `{"event":"typing","ref":"` + strings.Repeat(`\ud83d\ude00`, 64/4) + `"}`,
	"all escapes":               `{"event":"typing","ref":"\"\\\/\b\f\n\r\t\u0000\u00e9\uD83D\uDE00\uffff\ufffd"}`,
	"DEL and beyond":            "{\"event\":\"typing\",\"ref\":\"\x7f\u0080\u2028\u2029\ufffd\uffff\U0010ffff\"}",
	"unknown fields":            `{"event":"typing","x":null,"y":[true,false,{}],"z":{"event":1}}`,
	"keys of another case":      `{"event":"typing","Event":1,"REF":2,"Data":3}`,
	"an empty key":              `{"event":"typing","":0,"x":{"":0}}`,
	"the same key in others":    `{"event":"typing","x":{"a":1},"y":{"a":1},"a":[{"a":1},{"a":1}]}`,
	"keys that start alike":     `{"event":"typing","a":1,"aa":2,"aaa":3,"A":4}`,
	"keys that escape alike":    `{"event":"typing","\u0061":1,"\\u0061":2}`,
	"numbers":                   `{"event":"typing","x":[0,-0,1,-1,10,0.5,-0.50,1e1,1E+1,1e-1,0e0,0.0e00,123456789012345678901234567890,1e999999999]}`,
	"nulls":                     `{"event":"typing","data":null,"x":null}`,
	"deepest arrays":            `{"event":"typing","x":` + arrays(8-1) + `}`,
	"deepest objects":           `{"event":"typing","x":` + objects(8-1) + `}`,
	"deep and shallow by turns": `{"event":"typing","x":` + arrays(7) + `,"y":` + objects(7) + `,"z":` + arrays(7) + `}`,
	"most keys":                 `{"event":"typing",` + objectOf(64 - 1)[1:],
	"most keys below":           `{"event":"typing","data":` + objectOf(64) + `,"x":` + objectOf(64) + `}`,
	"fields of others":          `{"event":"typing","data":{"otp_hash":1,"message_id":"` + messageHex + `","ciphertext":"AAAA","sender_hash":4}}`,
	"long strings":              `{"event":"typing","x":"` + strings.Repeat("x", 20_000) + `"}`,
}

// badFrames are refused as a whole.
var badFrames = map[string]string{
	"nothing":           "",
	"white space alone": " \t\r\n",
	"null":              "null",
	"a string":          `"event"`,
	"an array":          `[{"event":"typing"}]`,
	"an empty object":   `{}`,

	"event missing":      `{"ref":"1","data":{}}`,
	"event null":         `{"event":null}`,
	"event a number":     `{"event":1}`,
	"event an object":    `{"event":{}}`,
	"event of two cases": `{"Event":"typing"}`,

	"ref null":                 `{"event":"typing","ref":null}`,
	"ref a number":             `{"event":"typing","ref":1}`,
	"ref an object":            `{"event":"typing","ref":{}}`,
	"ref too long":             `{"event":"typing","ref":"` + strings.Repeat("r", 64+1) + `"}`,
	"ref too long, escaped":    `{"event":"typing","ref":"` + strings.Repeat(`\u0072`, 64+1) + `"}`,
	"ref too long in bytes":    `{"event":"typing","ref":"` + strings.Repeat("é", 64/2) + `r"}`,
	"ref of an unknown event":  `{"event":"dance","ref":1}`,
	"ref's end missing":        `{"event":"typing","ref":"`,
	"ref's end escaped":        `{"event":"typing","ref":"\"}`,
	"ref ends in a backslash":  `{"event":"typing","ref":"\`,
	"ref ends in half a digit": `{"event":"typing","ref":"\u00`,

	"a second frame":             `{"event":"typing"}{"event":"typing"}`,
	"garbage behind":             `{"event":"typing"}x`,
	"cut short":                  `{"event":"typing"`,
	"cut short in a key":         `{"event":"typing","dat`,
	"cut short before the value": `{"event":"typing","data":`,
	"a byte order mark":          "\ufeff{\"event\":\"typing\"}",
	"a no-break space":           "{\u00a0\"event\":\"typing\"}",
	"a form feed":                "{\f\"event\":\"typing\"}",
	"a comment":                  `{"event":"typing"/**/}`,

	"trailing comma":           `{"event":"typing",}`,
	"leading comma":            `{,"event":"typing"}`,
	"missing comma":            `{"event":"typing" "x":1}`,
	"missing colon":            `{"event" "typing"}`,
	"missing value":            `{"event":"typing","x":}`,
	"missing key":              `{"event":"typing",:1}`,
	"bare key":                 `{event:"typing"}`,
	"number as key":            `{"event":"typing",1:1}`,
	"array closed by a brace":  `{"event":"typing","x":[}`,
	"object closed by bracket": `{"event":"typing","x":{]`,
	"array's trailing comma":   `{"event":"typing","x":[1,]}`,
	"array's missing comma":    `{"event":"typing","x":[1 2]}`,

	"leading zero":              `{"event":"typing","x":01}`,
	"plus sign":                 `{"event":"typing","x":+1}`,
	"sign alone":                `{"event":"typing","x":-}`,
	"no digit before the point": `{"event":"typing","x":.5}`,
	"no digit after the point":  `{"event":"typing","x":1.}`,
	"no digit of the exponent":  `{"event":"typing","x":1e}`,
	"no digit behind its sign":  `{"event":"typing","x":1e+}`,
	"-Infinity":                 `{"event":"typing","x":-Infinity}`,
	"truee":                     `{"event":"typing","x":truee}`,
	"nul":                       `{"event":"typing","x":nul`,

	"a bare NUL":                  "{\"event\":\"typing\",\"x\":\"\x00\"}",
	"a bare control character":    "{\"event\":\"typing\",\"x\":\"0123456789abcdef\x1f0123456789abcdef\"}",
	"a bare newline in a key":     "{\"event\":\"typing\",\"\n\":0}",
	"escape unknown":              `{"event":"typing","x":"\a"}`,
	"escape of three digits":      `{"event":"typing","x":"\u006"}`,
	"escape with a foreign digit": `{"event":"typing","x":"\u00g1"}`,

	"lone high surrogate":        `{"event":"typing","x":"\ud83d"}`,
	"lone low surrogate":         `{"event":"typing","x":"\ude00"}`,
	"surrogates swapped":         `{"event":"typing","x":"\ude00\ud83d"}`,
	"two high surrogates":        `{"event":"typing","x":"\ud83d\ud83d"}`,
	"high surrogate and letter":  `{"event":"typing","x":"\ud83dx"}`,
	"high surrogate and escape":  `{"event":"typing","x":"\ud83d\n"}`,
	"high surrogate and BMP":     `{"event":"typing","x":"\ud83d\u0061"}`,
	"high surrogate at the end":  `{"event":"typing","x":"\ud83d`,
	"lone surrogate in a key":    `{"event":"typing","\ud800":0}`,
	"lone surrogate in the deep": `{"event":"typing","x":[[{"y":"\udfff"}]]}`,

	"a stray byte":         "{\"event\":\"typing\",\"x\":\"\xff\"}",
	"a stray byte outside": "{\"event\":\"typing\"}\xff",
	"a surrogate in UTF-8": "{\"event\":\"typing\",\"x\":\"\xed\xa0\x80\"}",

	"event twice":                `{"event":"typing","event":"typing"}`,
	"unknown key twice":          `{"event":"typing","x":0,"x":0}`,
	"key twice, once escaped":    `{"event":"typing","\u0065vent":"typing"}`,
	"key twice, outside BMP":     `{"event":"typing","\ud83d\ude00":0,"😀":0}`,
	"key twice in data":          `{"event":"typing","data":{"a":0,"a":0}}`,
	"key twice in an array":      `{"event":"typing","x":[{"a":0,"a":0}]}`,
	"key twice in the deep":      `{"event":"typing","a":{"b":{"c":{"d":{"e":{"f":{"g":0,"g":0}}}}}}}`,
	"key twice around an object": `{"event":"typing","x":{"a":{"b":0,"c":{}},"a":0}}`,
	"key twice, first and last":  `{"event":"typing","data":` + objectOf(64 - 1)[:len(objectOf(64-1))-1] + `,"k0":0}}`,
	"known field twice":          `{"event":"join","data":{"ext":1,"ext":1}}`,

	"arrays too deep":      `{"event":"typing","x":` + arrays(8) + `}`,
	"objects too deep":     `{"event":"typing","x":` + objects(8) + `}`,
	"data too deep":        `{"event":"typing","data":` + objects(8) + `}`,
	"known field too deep": `{"event":"join","data":{"ext":` + arrays(8-1) + `}}`,
	"far too deep":         `{"event":"typing","x":` + strings.Repeat("[", 30_000),
	"far too deep objects": strings.Repeat(`{"x":`, 6_000),
	"too many keys":        `{"event":"typing",` + objectOf(64)[1:],
	"too many keys below":  `{"event":"typing","x":` + objectOf(64+1) + `}`,
	"too many in data":     `{"event":"typing","data":` + objectOf(64+1) + `}`,
}

func TestGoodFrames(t *testing.T) {
	t.Parallel()
	for name, frame := range goodFrames {
		if req, err := read(t, frame); err != nil || req.Fault != "" {
			t.Errorf("%s: %v, fault %q", name, err, req.Fault)
		}
	}
}

func TestBadFrames(t *testing.T) {
	t.Parallel()
	for name, frame := range badFrames {
		// Not wrapped: an error that quotes the frame would end up in a log.
		if _, err := read(t, frame); err != wire.ErrFrame { //nolint:errorlint // the point
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

// The scanner looks at eight bytes at once, and at the last few one by one.
func TestEveryByteAtEveryOffset(t *testing.T) {
	t.Parallel()
	b := newBuffers()
	for c := range 256 {
		for before := range 18 {
			for _, after := range []int{0, 1, 9} {
				frame := []byte(`{"event":"typing","x":"` + strings.Repeat("x", before) + string([]byte{byte(c)}) +
					strings.Repeat("n", after) + `"}`)
				good := verdictOf(frame).good
				req, err := b.ReadRequest(bytes.NewReader(frame), maxCiphertext)
				if (err == nil) != good {
					t.Errorf("byte %#x with %d before and %d after it: %v", c, before, after, err)
				}
				if err == nil {
					req.Release()
				}
			}
		}
	}
}

// The relay's limit is a setting. With frames of 2 MiB, work that grows with
// their square would run into the time-out of the test run.
func TestWorkIsLinear(t *testing.T) {
	t.Parallel()
	const size = 2 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	full := strings.TrimSuffix(objectOf(64), "}")
	longKeys := new(strings.Builder)
	for i := range 64 - 2 {
		fmt.Fprintf(longKeys, `,"%s%02d":0`, strings.Repeat("k", size/64), i)
	}
	b := wire.NewBuffers(2 * size)
	for name, frame := range map[string]string{
		"escapes":       `{"event":"typing","x":"` + fill(`\n`) + `"}`,
		"far apart":     `{"event":"typing","x":"` + fill(strings.Repeat("x", 5000)+`\u0041`) + `"}`,
		"objects":       `{"event":"typing","x":[` + fill(full+"},") + `0]}`,
		"long keys":     `{"event":"typing"` + longKeys.String() + `}`,
		"white space":   `{"event":"typing"` + fill(" ") + `}`,
		"digits":        `{"event":"typing","x":` + "1" + fill("0") + `}`,
		"ext's digits":  `{"event":"join","data":{"sender_hash":"` + senderHex + `","access_hash":"` + accessHex + `","ext":1` + fill("0") + `}}`,
		"unclosed":      `{"event":"typing","x":[` + fill("[],"),
		"one long text": `{"event":"typing","x":"` + fill("x"),
	} {
		t.Run(name, func(t *testing.T) {
			req, err := b.ReadRequest(strings.NewReader(frame), maxCiphertext)
			if err == nil {
				req.Release()
			} else if !errors.Is(err, wire.ErrFrame) {
				t.Error(err)
			}
		})
	}
}
