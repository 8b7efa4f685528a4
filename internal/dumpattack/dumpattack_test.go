package dumpattack

import (
	"crypto/sha256"
	"testing"
)

// A hash is found wherever it stands, and only a whole one.
func TestHas(t *testing.T) {
	room, other := sha256.Sum256([]byte("1")), sha256.Sum256([]byte("2"))
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
