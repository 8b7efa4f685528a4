package roomactor

import (
	"reflect"
	"testing"
	"time"

	"sotto/lockout"
	"sotto/wire"
)

// PROTOCOL.md, TTL: exact, whatever happens first at or after it.
func TestTTL(t *testing.T) {
	unpairedEnd := `a room_expired
	                a closed 1000
	                = over unpaired_ttl`
	end := `a room_expired
	        b room_expired
	        a closed 1000
	        b closed 1000
	        = over ttl`
	checkRules(t, map[string]rule{
		"unpaired, one tick before": {
			given: all(created, wait(day-tick)), when: join("a2", "alice"),
			want: `a2 joined r1 until 24h0m0s token t2 awaiting
			       = entered`,
		},
		"unpaired, one tick before, the timer": {given: all(created, wait(day-tick)), when: timer},
		"unpaired, at it":                      {given: all(created, wait(day)), when: timer, want: unpairedEnd},
		"unpaired, after it":                   {given: all(created, wait(day+tick)), when: timer, want: unpairedEnd},
		"unpaired, with no one there":          {given: all(created, leave("a"), wait(day)), when: timer, want: `= over unpaired_ttl`},
		"a join at it is not looked at":        {given: all(created, wait(day)), when: join("b", "bob"), want: unpairedEnd},
		"a send at it is not looked at":        {given: all(created, wait(day)), when: send("a", "hi"), want: unpairedEnd},
		"a leave at it is not looked at":       {given: all(created, wait(day)), when: leave("a"), want: unpairedEnd},
		"an expiry at it is not looked at":     {given: all(created, wait(day)), when: expire("a"), want: unpairedEnd},
		"a claim one tick before makes it seven days from creation": {
			given: all(created, wait(day-tick)), when: join("b", "bob"),
			want: `b joined r1 until 168h0m0s token t2
			       a party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       = claimed`,
		},
		"paired, at the old end":     {given: all(paired, wait(day)), when: timer},
		"paired, one tick before":    {given: all(paired, wait(7*day-tick)), when: timer},
		"paired, at it":              {given: all(paired, wait(7*day)), when: timer, want: end},
		"paired, after it":           {given: all(paired, wait(70*day)), when: read("b", "m1"), want: end},
		"a message extends nothing":  {given: all(paired, wait(6*day), send("a", "hi"), wait(day)), when: timer, want: end},
		"a rejoin extends nothing":   {given: all(paired, wait(6*day), join("a", "alice"), wait(day)), when: timer, want: end},
		"a late claim gains nothing": {given: all(created, wait(23*time.Hour), join("b", "bob"), wait(6*day+time.Hour)), when: timer, want: end},
		"reset_pairing extends nothing": {
			given: all(created, wait(23*time.Hour), resetPairing("a", "code"), wait(time.Hour)), when: timer, want: unpairedEnd,
		},
	})
}

// Stamps follow the clock when it is set; the room's own time does not.
func TestClockIsSet(t *testing.T) {
	set := setClock(-time.Hour)
	checkRules(t, map[string]rule{
		"inserted_at": {
			given: all(paired, set), when: send("a", "hi"),
			want: `a new_message m1 alice "hi" -1h0m0s
			       b new_message m1 alice "hi" -1h0m0s
			       a ok m1
			       = send_message`,
		},
		"read_at": {
			given: all(oneMessage, set), when: read("b", "m1"),
			want: `a message_read m1 -59m59s
			       b message_read m1 -59m59s
			       = read_receipt`,
		},
		"ttl_expires_at": {
			given: all(created, set), when: join("b", "bob"),
			want: `b joined r1 until 167h0m0s token t2
			       a party_paired until 167h0m0s
			       a ttl_extended until 167h0m0s
			       = claimed`,
		},
		"the room ends by its own time": {
			given: all(created, set, wait(day)), when: timer,
			want: `a room_expired
			       a closed 1000
			       = over unpaired_ttl`,
		},
		"and no sooner": {given: all(created, setClock(30*day), wait(day-tick)), when: timer},
		"the lock lasts as long": {
			given: all(locked, setClock(time.Hour)), when: wrong,
			want: `x error locked retry 30m0s
			       = refused locked lock refused`,
		},
	})
}

