package tun

import (
	"net"
	"sync/atomic"
	"time"

	"sotto/loadtest/link"
)

// conn is a phone's end of a connection. It is safe for concurrent use.
type conn struct {
	net.Conn
	tcp  *net.TCPConn // the same
	link *Link
	cut  atomic.Bool // by a change of network
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.explain("read", err)
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.explain("write", err)
}

// explain says what a phone would have said.
func (c *conn) explain(op string, err error) error {
	if err != nil && c.cut.Load() {
		return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: link.ErrNetworkChanged}
	}
	return err
}

// Taken is as in link.Route.
func (c *conn) Taken() time.Time {
	phone, relay := c.LocalAddr().(*net.TCPAddr), c.RemoteAddr().(*net.TCPAddr) //nolint:errcheck // as a TCPConn's are
	return c.link.Route.Taken(uint16(phone.Port), uint16(relay.Port))           //nolint:gosec // ports
}

func (c *conn) Close() error {
	c.link.mu.Lock()
	delete(c.link.conns, c)
	c.link.mu.Unlock()
	return c.Conn.Close()
}
