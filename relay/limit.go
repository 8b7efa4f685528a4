package relay

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

// netKey stands for a network in the limiter, 0 for none. It is a hash keyed with
// a secret of this process, so that nobody else can tell which network it is.
type netKey uint64

// addrKey stands for an address: for each network that limits it, from the
// widest. An IPv4 address is alone in its own. The zero addrKey is for peers
// without an address, which no limit of addresses holds for.
type addrKey [3]netKey

// A person with IPv6 has a /64, usually a /56, and can easily get a /48. So limits
// nest: each of these may do only a few times as much as one address. netShares
// says how many times.
var (
	netBits   = [len(addrKey{})]int{48, 56, 64}
	netShares = [len(addrKey{})]int{16, 4, 1}
)

// limited is a kind of thing that a network may do so often a minute, and at once.
type limited uint8

const (
	limitedRequests limited = iota
	limitedUpgrades
	limitedSeats
	// limitedRefusals are refusals that are answered. After them connections of the
	// network are closed at once.
	limitedRefusals
	limitedKinds
)

// limiter keeps the allowances of each network. It is safe for concurrent use.
type limiter struct {
	secret [32]byte
	begun  time.Time
	// refill is how long one of a kind takes to come back; 0: not limited.
	refill [limitedKinds]time.Duration

	mu sync.Mutex
	// guarded by mu. A network that is not seen while young grows old is
	// forgotten: its buckets are full again by then.
	young, old map[netKey]buckets
	turned     time.Duration // since begun
}

// buckets says for each kind when all of it will be back, since limiter.begun.
// Then, and in the zero value, a network may do as much as is allowed in a
// minute.
type buckets [limitedKinds]time.Duration

const (
	// bucketTime is how long an empty bucket takes to be full.
	bucketTime = time.Minute
	// generation is how long a network stays at least.
	generation = 2 * bucketTime
	// requestsPerUpgrade is how many requests of any kind go with a socket: a
	// page and its parts, the configuration, and a few that fail.
	requestsPerUpgrade = 10
	// upgradesPerRefusal is how many sockets there are to a refusal that is
	// answered.
	upgradesPerRefusal = 2
	// maxYoung bounds memory, to some 15 MB: with so many new networks the
	// generation is over early. An attacker who has that many networks gains nothing
	// by it, as each of them has a full bucket anyway.
	maxYoung = 1 << 16
)

func newLimiter(upgrade, create int) *limiter {
	l := &limiter{begun: time.Now(), young: make(map[netKey]buckets)}
	if upgrade > 0 {
		l.refill[limitedRequests] = bucketTime / time.Duration(requestsPerUpgrade*upgrade)
		l.refill[limitedUpgrades] = bucketTime / time.Duration(upgrade)
		l.refill[limitedRefusals] = bucketTime / time.Duration(max(1, upgrade/upgradesPerRefusal))
	}
	if create > 0 {
		l.refill[limitedSeats] = bucketTime / time.Duration(create)
	}
	_, _ = rand.Read(l.secret[:]) // never fails
	return l
}

// key returns the networks of an address.
func (l *limiter) key(a *netip.Addr) (k addrKey) {
	switch {
	case a.Is4():
		k[len(k)-1] = l.netKey(new(netip.PrefixFrom(*a, a.BitLen())))
	case a.Is6():
		for i, bits := range netBits {
			k[i] = l.netKey(new(netip.PrefixFrom(*a, bits).Masked()))
		}
	}
	return k
}

func (l *limiter) netKey(p *netip.Prefix) netKey {
	mac := hmac.New(sha256.New, l.secret[:])
	raw, _ := p.MarshalBinary() // never fails, nor does Write
	_, _ = mac.Write(raw)
	return netKey(binary.LittleEndian.Uint64(mac.Sum(nil)) | 1)
}

