package loadtest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"sotto/client"
	"sotto/loadtest/link"
)

// newLink makes a network of the phone's profile; number tells those of one phone
// apart.
func (p *phone) newLink(number int, onBack func(since time.Time, cut bool)) PhoneLink {
	params := p.run.shares[p.pair.profile].Profile.Link
	seed := p.run.cfg.Seed + uint64(2*p.pair.index+p.seat+1)<<32 + uint64(number)<<60 //nolint:gosec // small and positive
	return p.run.net.Phone(params, seed, onBack)
}

// otherLink is the network of other devices that do what this phone could.
func (p *phone) otherLink() PhoneLink {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.other == nil {
		p.other = p.newLink(1, nil)
	}
	return p.other
}

// Less than a frame with a message has, in bytes, and more than receipts and
// hellos have.
const (
	messageFrame = 4096
	shortFrame   = 300 // of std-1
)

// over returns what makes requests over connections that dial makes.
func (p *phone) over(dial link.DialFunc) *http.Client {
	return &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		config := p.run.cfg.TLS.Clone()
		if config == nil {
			config = new(tls.Config)
		}
		config.ServerName = p.run.host
		t := &http.Transport{DialContext: p.tap.dial(dial, nil), DialTLSContext: p.tap.dial(dial, config), DisableKeepAlives: true}
		return t.RoundTrip(req)
	})}
}

// roundTrip has each request use a transport of its own, which would keep more for
// the phone's life than the request has.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// open opens a session. Without back-off it gives up when a dial fails, so that
// live is to open the next.
func (p *phone) open(ctx context.Context) (*client.Session, error) {
	if !p.run.cfg.NoBackoff {
		return client.Open(ctx, p.cfg)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cfg := p.cfg
	cfg.HTTPClient = p.over(func(dialling context.Context, network, addr string) (net.Conn, error) {
		c, err := p.link.DialContext(dialling, network, addr)
		if err != nil {
			cancel()
		}
		return c, err
	})
	return client.Open(ctx, cfg)
}
