package link

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	phoneEnd = netip.MustParseAddrPort("198.18.0.1:40000")
	relayEnd = netip.MustParseAddrPort("198.19.0.1:20000")
)

// packet makes a TCP packet of so many bytes in all.
func packet(from, to netip.AddrPort, flags byte, seq uint32, size int) []byte {
	p := make([]byte, size)
	src, dst := from.Addr().As4(), to.Addr().As4()
	p[0], p[9] = 0x45, protocolTCP
	binary.BigEndian.PutUint16(p[2:], uint16(size))
	copy(p[12:], src[:])
	copy(p[16:], dst[:])
	binary.BigEndian.PutUint16(p[20:], from.Port())
	binary.BigEndian.PutUint16(p[22:], to.Port())
	binary.BigEndian.PutUint32(p[24:], seq)
	binary.BigEndian.PutUint32(p[28:], 7)
	p[32], p[33] = 5<<4, flags
	return p
}

const flagACK = 0x10

type arrival struct {
	after time.Duration
	p     []byte
}

// wire is a route in a bubble.
type wire struct {
	t                *testing.T
	route            *Route
	begun            time.Time
	toRelay, toPhone []arrival
	severed          atomic.Int32
}

func onWire(t *testing.T, p Params, f func(w *wire)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := NewNet(nil)
		defer n.Close()
		w := &wire{t: t, begun: time.Now()}
		w.route = n.Route(p, 1,
			func(p []byte) { w.toRelay = append(w.toRelay, arrival{time.Since(w.begun), p}) },
			func(p []byte) { w.toPhone = append(w.toPhone, arrival{time.Since(w.begun), p}) },
			nil, func() { w.severed.Add(1) })
		f(w)
	})
}

// up and down send a packet; the others wait until nothing is under way.
func (w *wire) up(from netip.AddrPort, flags byte, size int) {
	p := packet(from, relayEnd, flags, 1, size)
	h, _ := ParseHeaders(p)
	w.route.FromPhone(h, p)
}

func (w *wire) down(to netip.AddrPort, seq uint32, size int) {
	p := packet(relayEnd, to, flagACK, seq, size)
	h, _ := ParseHeaders(p)
	w.route.FromRelay(h, p)
}

func (w *wire) settle() (toRelay, toPhone []arrival) {
	time.Sleep(time.Minute)
	synctest.Wait()
	toRelay, toPhone = w.toRelay, w.toPhone
	w.toRelay, w.toPhone, w.begun = nil, nil, time.Now()
	return toRelay, toPhone
}

func TestRouteHasRateAndDelay(t *testing.T) {
	onWire(t, Params{Up: 80_000, Down: 160_000, RTT: 100 * ms}, func(w *wire) {
		w.up(phoneEnd, flagSYN, 40)
		w.settle()
		for range 3 {
			w.up(phoneEnd, flagACK, 1000)
			w.down(phoneEnd, 1, 1000)
		}
		up, down := w.settle()
		if len(up) != 3 || len(down) != 3 {
			t.Fatalf("%d of 3 up, %d of 3 down", len(up), len(down))
		}
		for i := range 3 {
			within(t, "a packet up", up[i].after, time.Duration(i+1)*100*ms+50*ms, 0)
			within(t, "a packet down", down[i].after, time.Duration(i+1)*50*ms+50*ms, 0)
		}
		if s := w.route.Stats(); s.UpBytes != 3040 || s.DownBytes != 3000 {
			t.Errorf("%+v", s)
		}
	})
}

// Jitter delays packets, but they stay in order.
func TestRouteKeepsOrder(t *testing.T) {
	onWire(t, Params{RTT: 100 * ms, Jitter: 50 * ms}, func(w *wire) {
		w.up(phoneEnd, flagSYN, 40)
		w.settle()
		for i := range 100 {
			w.up(phoneEnd, flagACK, 100+i)
			time.Sleep(ms)
		}
		up, _ := w.settle()
		var last time.Duration
		for i, a := range up {
			if len(a.p) != 100+i || a.after < last || a.after < 50*ms {
				t.Fatalf("packet %d has %d bytes, after %v, the one before after %v", i, len(a.p), a.after, last)
			}
			last = a.after
		}
		if len(up) != 100 {
			t.Errorf("%d of 100 arrived", len(up))
		}
	})
}

