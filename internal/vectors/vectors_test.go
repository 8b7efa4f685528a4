package vectors_test

import (
	"os"
	"strings"
	"testing"

	"sotto/internal/vectors"
)

func TestStd1(t *testing.T) {
	got := vectors.Std1()
	if len(got) != 3 {
		t.Fatalf("%d vectors, want 3", len(got))
	}
	messages := 0
	for _, v := range got {
		messages += len(v.Messages)
	}
	if messages != 6 {
		t.Errorf("%d messages, want 6", messages)
	}
}

// Each case changes the good file in one place.
func TestReadRefuses(t *testing.T) {
	text, err := os.ReadFile("std1.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, new, want string }{
		"unknown key":           {`"pin": "1234"`, `"pin": "1234", "pan": ""`, `unknown field "pan"`},
		"unknown key in nested": {`"plaintext": "hello"`, `"plaintext": "hello", "aad": ""`, `unknown field "aad"`},
		"unknown key on top":    {`"vectors": [`, `"version": 1, "vectors": [`, `unknown field "version"`},
		"duplicate key":         {`"pin": "1234"`, `"pin": "1234", "pin": "1234"`, ".vectors[0].pin is there twice"},
		"duplicate in nested":   {`"plaintext": "hello"`, `"plaintext": "hello", "plaintext": "hello"`, ".vectors[0].messages[0].plaintext is there twice"},
		"other letters":         {`"pin": "1234"`, `"PIN": "1234"`, ".vectors[0].PIN is not lower-case"},
		"missing value":         {`"pin": "1234",`, ``, "pin is missing"},
		"short hash":            {`"otp_hash": "0`, `"otp_hash": "`, "otp_hash is missing or of the wrong length"},
		"wrong type":            {`"pin": "1234"`, `"pin": 1234`, "cannot unmarshal number"},
		"not base64":            {`"iv": "/FJL`, `"iv": "_FJL`, "illegal base64"},
		"short iv":              {`"iv": "/FJL`, `"iv": "`, "iv or ciphertext of the wrong length"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(string(text), test.old, test.new, 1)
			if bad == string(text) {
				t.Fatal("the file has no such place")
			}
			if _, err := vectors.Read(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	for name, bad := range map[string]string{
		"trailing data": string(text) + "{}",
		"cut off":       string(text[:len(text)-3]),
		"empty":         "",
		"no vectors":    `{"description": "x", "vectors": []}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := vectors.Read(strings.NewReader(bad)); err == nil {
				t.Error("no error")
			}
		})
	}
}
