package relay_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sotto/wire"
)

// waiting is a member in whose Deliver its room waits.
type waiting struct{ goOn chan struct{} }

func (s *waiting) Deliver(wire.Event, *wire.Buffer) bool { <-s.goOn; return true }
func (*waiting) Flush()                                  {}
func (*waiting) Close(wire.CloseCode)                    {}

// Stack dumps, of the runtime as of pprof, show no hash of a room that is being
// joined, that is stuck or that joins wait for, and no address.
func TestNoSecretInStackDumps(t *testing.T) {
	room := hashCanary("room hash", "room")
	from := netip.MustParseAddr("203.0.113.213")
	address := from.As16()
	canaries := []canary{
		room, hashCanary("held room's hash", "held"), hashCanary("access hash", "ann's access"),
		hashCanary("sender hash", "ann's sender"),
		{"address", address[:], from.String()},
	}
	var dumps string
	inWorld(t, unlimited, func(t *testing.T, w *world) {
		s := &waiting{make(chan struct{})}
		go func() {
			req := &wire.Request{Event: wire.EventJoin, Ref: wire.NewRef("1"), Join: wire.Join{Access: wire.AccessHash(room.raw)}}
			_, _ = w.relay.Rooms().Join(t.Context(), new(wire.RoomHash(room.raw)), s, req, 0)
		}()
		for range 20 { // more than the room's mailbox holds
			c := w.dialWith("room", dialOptions{from: from})
			c.post("join", ann.joining())
		}
		time.Sleep(time.Second) // the floor of these joins, but not of the next
		w.dialWith("held", dialOptions{from: from}).post("join", ann.joining())
		synctest.Wait()
		all := make([]byte, 4<<20)
		dumps = string(all[:runtime.Stack(all, true)])
		var profile bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&profile, 2); err != nil {
			t.Fatal(err)
		}
		dumps += profile.String()
		close(s.goOn)
	})
	if n := strings.Count(dumps, "roomactor.(*Supervisor).Join("); n < 40 {
		t.Errorf("only %d joins are in the dumps: the test is not what it says", n)
	}
	for _, found := range dumpTraces(dumps, canaries) {
		t.Errorf("there is the %s", found)
	}
}

// dumpTraces returns the canaries that show in a dump, as the arguments of a
// function do: bytes of an array one by one, or words.
func dumpTraces(dump string, canaries []canary) (found []string) {
	for _, c := range canaries {
		for i := range len(c.raw) - 2 {
			if c.raw[i] == 0 && c.raw[i+1] == 0 {
				continue // of an address
			}
			forms := []string{fmt.Sprintf("%#x, %#x, %#x", c.raw[i], c.raw[i+1], c.raw[i+2])}
			if i+8 <= len(c.raw) {
				forms = append(forms, fmt.Sprintf("%#x", binary.LittleEndian.Uint64(c.raw[i:])), fmt.Sprintf("%#x", binary.BigEndian.Uint64(c.raw[i:])))
			}
			for _, form := range forms {
				if strings.Contains(dump, form) {
					found = append(found, fmt.Sprintf("%s: %q", c.what, form))
				}
			}
		}
	}
	return found
}
