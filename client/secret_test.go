package client_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sotto/client"
)

func TestSecretsPrintRedacted(t *testing.T) {
	t.Parallel()
	const number, pin = "447700900123", "83461"
	id, err := client.Derive(number, pin)
	if err != nil {
		t.Fatal(err)
	}
	code := client.NewPairingCode()
	key := client.NewKey([]byte(strings.Repeat("k", 32)))
	sealed := key.Seal([]byte("canary"))
	for name, value := range map[string]any{
		"Identity": id, "*Identity": &id,
		"PairingCode": code, "*PairingCode": &code,
		"Key": *key, "*Key": key,
		"Sealed": sealed, "*Sealed": &sealed,
	} {
		prints := []string{fmt.Sprint(value), value.(fmt.Stringer).String(), value.(fmt.GoStringer).GoString()}
		for _, verb := range "vbcdoOqxXUeEfFgGst" {
			for _, flag := range []string{"", "+", "#", "080"} {
				prints = append(prints, fmt.Sprintf("%"+flag+string(verb), value))
			}
		}
		marshalled, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, got := range append(prints, strings.Trim(string(marshalled), `"`)) {
			if got != "[redacted]" {
				t.Errorf("%s prints as %s", name, got)
			}
		}
		inside := fmt.Sprintf("%v %+v", struct{ Value any }{value}, []any{value})
		for _, secret := range []string{number, pin, code.Reveal()[:4], "canary", id.Access().Reveal()} {
			if strings.Contains(inside, secret) {
				t.Errorf("%s inside a struct prints %s", name, inside)
			}
		}
	}
}
