package relay

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sotto/lockout"
	"sotto/roomactor"
	"sotto/wire"
)

// Defaults of Config.
const (
	DefaultRoomTTL            = roomactor.DefaultRoomTTL
	DefaultUnpairedTTL        = roomactor.DefaultUnpairedTTL
	DefaultMaxRooms           = roomactor.DefaultMaxRooms
	DefaultMaxConns           = 100_000
	DefaultMaxConnsPerAddress = 200
	DefaultMaxCiphertextBytes = 64 << 10
	DefaultMaxSlotMemory      = roomactor.DefaultMaxSlotMemory
	DefaultPingInterval       = 240 * time.Second
	DefaultCreateRate         = 20
	DefaultUpgradeRate        = 120
	DefaultFrameRate          = 50
	DefaultJoinFloor          = 500 * time.Millisecond
)

// Bounds of Config.MaxCiphertextBytes: below, not even a join fits the frame
// limit of four times as much; above, a message takes too long over a slow link.
const (
	minCiphertextBytes = 512
	maxCiphertextBytes = 64 << 10
)

// Bounds of times. A sum of a period and of how long the relay has run is a
// time.Duration, and a client reads retry_after as 31 bits of seconds. A join must be
// answered before its socket is closed as not joined.
const (
	maxPeriod    = 50 * 365 * 24 * time.Hour
	maxJoinFloor = unjoinedIdle / 2
)

// Config configures a Relay. The zero value works; a field that is zero means
// its default, and a negative number turns a limit off where the field says so.
type Config struct {
	// Logger is silent when zero. See the package comment for what is logged.
	Logger zerolog.Logger
	// Registerer takes the metrics; nil means that they are not exported.
	Registerer prometheus.Registerer

	// AllowedOrigins may open sockets beside the relay's own origin, each as
	// "https://host[:port]". A request without Origin is not from a page and is
	// allowed.
	AllowedOrigins []string
	// TrustedProxies are the peers whose X-Forwarded-For or Forwarded header
	// tells the client's address. X-Forwarded-For wins where both are there, so
	// a proxy must set or remove it. An IPv4-mapped prefix means the IPv4 one.
	//
	// Limits of addresses hold for an IPv4 address or an IPv6 /64; a /56 may do
	// four times as much, a /48 sixteen times. They are off for peers without an
	// address, all clients of a Unix listener: unless there are TrustedProxies, as
	// then these peers are taken for proxies too, and their headers are believed.
	TrustedProxies []netip.Prefix

	// RoomTTL is how long a room lives from its creation, at most 50 years. 0: 7 days.
	RoomTTL time.Duration
	// UnpairedTTL is how long it lives while its second seat is open, at most
	// RoomTTL. 0: 24 h.
	UnpairedTTL time.Duration
	// MaxRooms bounds the rooms alive; the newcomer is refused with
	// rate_limited. 0: 1,000,000. Negative: off.
	MaxRooms int
	// MaxConns bounds the sockets; the newcomer gets 503. 0: 100,000.
	// Negative: off.
	MaxConns int
	// MaxConnsPerAddress bounds the connections of one address, sockets or not,
	// at a listener of Relay.Listener; the newcomer is closed at once. 0: 200.
	// Negative: off, and so is the share that an address has of the memory for
	// large frames under way.
	MaxConnsPerAddress int
	// MaxCiphertextBytes bounds a message, from 512 to 65,536 bytes. 0: 65,536.
	// Frames may have four times as much. More than 8,192, which is std-1's limit,
	// is for sockets that joined with ext alone: 8,192 turns large messages off.
	MaxCiphertextBytes int
	// MaxSlotMemory bounds what all rooms together hold of large messages above
	// 8,192 bytes each, in bytes. A message beyond is refused with rate_limited.
	// 0: 64 MiB. Negative: off.
	MaxSlotMemory int64
	// PingInterval is the longest pause between pings; each is drawn from the
	// last eighth of it. 0: 240 s. Negative: no pings.
	PingInterval time.Duration
	// CreateRate is how many rooms and seats one address may take in a minute,
	// and at once. 0: 20. Negative: off.
	CreateRate int
	// UpgradeRate is how many sockets one address may open, and rooms it may
	// ask after, in a minute, and at once. Requests of any kind, those to Page
	// too, may be ten times as many. 0: 120. Negative: off.
	UpgradeRate int
	// FrameRate is how many frames of any kind a socket may send in a second, and
	// at once; each 8 KiB count as one more. A fifth as many may send, edit or
	// delete a message, or be control frames. What comes faster is read later.
	// 0: 50. Negative: off.
	FrameRate int
	// JoinFloor is how long every join waits for its answer, beside up to a
	// quarter of it at random, at most 15 s. 0: 500 ms. Negative: off.
	JoinFloor time.Duration
	// Lockout is the policy against guessing, for at most 50 years. Zero: 10
	// attempts, 30 minutes.
	Lockout lockout.Policy

	// Admit is asked before a socket is opened or a room asked after; an error
	// is answered 403, without its text. nil admits everyone. It may be called
	// concurrently.
	Admit func(*http.Request) error
	// Page serves every path the relay does not own; nil: 404. Pages of other
	// sites may lead there, but show nothing of it: that is answered 403.
	Page http.Handler
}

