package memnet

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Conn is one end of a connection. It is safe for concurrent use; concurrent
// writes do not mix their bytes.
type Conn struct {
	local, remote net.Addr
	in, out       *stream
}

var _ net.Conn = (*Conn)(nil)

// Pipe returns the two ends of a connection between the addresses a and b.
// Each direction holds capacity bytes; zero means DefaultCapacity.
func Pipe(capacity int, a, b net.Addr) (atA, atB *Conn) {
	if capacity < 0 {
		panic("memnet: negative capacity")
	}
	if capacity == 0 {
		capacity = DefaultCapacity
	}
	ab, ba := &stream{capacity: capacity}, &stream{capacity: capacity}
	return &Conn{local: a, remote: b, in: ba, out: ab}, &Conn{local: b, remote: a, in: ab, out: ba}
}

// Read reads what has arrived, waiting for at least one byte. It returns
// io.EOF when the peer has closed and everything is read.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.readReady(func() []byte { return p })
	return n, c.wrap("read", err)
}

// Write returns when all of p is in the buffer, which does not mean that the
// peer has read it. It fails with syscall.EPIPE when the peer has closed.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.wrap("write", err)
}

// ReadReady waits as Read does, and asks for a buffer when there is something.
func (c *Conn) ReadReady(from interface {
	Lend() []byte
	TakeBack()
},
) (int, error) {
	n, err := c.in.readReady(from.Lend)
	return n, c.wrap("read", err)
}

// WriteReady writes as much of p as there is room for, without waiting.
func (c *Conn) WriteReady(p []byte) (int, error) {
	n, err := c.out.writeReady(p)
	return n, c.wrap("write", err)
}

// Close ends both directions. The peer can still read what was written; what
// the peer has written and this end has not read is dropped. Closing again is
// an error that is net.ErrClosed.
func (c *Conn) Close() error {
	if !c.in.closeReader() {
		return c.wrap("close", net.ErrClosed)
	}
	c.out.closeWriter()
	return nil
}

// CloseWrite ends the outgoing direction alone: the peer reads io.EOF after
// what was written.
func (c *Conn) CloseWrite() error {
	c.out.closeWriter()
	return nil
}

// LocalAddr returns the address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the peer.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines; they hold for calls under way too. The zero
// time is none. A call that meets its deadline returns os.ErrDeadlineExceeded.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the deadline of Read.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.wrap("set", c.in.setReadDeadline(t))
}

// SetWriteDeadline sets the deadline of Write.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.wrap("set", c.out.setWriteDeadline(t))
}

func (c *Conn) wrap(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

// stream is one direction of a connection.
type stream struct {
	capacity int // immutable

	mu            sync.Mutex // guards what follows; nobody waits while holding it
	buf           []byte
	writing       bool // a write is under way, others wait
	writerClosed  bool
	readerClosed  bool
	readDeadline  time.Time
	writeDeadline time.Time
	changed       chan struct{} // nil while nobody waits; closed at any change
}

// wait lets go of s.mu until something changes or the deadline passes.
func (s *stream) wait(deadline time.Time) {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	changed := s.changed
	s.mu.Unlock()
	defer s.mu.Lock()
	if deadline.IsZero() {
		<-changed
		return
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	}
}

// wake ends every wait. Called with s.mu held, after a change.
func (s *stream) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

func passed(deadline time.Time) bool {
	return !deadline.IsZero() && !time.Now().Before(deadline)
}

// readFault returns why nothing can be read. s.mu is held.
func (s *stream) readFault() error {
	switch {
	case s.readerClosed:
		return net.ErrClosed
	case passed(s.readDeadline):
		return os.ErrDeadlineExceeded
	}
	return nil
}

func (s *stream) readReady(buffer func() []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if err := s.readFault(); err != nil {
			return 0, err
		}
		switch {
		case len(s.buf) > 0:
			n := copy(buffer(), s.buf)
			s.buf = s.buf[:copy(s.buf, s.buf[n:])]
			s.wake()
			return n, nil
		case s.writerClosed:
			return 0, io.EOF
		}
		s.wait(s.readDeadline)
	}
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for mine, n := false, 0; ; {
		var err error
		switch {
		case s.writerClosed:
			err = net.ErrClosed
		case s.readerClosed:
			err = syscall.EPIPE
		case passed(s.writeDeadline):
			err = os.ErrDeadlineExceeded
		case mine || !s.writing:
			mine, s.writing = true, true
			if take := min(len(p)-n, s.capacity-len(s.buf)); take > 0 {
				s.buf = append(s.buf, p[n:n+take]...)
				n += take
				s.wake()
			}
		}
		if err != nil || mine && n == len(p) {
			if mine {
				s.writing = false
				s.wake()
			}
			return n, err
		}
		s.wait(s.writeDeadline)
	}
}

func (s *stream) writeReady(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.writerClosed:
		return 0, net.ErrClosed
	case s.readerClosed:
		return 0, syscall.EPIPE
	case s.writing:
		return 0, nil
	}
	n := min(len(p), s.capacity-len(s.buf))
	if n > 0 {
		s.buf = append(s.buf, p[:n]...)
		s.wake()
	}
	return n, nil
}

func (s *stream) closeWriter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writerClosed = true
	s.wake()
}

// closeReader reports whether the reader was open.
func (s *stream) closeReader() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readerClosed {
		return false
	}
	s.readerClosed, s.buf = true, nil
	s.wake()
	return true
}

func (s *stream) setReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readerClosed {
		return net.ErrClosed
	}
	s.readDeadline = t
	s.wake()
	return nil
}

func (s *stream) setWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writerClosed {
		return net.ErrClosed
	}
	s.writeDeadline = t
	s.wake()
	return nil
}
