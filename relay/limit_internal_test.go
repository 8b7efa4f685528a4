package relay

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// numbered returns an address for each n.
func numbered(n int) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(10<<24+n))))
}

// stranger returns the key of an IPv4 address for each n but 0.
func stranger(n int) addrKey { return addrKey{2: netKey(n)} }

// Seats that were taken together may overdraw the allowance; the debt is paid
// before the next.
func TestLimiter_Debt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(-1, 6) // one in 10 s
		k := l.key(new(numbered(1)))
		for range 6 + 2 {
			l.tookSeat(k)
		}
		if wait := l.creationWait(k); wait != 30*time.Second {
			t.Fatalf("wait = %v; want 30s: two in debt and the next", wait)
		}
		for range 100 { // asking costs nothing
			l.creationWait(k)
		}
		time.Sleep(30*time.Second - time.Millisecond)
		if wait := l.creationWait(k); wait <= 0 || wait > 2*time.Millisecond {
			t.Fatalf("wait = %v; want 1ms", wait)
		}
		time.Sleep(2 * time.Millisecond)
		if wait := l.creationWait(k); wait != 0 {
			t.Fatalf("wait = %v after the debt is paid", wait)
		}
	})
}

// remembered returns how many addresses the limiter holds.
func (l *limiter) remembered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[netKey]bool)
	for k := range l.young {
		all[k] = true
	}
	for k := range l.old {
		all[k] = true
	}
	return len(all)
}

// An address that stays away is forgotten when its buckets are full again, and
// not before.
func TestLimiter_Expiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1, 1)
		k := l.key(new(numbered(1)))
		l.takeUpgrade(k)
		for range 59 {
			time.Sleep(time.Second)
			l.takeUpgrade(l.key(new(numbered(2)))) // others come and go
			if l.takeUpgrade(k) == 0 {
				t.Fatal("forgotten early")
			}
		}
		for n := range 1000 {
			l.takeUpgrade(l.key(new(numbered(10 + n))))
		}
		time.Sleep(generation)
		l.takeUpgrade(l.key(new(numbered(2))))
		if n := l.remembered(); n != 1002 {
			t.Fatalf("%d addresses are remembered after one generation; want 1002", n)
		}
		time.Sleep(generation)
		l.takeUpgrade(l.key(new(numbered(3))))
		if n := l.remembered(); n != 2 {
			t.Fatalf("%d addresses are remembered; want those of the last two generations", n)
		}
	})
}

// Nobody gets a fresh allowance by making the limiter forget: an address that
// has used its own up is remembered until a hundred thousand others came, each
// of which has an allowance itself; and as long as it comes, however many do.
func TestLimiter_FloodOfAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(2, 1)
		others := 0
		flood := func(n int) {
			for range n {
				others++
				l.takeUpgrade(stranger(others))
			}
		}
		spent := stranger(-1)
		for range 2 {
			l.takeUpgrade(spent)
		}
		l.tookSeat(spent)
		// It stays away.
		flood(maxYoung - 1)
		if l.takeUpgrade(spent) == 0 || l.creationWait(spent) == 0 {
			t.Fatalf("forgotten after %d others", others)
		}
		// It comes again and again.
		for range 3 {
			flood(maxYoung / 2)
			if l.takeUpgrade(spent) == 0 || l.creationWait(spent) == 0 {
				t.Fatalf("forgotten after %d others, although it came", others)
			}
		}
		// What it can win by staying away: one allowance for all these others.
		flood(2 * maxYoung)
		if l.takeUpgrade(spent) != 0 {
			t.Error("memory is not bounded")
		}
		if n := l.remembered(); n > 2*maxYoung {
			t.Errorf("%d addresses are remembered", n)
		}
	})
}

func TestLimiter_Key(t *testing.T) {
	l := newLimiter(1, 1)
	same := [][2]string{
		{"192.0.2.1", "192.0.2.1"}, {"2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6"},
	}
	for _, pair := range same {
		if l.key(new(netip.MustParseAddr(pair[0]))) != l.key(new(netip.MustParseAddr(pair[1]))) {
			t.Errorf("%s and %s have different keys", pair[0], pair[1])
		}
	}
	different := [][2]string{
		{"192.0.2.1", "192.0.2.2"}, {"2001:db8:1:2::1", "2001:db8:1:3::1"}, {"192.0.2.1", "2001:db8::"},
	}
	for _, pair := range different {
		if l.key(new(netip.MustParseAddr(pair[0]))) == l.key(new(netip.MustParseAddr(pair[1]))) {
			t.Errorf("%s and %s have the same key", pair[0], pair[1])
		}
	}
	// Nothing outside this limiter tells which address a key is of.
	if a := numbered(1); l.key(&a) == newLimiter(1, 1).key(&a) {
		t.Error("two limiters give an address the same key")
	}
	if l.key(&netip.Addr{}) != (addrKey{}) || l.key(new(hostAddr("@"))) != (addrKey{}) {
		t.Error("peers without an address have a key")
	}
}

// Limits nest: a /56 may do four times as much as a /64 in it, a /48 sixteen
// times, by however many addresses it does it.
func TestLimiter_Nests(t *testing.T) {
	const each = 30
	for name, tt := range map[string]struct {
		from func(n int) netip.Addr
		most int
	}{
		"an IPv4 address": {func(int) netip.Addr { return numbered(7) }, each},
		"a /64":           {func(n int) netip.Addr { return inNet(0, n) }, each},
		"a /56":           {func(n int) netip.Addr { return inNet(n%256, n) }, 4 * each},
		"a /48":           {func(n int) netip.Addr { return inNet(n%65536, n) }, 16 * each},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(each, each)
				for what, take := range map[string]func(addrKey) bool{
					"upgrades": func(k addrKey) bool { return l.takeUpgrade(k) == 0 },
					"seats": func(k addrKey) bool {
						if l.creationWait(k) > 0 {
							return false
						}
						l.tookSeat(k)
						return true
					},
				} {
					got := 0
					for n := range 100 * each {
						if take(l.key(new(tt.from(n)))) {
							got++
						}
					}
					if got != tt.most {
						t.Errorf("%d %s at once; want %d", got, what, tt.most)
					}
				}
				time.Sleep(time.Minute)
				if l.takeUpgrade(l.key(new(tt.from(0)))) > 0 || l.takeUpgrade(l.key(new(numbered(1)))) > 0 {
					t.Error("a minute later there is nothing")
				}
				// What is refused takes no memory.
				if n := l.remembered(); n > 16*each*2+256+2 {
					t.Errorf("%d networks are remembered", n)
				}
			})
		})
	}
}

// inNet returns an address of one /48, in its /64 with that number.
func inNet(subnet, host int) netip.Addr {
	a := netip.MustParseAddr("2001:db8:7::").As16()
	binary.BigEndian.PutUint16(a[6:], uint16(subnet))
	binary.BigEndian.PutUint64(a[8:], uint64(host))
	return netip.AddrFrom16(a)
}

// What README.md reckons for the networks that are remembered, at most.
func TestLimiter_Memory(t *testing.T) {
	const most = 16 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l := newLimiter(120, 20)
	for n := range 2 * maxYoung {
		l.takeRequest(stranger(n + 1))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	taken := int(after.HeapAlloc) - int(before.HeapAlloc)
	t.Logf("%d bytes for each of %d networks", taken/l.remembered(), l.remembered())
	if taken > most {
		t.Errorf("the limiter takes %d bytes; want %d at most", taken, most)
	}
}
