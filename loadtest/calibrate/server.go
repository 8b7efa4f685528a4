package calibrate

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// server echoes whatever it is sent.
type server struct {
	listener net.Listener
	wg       sync.WaitGroup

	mu    sync.Mutex // guards what follows
	conns []net.Conn
}

func (b *bench) serve(host netip.Addr, in func(func() error) error) (*server, error) {
	s := new(server)
	err := in(func() (err error) {
		s.listener, err = net.Listen("tcp", netip.AddrPortFrom(host, 0).String())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("serve echoes: %w", err)
	}
	s.wg.Go(func() {
		for {
			c, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.wg.Go(func() {
				for buf := make([]byte, echoBytes); ; {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if _, err := c.Write(buf[:n]); err != nil {
						return
					}
				}
			})
		}
	})
	return s, nil
}

func (s *server) addr() string { return s.listener.Addr().String() }

func (s *server) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		_ = c.Close() // those that were accepted later end with their phones
	}
	s.mu.Unlock()
	s.wg.Wait()
}