// What a queue has no room for is dropped, from its end.
func TestRouteDropsFromTheTail(t *testing.T) {
	const size = 1000
	onWire(t, Params{Up: 80_000}, func(w *wire) {
		w.up(phoneEnd, flagSYN, 40)
		w.settle()
		for range 2 * Queue / size {
			w.up(phoneEnd, flagACK, size)
		}
		up, _ := w.settle()
		if least := Queue / size; len(up) < least || len(up) > least+2 {
			t.Errorf("%d packets of %d came through a queue of %d bytes", len(up), size, Queue)
		}
		w.up(phoneEnd, flagACK, size)
		if up, _ := w.settle(); len(up) != 1 {
			t.Error("the queue stays full")
		}
	})
}

func TestRouteInAGap(t *testing.T) {
	onWire(t, Params{}, func(w *wire) {
		w.up(phoneEnd, flagSYN, 40)
		w.settle()
		w.route.Gap(time.Second, true)
		w.up(phoneEnd, flagACK, 100)
		w.down(phoneEnd, 1, 100)
		time.Sleep(999 * ms)
		if w.severed.Load() != 0 {
			t.Error("the gap cut connections before its end")
		}
		if up, down := w.settle(); len(up)+len(down) != 0 || w.severed.Load() != 1 {
			t.Errorf("%d up and %d down in a gap, which cut %d times", len(up), len(down), w.severed.Load())
		}
	})
}

// The NAT forgets what was silent, and either says so or does not.
func TestRouteForgets(t *testing.T) {
	for name, reset := range map[string]bool{"silent": false, "reset": true} {
		t.Run(name, func(t *testing.T) {
			onWire(t, Params{RTT: 100 * ms, NATIdle: 90 * time.Second, NATReset: reset}, func(w *wire) {
				w.up(phoneEnd, flagSYN, 40)
				w.settle()
				w.down(phoneEnd, 1, 100) // a minute later
				if _, down := w.settle(); len(down) != 1 {
					t.Fatal("forgotten too early")
				}
				time.Sleep(time.Minute)
				w.down(phoneEnd, 101, 100)
				w.settle()
				w.up(phoneEnd, flagACK, 100)
				up, down := w.settle()
				if len(up) != 0 || len(down) != map[bool]int{false: 0, true: 1}[reset] {
					t.Fatalf("%d up, %d down", len(up), len(down))
				}
				if reset {
					within(t, "the reset", down[0].after, 100*ms, 0)
					w.isReset(down[0].p, 7)
				}
				w.up(netip.AddrPortFrom(phoneEnd.Addr(), 40001), flagSYN, 40)
				if up, _ := w.settle(); len(up) != 1 {
					t.Error("a new connection does not pass")
				}
				w.route.ForgetNAT()
				w.down(netip.AddrPortFrom(phoneEnd.Addr(), 40001), 1, 100)
				if _, down := w.settle(); len(down) != 0 {
					t.Error("what was to be forgotten passes")
				}
			})
		})
	}
}

// isReset checks a packet that a NAT made.
func (w *wire) isReset(p []byte, seq uint32) {
	w.t.Helper()
	h, ok := ParseHeaders(p)
	if !ok || p[33]&flagRST == 0 || h.Src != relayEnd || h.Dst != phoneEnd || h.Seq != seq {
		w.t.Errorf("%v is no reset: %+v", p, h)
	}
	if checksum(0, p[:20]) != 0 || checksum(sum(0, p[12:20])+protocolTCP+tcpHeader, p[20:]) != 0 {
		w.t.Error("a checksum is wrong")
	}
}

