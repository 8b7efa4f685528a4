package roomactor

import (
	"testing"
	"time"

	"sotto/wire"
)

// PROTOCOL.md, TTL: exact, whatever happens first at or after it.
func TestTTL(t *testing.T) {
	unpairedEnd := `a room_expired | a closed 1000 | = over unpaired_ttl`
	end := `a room_expired | b room_expired | a closed 1000 | b closed 1000 | = over ttl`
	checkRules(t,
		is("unpaired, one tick before", all(created, wait(day-tick)), join("a2", "alice"), `a2 joined r1 until 1d token t2 awaiting | = entered`),
		is("unpaired, one tick before, the timer", all(created, wait(day-tick)), timer, ""),
		is("unpaired, at it", all(created, wait(day)), timer, unpairedEnd),
		is("unpaired, with no one there", all(created, leave("a"), wait(day)), timer, `= over unpaired_ttl`),
		is("a join at it is not looked at", all(created, wait(day)), join("b", "bob"), unpairedEnd),
		is("a send at it is not looked at", all(created, wait(day)), send("a", "hi"), unpairedEnd),
		is("an expiry at it is not looked at", all(created, wait(day)), expire("a"), unpairedEnd),
		is("a claim one tick before makes it seven days from creation", all(created, wait(day-tick)), join("b", "bob"),
			`b joined r1 until 7d token t2 | a party_paired 7d | a ttl_extended 7d | = claimed`),
		is("paired, at the old end", all(paired, wait(day)), timer, ""),
		is("paired, one tick before", all(paired, wait(7*day-tick)), timer, ""),
		is("paired, at it", all(paired, wait(7*day)), timer, end),
		is("a message extends nothing", all(paired, wait(6*day), send("a", "hi"), wait(day)), timer, end),
		is("reset_pairing extends nothing", all(created, wait(23*time.Hour), resetPairing("a", "code"), wait(time.Hour)), timer,
			unpairedEnd),
	)
}

// Stamps follow the clock when it is set; the room's own time does not.
func TestClockIsSet(t *testing.T) {
	set := setClock(-time.Hour)
	checkRules(t,
		is("read_at", all(oneMessage, set), read("b", "m1"), `a message_read m1 -59m59s | b message_read m1 -59m59s | = read_receipt`),
		is("ttl_expires_at", all(created, set), join("b", "bob"),
			`b joined r1 until 167h0m0s token t2 | a party_paired 167h0m0s | a ttl_extended 167h0m0s | = claimed`),
		is("the room ends by its own time", all(created, set, wait(day)), timer, `a room_expired | a closed 1000 | = over unpaired_ttl`),
		is("and no sooner", all(created, setClock(30*day), wait(day-tick)), timer, ""),
		is("the lock lasts as long", all(locked, setClock(time.Hour)), wrong, `x error locked retry 30m0s | = refused locked lock refused`),
	)
}

// PROTOCOL.md, expire_room.
func TestExpire(t *testing.T) {
	checkRules(t,
		is("ok, then everyone is told, then closed", all(oneMessage, join("b2", "bob")), expire("b"),
			`b ok | a room_expired | b room_expired | b2 room_expired | a closed 1000 | b closed 1000 | b2 closed 1000 | = expire_room over expire_room`),
		is("data that is no object", created, expire("a", fault(wire.ReasonInvalidEncoding)), `a error invalid_encoding`),
	)
}

func TestStop(t *testing.T) {
	checkRules(t,
		is("everyone is closed, and told by the code alone", all(oneMessage, join("b2", "bob")), stop,
			`a closed 1012 | b closed 1012 | b2 closed 1012 | = over shutdown`),
		is("at the end of its time too", all(created, wait(day)), stop, `a closed 1012 | = over shutdown`),
	)
}

func TestConfigTTL(t *testing.T) {
	tests := map[string]struct{ room, unpaired, wantRoom, wantUnpaired time.Duration }{
		"defaults":                    {0, 0, 7 * day, day},
		"own":                         {2 * day, time.Hour, 2 * day, time.Hour},
		"unpaired is never longer":    {time.Hour, 0, time.Hour, time.Hour},
		"unpaired given, but longer":  {time.Hour, 2 * time.Hour, time.Hour, time.Hour},
		"a longer room, same default": {30 * day, 0, 30 * day, day},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Config{RoomTTL: tt.room, UnpairedTTL: tt.unpaired, Buffers: wire.NewBuffers(0)}.withDefaults()
			if got.RoomTTL != tt.wantRoom || got.UnpairedTTL != tt.wantUnpaired {
				t.Errorf("TTL %v, unpaired %v; want %v, %v", got.RoomTTL, got.UnpairedTTL, tt.wantRoom, tt.wantUnpaired)
			}
		})
	}
}

// PROTOCOL.md, restart: who asked for it is told how long the relay stays, then
// and with every join.
func TestRestarting(t *testing.T) {
	couple := all(join("a", "alice", ext), join("b", "bob"))
	checkRules(t,
		is("told to those who asked", couple, drainIn(time.Minute), `a restarting in 1m0s`),
		is("told with a join, with what is left", all(couple, drainIn(time.Minute), wait(20*time.Second)), join("a", "alice", ext),
			`a joined r1 until 7d token t3 as alice | a presence true | a restarting in 40s | = entered`),
		is("a std-1 member is not told", all(couple, drainIn(time.Minute)), join("b", "bob"), `b joined r1 until 7d token t3 | = entered`),
		is("a seat can still be taken", all(created, drainIn(time.Minute)), join("b", "bob"),
			`b joined r1 until 7d token t2 | a party_paired 7d | a ttl_extended 7d | = claimed`),
	)
}
