package link

import (
	"io"
	"net"
	"testing"
	"time"
)

// A link above a kernel's sockets carries what its rate allows. A small receive
// buffer once let the kernel's own acknowledgements set the pace: 0.65 Mbit/s
// where nothing is imposed, at which a way takes 100 s.
func TestRealSocketsSetNoPace(t *testing.T) {
	const size, patience = 8 << 20, 80 * time.Second
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	n := NewNet(nil)
	defer n.Close()
	phone, err := n.Link(Params{}, 1, new(net.Dialer).DialContext, nil).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	relay, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = relay.Close() }()
	for way, ends := range map[string][2]net.Conn{"up": {phone, relay}, "down": {relay, phone}} {
		for _, c := range ends {
			if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
		}
		go func() { _, _ = ends[0].Write(make([]byte, size)) }() // the reader tells
		if got, err := io.CopyN(io.Discard, ends[1], size); err != nil {
			t.Errorf("%s: %d of %d bytes in %v: %v", way, got, size, patience, err)
		}
	}
}

// A sender begins with ten segments, and sends two for each that is acknowledged.
func TestSlowStart(t *testing.T) {
	bubble(t, Params{RTT: 100 * ms}, 1, func(t *testing.T, b *bench) {
		for _, c := range []struct {
			segments int
			took     time.Duration
		}{{10, 50 * ms}, {30, 150 * ms}, {70, 250 * ms}, {71, 350 * ms}} {
			phone, relay := b.connect()
			within(t, "up", b.passes(phone, relay, c.segments*mss), c.took, 0)
			within(t, "down", b.passes(relay, phone, c.segments*mss), c.took, 0)
		}
	})
}