// Validate returns every fault that New would find in the fields. Each wraps
// ErrConfig.
func (c Config) Validate() error {
	_, err := c.withDefaults()
	return err
}

// withDefaults returns c with its zero fields filled in, or every fault in it.
func (c Config) withDefaults() (Config, error) {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	period := func(name string, d time.Duration) {
		if d < 0 || d > maxPeriod {
			fault("%s %v is not between 0 and 50 years", name, d)
		}
	}
	period("RoomTTL", c.RoomTTL)
	period("UnpairedTTL", c.UnpairedTTL)
	period("Lockout.For", c.Lockout.For)
	if c.JoinFloor > maxJoinFloor {
		fault("JoinFloor %v is more than %v", c.JoinFloor, maxJoinFloor)
	}
	c.MaxCiphertextBytes = orDefault(c.MaxCiphertextBytes, DefaultMaxCiphertextBytes)
	if c.MaxCiphertextBytes < minCiphertextBytes || c.MaxCiphertextBytes > maxCiphertextBytes {
		fault("MaxCiphertextBytes %d is not between %d and %d",
			c.MaxCiphertextBytes, minCiphertextBytes, maxCiphertextBytes)
	}
	for _, o := range c.AllowedOrigins {
		if u, err := url.Parse(o); err != nil || u.Scheme == "" || u.Host == "" || o != u.Scheme+"://"+u.Host {
			fault("AllowedOrigins: %q is not scheme://host[:port]", o)
		}
	}
	proxies := make([]netip.Prefix, len(c.TrustedProxies))
	for i, p := range c.TrustedProxies {
		var ok bool
		if proxies[i], ok = unmapPrefix(&p); !ok {
			fault("TrustedProxies: %v is no prefix of IPv4 or IPv6", p)
		}
	}
	c.TrustedProxies = proxies
	c.MaxSlotMemory = orDefault(c.MaxSlotMemory, DefaultMaxSlotMemory)
	c.RoomTTL = orDefault(c.RoomTTL, DefaultRoomTTL)
	c.UnpairedTTL = orDefault(c.UnpairedTTL, DefaultUnpairedTTL)
	c.MaxRooms = orDefault(c.MaxRooms, DefaultMaxRooms)
	c.MaxConns = orDefault(c.MaxConns, DefaultMaxConns)
	c.MaxConnsPerAddress = orDefault(c.MaxConnsPerAddress, DefaultMaxConnsPerAddress)
	c.PingInterval = orDefault(c.PingInterval, DefaultPingInterval)
	c.CreateRate = orDefault(c.CreateRate, DefaultCreateRate)
	c.UpgradeRate = orDefault(c.UpgradeRate, DefaultUpgradeRate)
	c.FrameRate = orDefault(c.FrameRate, DefaultFrameRate)
	c.JoinFloor = orDefault(c.JoinFloor, DefaultJoinFloor)
	c.Lockout = c.Lockout.WithDefaults()
	return c, errors.Join(faults...)
}

// stdCiphertext is the longest message of a socket that joined without ext.
func (c *Config) stdCiphertext() int { return min(c.MaxCiphertextBytes, wire.StdCiphertext) }

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
