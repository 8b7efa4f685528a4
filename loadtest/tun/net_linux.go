package tun

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"sync"
	"time"

	"sotto/loadtest"
	"sotto/loadtest/link"
)

// Addresses, of RFC 2544.
var (
	phones   = netip.MustParsePrefix("198.18.0.1/16") // on the loopback interface
	gateway  = netip.MustParsePrefix("198.19.0.2/16") // the phones' device
	relay    = netip.MustParsePrefix("198.19.0.1/15") // the relay's device
	maxPhone = 1<<16 - 2                              // and so many phones
)

// Net is two network namespaces and what carries packets between them. Its
// methods are safe for concurrent use.
type Net struct {
	phones, relay       *namespace
	phonesEnd, relayEnd *os.File
	algorithm           string
	pumps               sync.WaitGroup

	mu      sync.RWMutex // guards what follows
	current *emulation   // nil: packets go nowhere
}

var _ loadtest.Network = (*Net)(nil)

// Open makes the namespaces and their devices. An error wraps ErrUnavailable
// where this system lacks something, which it names, or does not allow it.
func Open() (*Net, error) { return open(devicePath) }

func open(path string) (*Net, error) {
	n := new(Net)
	if err := n.open(path); err != nil {
		n.Close()
		return nil, err
	}
	n.pumps.Go(func() { n.pump(n.phonesEnd, false) })
	n.pumps.Go(func() { n.pump(n.relayEnd, true) })
	return n, nil
}

func (n *Net) open(path string) (err error) {
	if n.phones, err = newNamespace(); err != nil {
		return err
	}
	if n.relay, err = newNamespace(); err != nil {
		return err
	}
	err = n.phones.do(func() error {
		if err := raise(loopback, phones); err != nil {
			return err
		}
		n.phonesEnd, err = device(path, gateway)
		return err
	})
	if err != nil {
		return err
	}
	return n.relay.do(func() (err error) {
		n.algorithm = loadtest.Congestion()
		n.relayEnd, err = device(path, relay)
		return err
	})
}

// Close ends what there is. Sockets and processes in the namespaces keep these
// until they end.
func (n *Net) Close() {
	for _, f := range []*os.File{n.phonesEnd, n.relayEnd} {
		if f != nil {
			_ = f.Close() // nothing is buffered
		}
	}
	n.pumps.Wait()
	for _, ns := range []*namespace{n.phones, n.relay} {
		if ns != nil {
			_ = ns.Close() // nothing is buffered
		}
	}
}

// Host is the relay's address.
func (n *Net) Host() netip.Addr { return relay.Addr() }

// InRelay calls f on a thread in the relay's namespace: sockets that it makes
// and processes that it starts are there. It must not be called after Close.
func (n *Net) InRelay(f func() error) error { return n.relay.do(f) }

// Name is "tun".
func (n *Net) Name() string { return "tun" }

// Congestion returns the congestion control of the namespaces' TCP.
func (n *Net) Congestion() string { return n.algorithm }

// MaxPhones is how many phones there are addresses for.
func (n *Net) MaxPhones() int { return maxPhone }

// Emulate begins to carry packets. There may be one emulation at a time; lag is
// as in link.NewNet.
func (n *Net) Emulate(lag func(time.Duration)) loadtest.Emulation {
	e := &emulation{net: n, wires: link.NewNet(lag)}
	e.ctx, e.end = context.WithCancel(context.Background())
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.current != nil {
		panic("tun: a second emulation at the same time")
	}
	n.current = e
	return e
}

// pump takes packets from a device until it is closed.
func (n *Net) pump(from *os.File, relayEnd bool) {
	buf := make([]byte, maxPacket)
	for {
		size, err := from.Read(buf)
		if errors.Is(err, fs.ErrClosed) {
			return
		}
		if err != nil {
			continue // a packet that was too long
		}
		h, ok := link.ParseHeaders(buf[:size])
		if !ok {
			continue // the kernel looks for neighbours over IPv6
		}
		if relayEnd {
			if l := n.phone(h.Dst.Addr()); l != nil {
				l.FromRelay(h, buf[:size])
			}
		} else if l := n.phone(h.Src.Addr()); l != nil {
			l.FromPhone(h, buf[:size])
		}
	}
}

// phone returns whose address that is, or nil.
func (n *Net) phone(addr netip.Addr) *Link {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.current == nil || !phones.Masked().Contains(addr) {
		return nil
	}
	b := addr.As4()
	if i := int(b[2])<<8 + int(b[3]) - firstPhone; i >= 0 && i < len(n.current.links) {
		return n.current.links[i]
	}
	return nil
}

// firstPhone is the first phone's number in its prefix.
const firstPhone = 1

// emulation is what carries packets for one run.
type emulation struct {
	net   *Net
	wires *link.Net
	ctx   context.Context // ends with Close
	end   context.CancelFunc
	dials sync.WaitGroup
	links []*Link // guarded by net.mu
}

// begin reports whether a phone may dial; if so, dials waits for it.
func (e *emulation) begin() bool {
	e.net.mu.RLock()
	defer e.net.mu.RUnlock()
	if e.net.current != e {
		return false
	}
	e.dials.Add(1)
	return true
}

// Phone adds a phone with an address of its own.
func (e *emulation) Phone(params link.Params, seed uint64, onBack func(since time.Time, cut bool)) loadtest.PhoneLink {
	n := e.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(e.links) == maxPhone {
		panic("tun: more phones than addresses")
	}
	number := len(e.links) + firstPhone
	first := phones.Masked().Addr().As4()
	addr := netip.AddrFrom4([4]byte{first[0], first[1], byte(number >> 8), byte(number)}) //nolint:gosec // below 2^16
	l := &Link{emulation: e, addr: addr, conns: make(map[*conn]struct{})}
	l.Route = e.wires.Route(params, seed, func(p []byte) { _, _ = n.relayEnd.Write(p) },
		func(p []byte) { _, _ = n.phonesEnd.Write(p) }, onBack, l.sever)
	e.links = append(e.links, l)
	return l
}

// Close ends the emulation, and all connections of phones at once.
func (e *emulation) Close() {
	e.net.mu.Lock()
	e.net.current = nil
	e.net.mu.Unlock()
	e.end()
	e.dials.Wait()
	for _, l := range e.links {
		l.sever()
	}
	e.wires.Close()
}
