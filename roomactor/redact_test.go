package roomactor_test

import (
	"fmt"
	"strings"
	"testing"

	"sotto/roomactor"
)

// Whatever is printed of rooms, nothing that a client sent is in it.
func TestRoomsPrintRedacted(t *testing.T) {
	const canary = "CANARY-ROOM-HASH"
	h := newHouse(t, roomactor.Config{})
	room := h.join(t, canary, newPeer(), as("CANARY-ACCESS"))
	result := roomactor.JoinResult{Room: room, Kind: roomactor.JoinCreated}
	for name, v := range map[string]any{
		"a room": room, "a supervisor": h.Supervisor, "a result": result, "its address": &result,
		"in a slice": []any{room, h.Supervisor}, "in a map": map[*roomactor.Room]bool{room: true},
	} {
		for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %b %o %c %U %e %t") {
			got := fmt.Sprintf(verb, v)
			for _, leak := range []string{"CANARY", "67 65 78", "43414e", "43414E", "0x43", "1000011"} {
				if strings.Contains(got, leak) {
					t.Errorf("%s through %s shows %q", name, verb, leak)
				}
			}
		}
	}
}