// After a change of network nothing passes on the old connections, either way,
// and the relay does not hear of it.
func TestRouteCut(t *testing.T) {
	onWire(t, Params{RTT: 100 * ms, NATReset: true}, func(w *wire) {
		w.up(phoneEnd, flagSYN, 40)
		w.settle()
		w.up(phoneEnd, flagACK, 100) // under way
		w.down(phoneEnd, 1, 100)
		w.route.Cut()
		w.up(phoneEnd, flagRST, 40)
		w.down(phoneEnd, 101, 100)
		if up, down := w.settle(); len(up)+len(down) != 0 || w.severed.Load() != 1 {
			t.Errorf("%d up and %d down after %d cuts", len(up), len(down), w.severed.Load())
		}
		w.up(phoneEnd, flagSYN, 40)
		w.down(phoneEnd, 1, 100)
		if up, down := w.settle(); len(up) != 1 || len(down) != 1 {
			t.Error("a new connection from the same port does not pass")
		}
	})
}

// What the relay adds is told from what the wire does.
func TestRouteTellsPassages(t *testing.T) {
	onWire(t, Params{RTT: 100 * ms}, func(w *wire) {
		w.up(phoneEnd, flagSYN, 40)
		w.settle()
		begun := time.Now()
		w.up(phoneEnd, flagACK, 140)
		time.Sleep(60 * ms) // 10 ms at the relay
		w.down(phoneEnd, 1, 140)
		time.Sleep(60 * ms)
		taken := w.route.Taken(phoneEnd.Port(), relayEnd.Port())
		handed, ok := w.route.Handed(begun, taken)
		if !ok || taken.Sub(handed) != 10*ms || handed.Sub(begun) != 50*ms {
			t.Errorf("handed after %v (%v), taken after %v", handed.Sub(begun), ok, taken.Sub(begun))
		}
		w.down(phoneEnd, 1, 140) // sent again
		time.Sleep(60 * ms)
		if !w.route.Taken(phoneEnd.Port(), relayEnd.Port()).IsZero() {
			t.Error("known when data sent again was taken")
		}
		w.down(phoneEnd, 101, 140)
		time.Sleep(60 * ms)
		if w.route.Taken(phoneEnd.Port(), relayEnd.Port()).IsZero() {
			t.Error("not known when fresh data was taken")
		}
	})
}

func TestParseHeaders(t *testing.T) {
	whole := packet(phoneEnd, relayEnd, flagSYN|flagACK, 5, 60)
	h, ok := ParseHeaders(append(whole, 0, 0)) // padding
	if want := (Headers{Src: phoneEnd, Dst: relayEnd, Seq: 5, Ack: 7, SYN: true, Bytes: 20}); !ok || h != want {
		t.Errorf("%+v, %v; want %+v", h, ok, want)
	}
	for n := range whole {
		if _, ok := ParseHeaders(whole[:n]); ok {
			t.Errorf("%d bytes of %d were taken for the whole", n, len(whole))
		}
	}
	for name, spoil := range map[string]func(p []byte){
		"IPv6":                 func(p []byte) { p[0] = 0x65 },
		"UDP":                  func(p []byte) { p[9] = 17 },
		"a fragment":           func(p []byte) { p[6] = 0x20 },
		"too short a header":   func(p []byte) { p[0] = 0x44 },
		"too long a header":    func(p []byte) { p[0] = 0x4f },
		"TCP's is too short":   func(p []byte) { p[32] = 4 << 4 },
		"TCP's is too long":    func(p []byte) { p[32] = 15 << 4 },
		"longer than it is":    func(p []byte) { p[3] = 61 },
		"shorter than headers": func(p []byte) { p[3] = 39 },
	} {
		t.Run(name, func(t *testing.T) {
			p := append([]byte(nil), whole...)
			spoil(p)
			if h, ok := ParseHeaders(p); ok {
				t.Errorf("taken for %+v", h)
			}
		})
	}
}