// takeRequest draws on the allowance for requests of any kind, or returns how
// long to wait.
func (l *limiter) takeRequest(k addrKey) (wait time.Duration) { return l.take(k, limitedRequests) }

// takeUpgrade draws on the upgrade allowance, or returns how long to wait.
func (l *limiter) takeUpgrade(k addrKey) (wait time.Duration) { return l.take(k, limitedUpgrades) }

// tookRefusal draws on the allowance for refusals. When it is used up, refusals
// that are still under way are not counted: they make no debt.
func (l *limiter) tookRefusal(k addrKey) { l.take(k, limitedRefusals) }

// mayConnect reports whether there is something left of the allowance for
// refusals. It draws nothing and remembers nothing of the network.
func (l *limiter) mayConnect(k addrKey) bool { return l.wait(k, limitedRefusals) == 0 }

// creationWait returns how long the address must wait before it may create a
// room or take a seat, 0 when it may.
func (l *limiter) creationWait(k addrKey) time.Duration { return l.wait(k, limitedSeats) }

// tookSeat draws on the creation allowance after the fact, as only the room
// knows whether a join takes a seat. Joins that were under way together may
// overdraw it; the debt is paid before the next.
func (l *limiter) tookSeat(k addrKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spend(k, limitedSeats)
}

// take draws one of what, if every network of k has one left. Else it draws
// nothing, makes room for nothing new, and returns how long to wait.
func (l *limiter) take(k addrKey, what limited) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait = l.longest(k, what); wait == 0 {
		l.spend(k, what)
	}
	return wait
}

func (l *limiter) wait(k addrKey, what limited) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.longest(k, what)
}

// longest returns how long k's networks must wait for one of what. l.mu is held.
func (l *limiter) longest(k addrKey, what limited) (wait time.Duration) {
	now := time.Since(l.begun)
	for i, n := range k {
		if refill := l.refill[what] / time.Duration(netShares[i]); n != 0 && refill > 0 {
			wait = max(wait, l.of(n)[what]+refill-bucketTime-now)
		}
	}
	return wait
}

// spend draws one of what, into debt if need be. l.mu is held.
func (l *limiter) spend(k addrKey, what limited) {
	if l.refill[what] == 0 {
		return
	}
	now := time.Since(l.begun)
	for i, n := range k {
		if n != 0 {
			b := l.of(n)
			b[what] = max(b[what], now) + l.refill[what]/time.Duration(netShares[i])
			l.keep(n, b)
		}
	}
}

// of returns what is known of a network; one that comes is kept. l.mu is held.
func (l *limiter) of(n netKey) buckets {
	b, ok := l.young[n]
	if !ok {
		if b, ok = l.old[n]; ok {
			l.keep(n, b)
		}
	}
	return b
}

// keep remembers a network. l.mu is held.
func (l *limiter) keep(n netKey, b buckets) {
	if now := time.Since(l.begun); now-l.turned >= generation || len(l.young) >= maxYoung {
		l.old, l.young, l.turned = l.young, make(map[netKey]buckets), now
	}
	l.young[n] = b
}

// tally counts what each network has at the moment. It is not safe for
// concurrent use.
type tally map[netKey]int

// add counts one more of k's, unless an address would have more than most of
// them, or a network more than its share; most 0 is no limit.
func (t tally) add(k addrKey, most int) bool {
	for i, n := range k {
		if n != 0 && most > 0 && t[n] >= most*netShares[i] {
			return false
		}
	}
	for _, n := range k {
		if n != 0 {
			t[n]++
		}
	}
	return true
}

// remove takes back what add counted.
func (t tally) remove(k addrKey) {
	for _, n := range k {
		switch t[n] {
		case 0: // no network
		case 1:
			delete(t, n)
		default:
			t[n]--
		}
	}
}

// meets reports whether two addresses share a network.
func (k addrKey) meets(other addrKey) bool {
	for i, n := range k {
		if n != 0 && n == other[i] {
			return true
		}
	}
	return false
}
