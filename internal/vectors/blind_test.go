package vectors

import (
	"bytes"
	"strings"
	"testing"
)

// Each case changes the good file in one place.
func TestReadBlindRefuses(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"unknown key":      {`"pin":`, `"pan": "", "pin":`, `unknown field "pan"`},
		"unknown in seeds": {`"hb":`, `"hc": "00", "hb":`, `unknown field "hc"`},
		"unknown below":    {`"from":`, `"form": "", "from":`, `unknown field "form"`},
		"missing value":    {`"pin":`, `"check":`, "is there twice"},
		"missing bytes":    {`"sha256": "`, `"sha256": "00`, "message 0: a value is missing"},
		"not hex":          {`"hello_b": "0`, `"hello_b": "x`, "invalid byte"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := bytes.Replace(blind, []byte(test.old), []byte(test.new), 1)
			if bytes.Equal(bad, blind) {
				t.Fatal("the file has no such place")
			}
			if _, err := readBlind(bad); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if v := ReadBlind(); len(v.Messages) != 5 {
		t.Errorf("%d messages, want 5", len(v.Messages))
	}
}
