package dumpattack

import (
	"encoding/hex"
	"testing"

	"sotto/internal/vectors"
)

func TestDerivations(t *testing.T) {
	for _, v := range vectors.Std1() {
		number := []byte(v.Normalised)
		room, access := std1Room(number), std1Access(number, []byte(v.PIN))
		sender := std1Sender(number, &access, &room)
		for name, got := range map[string]struct {
			bytes []byte
			want  string
		}{
			"room":   {room[:], v.RoomHash},
			"access": {access[:], v.AccessHash},
			"sender": {sender[:], v.SenderHash},
			"key":    {std1Key(number, v.RoomID), v.EncKey},
		} {
			if hex.EncodeToString(got.bytes) != got.want {
				t.Errorf("%s: %s is %x; want %s", v.Phone, name, got.bytes, got.want)
			}
		}
	}
}

// A hash is found wherever it stands, and only a whole one.
func TestHas(t *testing.T) {
	room, other := std1Room([]byte("1")), std1Room([]byte("2"))
	for at := range 9 {
		memory := make([]byte, 64)
		copy(memory[at:], room[:])
		d := New([]Region{{Bytes: memory}})
		if !d.Has(&room) {
			t.Errorf("not found at %d", at)
		}
		if d.Has(&other) {
			t.Error("found another")
		}
		memory = memory[:at+31]
		if New([]Region{{Bytes: memory}}).Has(&room) {
			t.Errorf("found though cut off, at %d", at)
		}
	}
}
