package wire_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"sotto/wire"
)

const (
	ivText         = "AAECAwQFBgcICQoL"
	ciphertextText = "c2VhbGVk"
)

var (
	ivBytes         = [wire.IVSize]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	ciphertextBytes = []byte("sealed")
)

func goodSend() object {
	return object{"ciphertext": quoted(ciphertextText), "iv": quoted(ivText)}
}

func TestSend(t *testing.T) {
	t.Parallel()
	id := uuid[wire.MessageID](t, messageHex)
	for name, tc := range map[string]struct {
		data object
		want func(*wire.Request)
	}{
		"std-1":            {goodSend(), func(*wire.Request) {}},
		"empty ciphertext": {goodSend().with("ciphertext", `""`), func(r *wire.Request) { r.Ciphertext = nil }},
		"slashes escaped":  {goodSend().with("ciphertext", `"\/\/\u002B\u002b"`), func(r *wire.Request) { r.Ciphertext = []byte{0xff, 0xff, 0xbe} }},
		"padding escaped":  {goodSend().with("ciphertext", `"AA\u003d="`), func(r *wire.Request) { r.Ciphertext = []byte{0} }},
		"longest":          {goodSend().with("ciphertext", base64Of(maxCiphertext)), func(r *wire.Request) { r.Ciphertext = sample(maxCiphertext) }},
		"nonce":            {goodSend().with("nonce", `"0123456789abcdefABCDEF"`), func(r *wire.Request) { r.Nonce = nonce(t, "0123456789abcdefABCDEF") }},
		"nonce null":       {goodSend().with("nonce", "null"), func(*wire.Request) {}},
		"replaces null":    {goodSend().with("replaces", "null"), func(r *wire.Request) { r.Replaces.Set = true }},
		"replaces": {
			goodSend().with("replaces", quoted(messageHex)),
			func(r *wire.Request) { r.Replaces = wire.Replaces{Set: true, Message: true, ID: id} },
		},
		"replaces_iv": {
			goodSend().with("replaces", quoted(messageHex)).with("replaces_iv", quoted(ivText)),
			func(r *wire.Request) {
				r.Replaces = wire.Replaces{Set: true, Message: true, ID: id, HasIV: true, IV: ivBytes}
			},
		},
		"replaces_iv alone": {
			goodSend().with("replaces_iv", quoted(ivText)),
			func(r *wire.Request) { r.Replaces = wire.Replaces{HasIV: true, IV: ivBytes} },
		},
		"replaces_iv null": {goodSend().with("replaces_iv", "null"), func(*wire.Request) {}},
		"replaces no id": {
			goodSend().with("replaces", `"that one"`),
			func(r *wire.Request) { r.Replaces = wire.Replaces{Set: true, Message: true} },
		},
		"fields of others": {goodSend().with("message_id", "1").with("otp_hash", "2").with("sender_hash", "3"), func(*wire.Request) {}},
	} {
		want := wire.Request{Event: wire.EventSend, Ref: wire.NewRef("1"), Ciphertext: ciphertextBytes, IV: ivBytes}
		tc.want(&want)
		got := decodeData(t, "send_message", tc.data.String())
		if fields := different(&got, &want); fields != nil {
			t.Errorf("%s: different in %v; fault is %q", name, fields, got.Fault)
		}
	}
}

// sample returns bytes no two of which next to each other are the same.
func sample(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i * 151)
	}
	return b
}

func base64Of(size int) string { return quoted(base64.StdEncoding.EncodeToString(sample(size))) }

// badBase64 is what an encoder never writes.
var badBase64 = map[string]string{
	"absent": "", "null": "null",
	"one digit": `"A"`, "two digits": `"AA"`, "three digits": `"AAA"`, "five digits": `"AAAAA"`,
	"no padding": `"c2VhbGU"`, "padding short": `"AA="`, "padding long": `"AAA=="`, "padding alone": `"===="`,
	"padding of three": `"A==="`, "padding of a whole": `"AAAA===="`, "padding inside": `"AA==AAAA"`,
	"padding, then a digit": `"AA=A"`, "bits behind two": `"AB=="`, "bits behind three": `"AAB="`,
	"last bit behind two": `"AI=="`, "last bit behind three": `"AAC="`,
	"URL digits": `"-_-_"`, "a space": `"AA A"`, "a newline": `"AAAA\n"`, "a return": `"AAAA\r"`,
	"a newline inside": `"AA\nAA"`, "four newlines": `"\n\n\n\n"`, "newlines to fit": `"AAAA\r\n\r\n"`,
	"a tab": `"AAA\t"`, "NUL": `"AAA\u0000"`, "not ASCII": `"AAé"`, "a foreign digit": `"AA*A"`, "a dot": `"AAA."`,
}

func TestSealedFaults(t *testing.T) {
	t.Parallel()
	wrong := merged(badBase64, notStrings)
	wrongIV := merged(wrong, map[string]string{
		"empty": `""`, "11 bytes": base64Of(11), "13 bytes": base64Of(13), "16 bytes": base64Of(16), "9 bytes": base64Of(9),
	})
	for _, event := range []string{"send_message", "edit_message"} {
		for field, values := range map[string]map[string]string{"ciphertext": wrong, "iv": wrongIV} {
			for name, raw := range values {
				if got := decodeData(t, event, goodSend().with(field, raw).String()); got.Fault != wire.ReasonInvalidEncoding {
					t.Errorf("%s of %s, %s: fault is %q", field, event, name, got.Fault)
				}
			}
		}
	}
}

