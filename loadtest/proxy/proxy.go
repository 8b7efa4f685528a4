package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"sotto/loadtest"
	"sotto/loadtest/link"
)

// Proxy is a set of phones. Its methods are safe for concurrent use.
type Proxy struct {
	own   []loadtest.Profile
	seed  uint64
	net   *link.Net
	wg    sync.WaitGroup
	ended chan struct{} // closed by Close

	mu     sync.Mutex // guards phones
	phones []*Phone
}

// New returns a proxy without phones. They may be switched to own profiles and to
// the built-in ones; seed decides their networks.
func New(own []loadtest.Profile, seed uint64) *Proxy {
	return &Proxy{own: own, seed: seed, net: link.NewNet(nil), ended: make(chan struct{})}
}

// Phone is a listener and the network behind it.
type Phone struct {
	proxy    *Proxy
	listener net.Listener
	to       string
	link     *link.Link

	mu       sync.Mutex // guards what follows
	profile  string
	clients  map[net.Conn]struct{} // nil: closed
	accepted int
	failed   int
	frozen   time.Time     // until then
	changed  chan struct{} // closed, and made anew, when frozen changes
}

// Add adds a phone: what connects to listener, which it takes over, reaches the
// address to through dial and the profile's network. A profile that does not
// exist is an error that wraps loadtest.ErrConfig; so is the mix.
func (p *Proxy) Add(listener net.Listener, to string, dial link.DialFunc, profile string) (*Phone, error) {
	params, err := p.params(profile)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	seed := p.seed + uint64(len(p.phones))<<32
	ph := &Phone{
		proxy: p, listener: listener, to: to, link: p.net.Link(params, seed, dial, nil),
		profile: profile, clients: make(map[net.Conn]struct{}), changed: make(chan struct{}),
	}
	p.phones = append(p.phones, ph)
	p.wg.Go(ph.accept)
	return ph, nil
}

func (p *Proxy) params(profile string) (link.Params, error) {
	shares, err := loadtest.Blend(profile, p.own)
	if err != nil {
		return link.Params{}, err
	}
	if len(shares) > 1 {
		return link.Params{}, errMix
	}
	return shares[0].Profile.Link, nil
}

// Close ends everything and waits for it. It must be called once.
func (p *Proxy) Close() {
	close(p.ended)
	p.mu.Lock()
	for _, ph := range p.phones {
		_ = ph.listener.Close()
		ph.closeClients()
	}
	p.mu.Unlock()
	p.net.Close()
	p.wg.Wait()
}

func (ph *Phone) closeClients() {
	ph.mu.Lock()
	defer ph.mu.Unlock()
	for c := range ph.clients {
		_ = c.Close()
	}
	ph.clients = nil
}

func (ph *Phone) accept() {
	for {
		client, err := ph.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select { // too many files, most likely
			case <-time.After(100 * time.Millisecond):
			case <-ph.proxy.ended:
			}
			continue
		}
		ph.mu.Lock()
		if ph.clients == nil {
			_ = client.Close()
		} else {
			ph.accepted++
			ph.clients[client] = struct{}{}
			ph.proxy.wg.Go(func() { ph.carry(client) })
		}
		ph.mu.Unlock()
	}
}

// carry is a connection's life.
func (ph *Phone) carry(client net.Conn) {
	err := ph.exchange(client)
	ph.mu.Lock()
	defer ph.mu.Unlock()
	if err != nil {
		ph.failed++
		if c, ok := client.(interface{ SetLinger(seconds int) error }); ok {
			_ = c.SetLinger(0) // a reset, as the phone's kernel says it
		}
	}
	_ = client.Close()
	delete(ph.clients, client)
}

// exchange returns once both directions have ended, or one has failed.
func (ph *Phone) exchange(client net.Conn) error {
	phone, err := ph.link.DialContext(context.Background(), "tcp", ph.to) // Close ends it
	if err != nil {
		return err
	}
	results := make(chan error, 2)
	for _, ends := range [2][2]net.Conn{{client, phone}, {phone, client}} {
		ph.proxy.wg.Go(func() { results <- ph.pass(ends[1], ends[0]) })
	}
	if err = <-results; err == nil {
		err = <-results
	}
	_ = phone.Close()
	return err // the other ends as client is closed
}

// pass passes everything on, and then that this was all.
func (ph *Phone) pass(to, from net.Conn) error {
	for buf := make([]byte, 16<<10); ; {
		n, err := from.Read(buf)
		ph.awaitThaw()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			if half, ok := to.(interface{ CloseWrite() error }); ok {
				return half.CloseWrite()
			}
			return errors.ErrUnsupported
		case err != nil:
			return err
		}
	}
}

// Freeze has the client neither read nor write for so long from now on, whatever
// was said before.
func (ph *Phone) Freeze(long time.Duration) {
	ph.mu.Lock()
	defer ph.mu.Unlock()
	ph.frozen = time.Now().Add(long)
	close(ph.changed)
	ph.changed = make(chan struct{})
}

func (ph *Phone) awaitThaw() {
	for {
		ph.mu.Lock()
		left, changed := time.Until(ph.frozen), ph.changed
		ph.mu.Unlock()
		if left <= 0 {
			return
		}
		thaw := time.NewTimer(left)
		select {
		case <-thaw.C:
		case <-changed:
		case <-ph.proxy.ended:
			thaw.Stop()
			return
		}
		thaw.Stop()
	}
}