// PROTOCOL.md, expire_room.
func TestExpire(t *testing.T) {
	checkRules(t, map[string]rule{
		"ok, then everyone is told, then closed": {
			given: all(oneMessage, join("b2", "bob")), when: expire("b"),
			want: `b ok
			       a room_expired
			       b room_expired
			       b2 room_expired
			       a closed 1000
			       b closed 1000
			       b2 closed 1000
			       = expire_room over expire_room`,
		},
		"without a ref": {
			given: created, when: expire("a", noRef),
			want: `a room_expired
			       a closed 1000
			       = expire_room over expire_room`,
		},
		"data that is no object": {
			given: created, when: expire("a", fault(wire.ReasonInvalidEncoding)), want: `a error invalid_encoding`,
		},
	})
}

func TestStop(t *testing.T) {
	checkRules(t, map[string]rule{
		"everyone is closed, and told by the code alone": {
			given: all(oneMessage, join("b2", "bob")), when: stop,
			want: `a closed 1012
			       b closed 1012
			       b2 closed 1012
			       = over shutdown`,
		},
		"at the end of its time too": {
			given: all(created, wait(day)), when: stop,
			want: `a closed 1012
			       = over shutdown`,
		},
	})
}

// After its end a room knows nothing.
func TestForget(t *testing.T) {
	s := newStage(t)
	all(join("a", "alice", gate("code")), join("x", "eve"), send("a", "hi", nonce(1)))(s)
	s.state.forget()
	if !reflect.ValueOf(*s.state).IsZero() {
		t.Error("the room still knows something")
	}
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

// Resume tokens are overwritten where they lay.
func TestForgetOverwritesTokens(t *testing.T) {
	s := newStage(t)
	all(join("a", "alice"), join("b", "bob"), join("a2", "alice"))(s)
	seats := s.state.seats // copies that share the arrays of tokens
	tokenOf := hashed[lockout.Token]
	if !seats[0].tokens.Has(new(tokenOf("t1"))) || !seats[1].tokens.Has(new(tokenOf("t2"))) || !seats[0].tokens.Has(new(tokenOf("t3"))) {
		t.Fatal("the room does not hold the tokens")
	}
	s.state.forget()
	for name, seat := range map[string]int{"t1": 0, "t2": 1, "t3": 0} {
		if seats[seat].tokens.Has(new(tokenOf(name))) {
			t.Errorf("%s is left", name)
		}
	}
}

// PROTOCOL.md, restart: who asked for it is told how long the relay stays, then
// and with every join.
func TestRestarting(t *testing.T) {
	couple := all(join("a", "alice", ext), join("b", "bob"))
	checkRules(t, map[string]rule{
		"told to those who asked": {given: couple, when: drainIn(time.Minute), want: `a restarting in 1m0s`},
		"told with a join, with what is left": {
			given: all(couple, drainIn(time.Minute), wait(20*time.Second)), when: join("a", "alice", ext),
			want: `a joined r1 until 168h0m0s token t3 as alice
			       a presence true
			       a restarting in 40s
			       = entered`,
		},
		"a std-1 member is not told": {
			given: all(couple, drainIn(time.Minute)), when: join("b", "bob"),
			want: `b joined r1 until 168h0m0s token t3
			       = entered`,
		},
		"a seat can still be taken": {
			given: all(created, drainIn(time.Minute)), when: join("b", "bob"),
			want: `b joined r1 until 168h0m0s token t2
			       a party_paired until 168h0m0s
			       a ttl_extended until 168h0m0s
			       = claimed`,
		},
		"late": {given: all(couple, drainIn(time.Minute), wait(time.Hour)), when: drainIn(-1), want: `a restarting in 0s`},
	})
}
