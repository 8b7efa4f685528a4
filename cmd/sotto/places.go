package main

import (
	"net"
	"sync"
)

// ownFiles are kept for the admin listener, certificates and the runtime, when
// strangers take all others.
const ownFiles = 32

// places are the connections that strangers may have open at once, sockets or
// not: as many as there are files for. Who comes beyond waits in the kernel's
// queue, rather than making accepting fail for the admin listener too.
type places chan struct{}

// newPlaces returns nil, which is no limit, where the limit of files is not
// known.
func newPlaces() places {
	files, ok := fileLimit()
	if !ok {
		return nil
	}
	return make(places, max(1, int(min(files, 1<<30))-ownFiles))
}

// at makes the listener's connections take places.
func (p places) at(l net.Listener) net.Listener {
	if p == nil {
		return l
	}
	return &placesListener{Listener: l, places: p, closed: make(chan struct{})}
}

type placesListener struct {
	net.Listener
	places places
	once   sync.Once
	closed chan struct{} // closed by Close
}

// Accept waits for a place, then for a connection.
func (l *placesListener) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &placed{Conn: c, places: l.places}, nil
}

func (l *placesListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// placed is a connection that gives its place back.
type placed struct {
	net.Conn
	places places
	once   sync.Once
}

func (c *placed) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { <-c.places })
	return err
}

// CloseWrite is how net/http lets a client read the last answer before it
// breaks the connection.
func (c *placed) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
