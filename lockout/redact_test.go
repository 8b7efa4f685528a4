package lockout_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sotto/lockout"
)

func TestTokenPrintsRedacted(t *testing.T) {
	tok := lockout.Token{0: 0xca, 1: 0xfe, 31: 0xba}
	for _, v := range []any{tok, &tok, struct{ T lockout.Token }{tok}, map[string]lockout.Token{"k": tok}, []lockout.Token{tok}} {
		for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %b %o %O %c %U %e %t") {
			got := fmt.Sprintf(verb, v)
			for _, leak := range []string{"202", "cafe", "CAFE", "ca fe", "0xca", "11001010", "312", "Ê"} {
				if strings.Contains(got, leak) {
					t.Errorf("%T through %s shows %q", v, verb, got)
				}
			}
		}
		text, err := json.Marshal(v)
		if err != nil || !strings.Contains(string(text), "[redacted]") {
			t.Errorf("%T as JSON is %s, %v", v, text, err)
		}
	}
}
