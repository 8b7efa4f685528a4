package main

import (
	"encoding/base64"
	"os"
	"slices"
	"testing"

	"sotto/blind"
	"sotto/client"
	"sotto/internal/dumpattack"
	"sotto/internal/vectors"
)

// Who has a copy of the relay's memory, and knows nothing else than how a
// country numbers its telephones, has number, PIN and text of a room of std-1, and
// nothing of one of sotto-2, though that is in the copy.
func TestDumpAttack(t *testing.T) {
	var args []string
	if os.Geteuid() != 0 {
		args = []string{"--sandbox", "off"}
	}
	c := startChild(t, nil, args...)
	std1 := vectors.Std1()[0]
	const text = "the text of a short number"
	id, err := client.Derive(std1.Phone, std1.PIN)
	if err != nil {
		t.Fatal(err)
	}
	s := c.open(t, std1.RoomHash)
	s.ask("join", map[string]any{"sender_hash": std1.SenderHash, "access_hash": std1.AccessHash})
	message := id.Key().Seal([]byte(text))
	s.ask("send_message", map[string]any{
		"ciphertext": base64.StdEncoding.EncodeToString(message.Ciphertext),
		"iv":         base64.StdEncoding.EncodeToString(message.IV[:]),
	})

	root := blind.NewRootKey(known().root)
	a, b := c.meet(t, root, "581930", "904417")
	a.says(b, false, "the text of a private number")

	memory := dumpattack.Dump(readMemory(t, c.PID()))
	rooms := memory.OpenStd1(dumpattack.Plan{Prefix: "2547334", Digits: 5}) // a part of a Kenyan network
	if len(rooms) != 1 || rooms[0].Number != std1.Normalised ||
		!slices.Equal(rooms[0].PINs, []string{std1.PIN}) || !slices.Equal(rooms[0].Texts, []string{text}) {
		t.Errorf("opened %+v", rooms)
	}
	if room := [32]byte(root.Room()); !memory.Has(room) {
		t.Error("the room of sotto-2 is not in the copy: this shows nothing")
	}
}