func TestSendFaults(t *testing.T) {
	t.Parallel()
	tooLong := goodSend().with("ciphertext", base64Of(maxCiphertext+1))
	for name, tc := range map[string]struct {
		data object
		want wire.Reason
	}{
		"too large":                     {tooLong, wire.ReasonTooLarge},
		"too large, with all the rest":  {tooLong.with("nonce", quoted(senderHex)).with("replaces", "null"), wire.ReasonTooLarge},
		"encoding of the iv goes first": {tooLong.with("iv", "1"), wire.ReasonInvalidEncoding},
		"encoding of the nonce too":     {tooLong.with("nonce", `"x"`), wire.ReasonInvalidEncoding},
		"encoding of replaces too":      {tooLong.with("replaces", "1"), wire.ReasonInvalidEncoding},
		"encoding of replaces_iv too":   {tooLong.with("replaces_iv", base64Of(11)), wire.ReasonInvalidEncoding},
		"replaces_iv empty":             {goodSend().with("replaces_iv", `""`), wire.ReasonInvalidEncoding},
		"replaces_iv too long":          {goodSend().with("replaces_iv", base64Of(13)), wire.ReasonInvalidEncoding},
		"nonce empty":                   {goodSend().with("nonce", `""`), wire.ReasonInvalidEncoding},
		"nonce too short":               {goodSend().with("nonce", quoted(senderHex[:15])), wire.ReasonInvalidEncoding},
		"nonce too long":                {goodSend().with("nonce", quoted(senderHex+"0")), wire.ReasonInvalidEncoding},
		"nonce of other digits":         {goodSend().with("nonce", quoted(senderHex[1:]+"g")), wire.ReasonInvalidEncoding},
	} {
		if got := decodeData(t, "send_message", tc.data.String()); got.Fault != tc.want {
			t.Errorf("%s: fault is %q", name, got.Fault)
		}
	}
	for name, raw := range notStrings {
		for _, field := range []string{"nonce", "replaces", "replaces_iv"} {
			if got := decodeData(t, "send_message", goodSend().with(field, raw).String()); got.Fault != wire.ReasonInvalidEncoding {
				t.Errorf("%s as %s: fault is %q", name, field, got.Fault)
			}
		}
	}
	if got := decodeData(t, "edit_message", tooLong.String()); got.Fault != wire.ReasonTooLarge {
		t.Errorf("an edit too large: fault is %q", got.Fault)
	}
}

func TestHello(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		raw   string
		size  int
		fault wire.Reason
	}{
		"shortest":      {raw: `"AA=="`, size: 1},
		"longest":       {raw: base64Of(wire.MaxHello), size: wire.MaxHello},
		"empty":         {raw: `""`, fault: wire.ReasonInvalidEncoding},
		"one too long":  {raw: base64Of(wire.MaxHello + 1), fault: wire.ReasonTooLarge},
		"far too long":  {raw: base64Of(20_000), fault: wire.ReasonTooLarge},
		"long, garbage": {raw: quoted(strings.Repeat("-", 4000)), fault: wire.ReasonInvalidEncoding},
	} {
		got := decodeData(t, "hello", object{"hello": tc.raw}.String())
		if got.Fault != tc.fault || !bytes.Equal(got.Hello, sample(tc.size)) {
			t.Errorf("%s: fault %q, %d bytes", name, got.Fault, len(got.Hello))
		}
	}
	for name, raw := range merged(badBase64, notStrings) {
		if got := decodeData(t, "hello", object{"hello": raw}.String()); got.Fault != wire.ReasonInvalidEncoding || got.Hello != nil {
			t.Errorf("%s: fault is %q", name, got.Fault)
		}
	}
}

// The room answers an unknown message before anything that is wrong with the
// rest, so its id is read whatever else is.
func TestMessageID(t *testing.T) {
	t.Parallel()
	values := merged(notStrings, map[string]string{
		"absent": "", "null": "null", "empty": `""`, "no id": `"` + messageHex[1:] + `"`,
		"an id": quoted(messageHex), "in upper case": quoted(strings.ToUpper(messageHex)),
	})
	for name, raw := range values {
		var want wire.MessageID
		if strings.EqualFold(raw, quoted(messageHex)) {
			want = uuid[wire.MessageID](t, messageHex)
		}
		for event, data := range map[string]object{
			"read_receipt": {}, "delete_message": {}, "edit_message": goodSend(),
		} {
			got := decodeData(t, event, data.with("message_id", raw).String())
			if got.MessageID != want || got.Fault != "" {
				t.Errorf("%s: %s: right id %v, fault %q", name, event, got.MessageID == want, got.Fault)
			}
		}
		got := decodeData(t, "edit_message", object{"message_id": raw}.String())
		if got.MessageID != want || got.Fault != wire.ReasonInvalidEncoding {
			t.Errorf("%s: a bad edit: right id %v, fault %q", name, got.MessageID == want, got.Fault)
		}
	}
	got := decodeData(t, "edit_message", goodSend().String())
	if !bytes.Equal(got.Ciphertext, ciphertextBytes) || got.IV != ivBytes {
		t.Error("an edit without its ciphertext")
	}
}
