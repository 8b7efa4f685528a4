package calibrate

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
)

// headBytes is how long the head of an exchange is: how many more bytes the
// phone sends, and how many it wants.
const headBytes = 8

// maxExchange bounds both, in bytes.
const maxExchange = 1 << 20

// exchange sends up bytes, at least headBytes, and returns once down bytes have
// come back.
func exchange(c net.Conn, up, down int) error {
	buf := make([]byte, max(up, down))
	binary.BigEndian.PutUint32(buf, uint32(up-headBytes)) //nolint:gosec // at most maxExchange
	binary.BigEndian.PutUint32(buf[4:], uint32(down))     //nolint:gosec // at most maxExchange
	if _, err := c.Write(buf[:up]); err != nil {
		return err
	}
	_, err := io.ReadFull(c, buf[:down])
	return err
}

// answer does the other end's part of exchanges until c ends.
func answer(c net.Conn) {
	for buf := make([]byte, maxExchange); ; {
		if _, err := io.ReadFull(c, buf[:headBytes]); err != nil {
			return
		}
		up, down := binary.BigEndian.Uint32(buf), binary.BigEndian.Uint32(buf[4:])
		if max(up, down) > maxExchange {
			return
		}
		if _, err := io.ReadFull(c, buf[:up]); err != nil {
			return
		}
		if _, err := c.Write(buf[:down]); err != nil {
			return
		}
	}
}

// server answers exchanges, in the clear and over TLS.
type server struct {
	clear, secret net.Listener
	wg            sync.WaitGroup

	mu    sync.Mutex // guards what follows
	conns []net.Conn
}

// serve has a server listen on host.
func serve(host netip.Addr, in func(func() error) error, cert tls.Certificate) (*server, error) {
	var at [2]net.Listener
	for i := range at {
		err := in(func() (err error) {
			at[i], err = net.Listen("tcp", netip.AddrPortFrom(host, 0).String())
			return err
		})
		if err != nil {
			if i > 0 {
				_ = at[0].Close()
			}
			return nil, fmt.Errorf("serve exchanges: %w", err)
		}
	}
	return newServer(at[0], at[1], cert), nil
}

// newServer takes the listeners over.
func newServer(open, secret net.Listener, cert tls.Certificate) *server {
	s := &server{clear: open, secret: secret}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}
	s.accept(s.clear, func(c net.Conn) net.Conn { return c })
	s.accept(s.secret, func(c net.Conn) net.Conn { return tls.Server(c, config) })
	return s
}

func (s *server) accept(l net.Listener, wrap func(net.Conn) net.Conn) {
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.wg.Go(func() {
				defer func() { _ = c.Close() }()
				answer(wrap(c))
			})
		}
	})
}

func (s *server) close() {
	_ = s.clear.Close()
	_ = s.secret.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		_ = c.Close() // those that were accepted later end with their phones
	}
	s.mu.Unlock()
	s.wg.Wait()
}
