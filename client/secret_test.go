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
	for name, value := range map[string]any{
		"Identity": alice, "PairingCode": client.NewPairingCode(), "Key": testKey, "Sealed": testKey.Seal(nil),
		"Message": client.Message{Text: "canary"}, "Voice": &client.Voice{MediaType: "canary"}, "Session": &client.Session{},
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
