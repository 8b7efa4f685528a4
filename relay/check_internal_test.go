package relay

import (
	"errors"
	"strings"
	"testing"
)

// Check finds books that disagree.
func TestCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(rl *Relay)
		want  string
	}{
		"nothing":             {func(*Relay) {}, ""},
		"a place never freed": {func(rl *Relay) { rl.reserved++ }, "1 sockets reserved, 0 in the map"},
		"a place freed twice": {func(rl *Relay) { rl.reserved-- }, "-1 sockets reserved, 0 in the map"},
		"a buffer never back": {func(rl *Relay) { rl.buffers.Get(1) }, "1 buffers out with 0 sockets"},
	} {
		t.Run(name, func(t *testing.T) {
			rl, err := New(Config{})
			if err != nil {
				t.Fatal(err)
			}
			tt.spoil(rl)
			err = rl.Check()
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrInconsistent) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Check = %v; want %q", err, tt.want)
			}
		})
	}
}
