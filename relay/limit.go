package relay

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"math"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// addrKey stands for an address (IPv4 /32, IPv6 /64) in the limiter. It is
// keyed with a secret of this process, so that nothing outside it tells which
// address a key is of.
type addrKey [16]byte

// limiter keeps the allowances of each address. It is safe for concurrent use.
type limiter struct {
	secret                   [32]byte
	request, upgrade, create int // a minute; negative: off

	mu sync.Mutex
	// guarded by mu. An address that is not seen while young grows old is
	// forgotten: its buckets are full again by then.
	young, old map[addrKey]*allowance
	turned     time.Time
}

// allowance are the buckets of one address.
type allowance struct {
	requests, upgrades, creations *rate.Limiter
	// refusals is what may still be refused with an answer; nil: nothing was
	// refused. Guarded by limiter.mu.
	refusals *rate.Limiter
}

const (
	// generation is how long an address stays at least; a bucket fills up in one
	// minute.
	generation = 2 * time.Minute
	// requestsPerUpgrade is how many requests of any kind go with a socket: a
	// page and its parts, the configuration, and a few that fail.
	requestsPerUpgrade = 10
	// upgradesPerRefusal is how many sockets there are to a refusal that is
	// answered, before an address is no longer listened to.
	upgradesPerRefusal = 2
	// maxYoung bounds memory to some 60 MiB: with so many new addresses the
	// generation is over early. Who has that many to spend gains nothing by it.
	maxYoung = 100_000
)

func newLimiter(upgrade, create int) *limiter {
	l := &limiter{request: upgrade, upgrade: upgrade, create: create, turned: time.Now()}
	if upgrade > 0 {
		l.request = requestsPerUpgrade * upgrade
	}
	_, _ = rand.Read(l.secret[:]) // never fails
	l.young = make(map[addrKey]*allowance)
	return l
}

func perMinute(n int) *rate.Limiter {
	if n < 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(float64(n)/60), n)
}

func (l *limiter) key(a netip.Addr) addrKey {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			a = p.Addr()
		}
	}
	mac := hmac.New(sha256.New, l.secret[:])
	raw := a.As16()
	_, _ = mac.Write(raw[:]) // never fails
	return addrKey(mac.Sum(nil)[:16])
}

func (l *limiter) of(k addrKey) *allowance {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.turned) >= generation || len(l.young) >= maxYoung {
		l.old, l.young, l.turned = l.young, make(map[addrKey]*allowance), now
	}
	a, ok := l.young[k]
	if !ok {
		if a, ok = l.old[k]; !ok {
			a = &allowance{requests: perMinute(l.request), upgrades: perMinute(l.upgrade), creations: perMinute(l.create)}
		}
		l.young[k] = a
	}
	return a
}

// takeRequest draws on the allowance for requests of any kind, or returns how
// long to wait.
func (l *limiter) takeRequest(k addrKey) (wait time.Duration) {
	if l.request < 0 {
		return 0
	}
	return take(l.of(k).requests)
}

// takeUpgrade draws on the upgrade allowance, or returns how long to wait.
func (l *limiter) takeUpgrade(k addrKey) (wait time.Duration) {
	if l.upgrade < 0 {
		return 0
	}
	return take(l.of(k).upgrades)
}

// tookRefusal draws on the allowance for refusals. Those that are under way when
// it is used up are for nothing: no debt is made.
func (l *limiter) tookRefusal(k addrKey) {
	a := l.of(k)
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.refusals == nil {
		a.refusals = perMinute(max(1, l.upgrade/upgradesPerRefusal))
	}
	a.refusals.Allow()
}

// mayKnock reports whether there is something left of the allowance for
// refusals. Who is let in without a refusal draws nothing, and is not kept.
func (l *limiter) mayKnock(k addrKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := l.young[k]
	if !ok {
		a, ok = l.old[k]
	}
	return !ok || a.refusals == nil || untilToken(a.refusals) == 0
}

func take(b *rate.Limiter) (wait time.Duration) {
	if b.Allow() {
		return 0
	}
	return untilToken(b)
}

// creationWait returns how long the address must wait before it may create a
// room or take a seat, 0 when it may.
func (l *limiter) creationWait(k addrKey) time.Duration {
	if l.create < 0 {
		return 0
	}
	return untilToken(l.of(k).creations)
}

// tookSeat draws on the creation allowance after the fact, as only the room
// knows whether a join takes a seat. Joins that were under way together may
// overdraw it; the debt is paid before the next.
func (l *limiter) tookSeat(k addrKey) {
	if l.create >= 0 {
		l.of(k).creations.Reserve()
	}
}

func untilToken(b *rate.Limiter) time.Duration {
	missing := 1 - b.Tokens()
	if missing <= 0 {
		return 0
	}
	// Never 0 while something is missing, however little.
	return time.Duration(math.Ceil(missing / float64(b.Limit()) * float64(time.Second)))
}
