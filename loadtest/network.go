package loadtest

import (
	"context"
	"net"
	"time"

	"sotto/loadtest/link"
)

// Network makes the networks of phones.
type Network interface {
	// Name is what reports call it.
	Name() string
	// Congestion is the congestion control of TCP in it, empty if not known.
	Congestion() string
	// MaxPhones is how many phones it has room for.
	MaxPhones() int
	// Emulate begins an emulation. There is one at a time. lag is told how late
	// each event of it was.
	Emulate(lag func(time.Duration)) Emulation
}

// Emulation is the networks of the phones of one run.
type Emulation interface {
	// Phone adds a phone; arguments are as for link.Net.Link.
	Phone(params link.Params, seed uint64, onBack func(since time.Time, cut bool)) PhoneLink
	// Close ends all connections and dials. It is called once.
	Close()
}

// PhoneLink is the network of one phone. What its methods do is said at
// link.Link, which is one. What it dials has a Taken as link.Conn has.
type PhoneLink interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	Gap(long time.Duration, cut bool)
	Cut()
	ForgetNAT()
	Slow(bitsPerSecond int64, window int)
	Stats() link.Stats
	Handed(since, before time.Time) (time.Time, bool)
}

// Streams is the network made of package link's shaped streams, over connections
// that dial makes.
func Streams(dial link.DialFunc) Network { return streams{dial} }

type streams struct{ dial link.DialFunc }

func (streams) Name() string       { return "conn" }
func (streams) Congestion() string { return Congestion() }
func (streams) MaxPhones() int     { return 4 * maxPairs }

func (s streams) Emulate(lag func(time.Duration)) Emulation {
	return shaping{link.NewNet(lag), s.dial}
}

type shaping struct {
	*link.Net
	dial link.DialFunc
}

func (s shaping) Phone(params link.Params, seed uint64, onBack func(since time.Time, cut bool)) PhoneLink {
	return s.Link(params, seed, s.dial, onBack)
}
